using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Portal.Browser.Tests;

/// <summary>What axe finds on every page, in both themes and two widths.</summary>
[Collection(BusyProduct.Collection)]
[Trait("Duration", "Long")]
public sealed class SightTests(BusyProduct product)
{
    [Theory]
    [InlineData(ColorScheme.Light, 1440, 900)]
    [InlineData(ColorScheme.Dark, 1440, 900)]
    [InlineData(ColorScheme.Light, 390, 844)]
    [InlineData(ColorScheme.Dark, 390, 844)]
    public async Task Nothing_serious_is_in_anybody_s_way_on_any_page(ColorScheme scheme, int width, int height)
    {
        await product.OnceAsync("seen", () => product.AppAsync("seen"));
        var page = await product.AdminAsync(scheme, width, height);
        var found = new List<string>();
        await BusyProduct.OpenAsync(page, "/shop/activity?kind=pushes");
        var push = await page.Locator("a[href*='/pushes/']").First.GetAttributeAsync("href");
        foreach (var address in new[]
        {
            push!, "/shop", "/shop?status=failing", "/shop/new", "/shop/activity", "/shop/activity?kind=people", "/shop/team", "/teams", "/me", "/nowhere",
            "/shop/seen", "/shop/seen/deploys", "/shop/seen/logs", "/shop/seen/variables", "/shop/seen/settings", "/shop/seen/builds/1",
            "/admin", "/admin/people", "/admin/git", "/admin/audit",
        })
        {
            await BusyProduct.OpenAsync(page, address);
            var result = await page.RunAxe();
            found.AddRange(result.Violations.Where(v => v.Impact is "serious" or "critical")
                .Select(v => $"{address}: {v.Id}: {string.Join("; ", v.Nodes.Take(2).Select(n => n.Html))}"));
            if (await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth > innerWidth"))
            {
                found.Add($"{address} is wider than {width} px");
            }
        }
        await page.Context.CloseAsync();

        // Without a session: the way in.
        var stranger = await product.PageAsync(null, scheme, width, height);
        foreach (var address in new[] { "/sign-in", "/join/nothing", "/link?token=nothing" })
        {
            await stranger.GotoAsync(address);
            var result = await stranger.RunAxe();
            found.AddRange(result.Violations.Where(v => v.Impact is "serious" or "critical").Select(v => $"{address}: {v.Id}: {v.Nodes[0].Html}"));
        }

        Assert.Equal([], found);
    }
}
