using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Portal.Browser.Tests;

/// <summary>What every page promises to everybody who looks at it.</summary>
internal static class Seeing
{
    public static async Task NothingSeriousAsync(this IPage page, string what)
    {
        var result = await page.RunAxe();
        var serious = result.Violations.Where(v => v.Impact is "serious" or "critical")
            .Select(v => $"{what}: {v.Id}: {string.Join("; ", v.Nodes.Take(3).Select(n => n.Html))}").ToList();
        Assert.Equal([], serious);
    }

    /// <summary>The glossary's promise: a developer never reads a word of what is underneath. An app's own output is not Portal's.</summary>
    public static async Task NoForbiddenWordAsync(this IPage page, string address)
    {
        if (address.StartsWith("/admin", StringComparison.Ordinal))
        {
            return;
        }
        var text = await page.EvaluateAsync<string>("""
            () => { const copy = document.body.cloneNode(true); copy.querySelectorAll('.log, pre, code, script, style').forEach(e => e.remove()); return copy.innerText; }
            """);
        Assert.DoesNotMatch("(?i)\\b(pods?|namespaces?|replica ?sets?|ingress|config ?maps?|containers?|kubectl|yaml|workloads?)\\b", text);
    }
}
