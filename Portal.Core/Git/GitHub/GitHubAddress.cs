using System.Net;
using Portal.Core.Common;

namespace Portal.Core.Git.GitHub;

/// <summary>A GitHub's web address, what follows from it, and whether it can reach Portal.</summary>
public static class GitHubAddress
{
    public const string Public = "https://github.com";

    /// <summary>Null, or what is wrong with what a person entered.</summary>
    public static string? Problem(string? address, GitOptions options) =>
        address is null || address.Length > 200 || !Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme is not ("https" or "http") || url.Host.Length == 0
            || url is not { AbsolutePath: "/", Query: "", Fragment: "", UserInfo: "" }
            ? "Give the server's address alone, such as https://github.example.com."
            : url.Scheme == "http" && !options.AllowHttp ? "Use an https:// address: what comes over http:// can be changed on its way." : null;

    /// <summary>As it is stored: without a trailing slash, in small letters.</summary>
    public static string Clean(string address) => new Uri(address).GetLeftPart(UriPartial.Authority).ToLowerInvariant();

    /// <summary>Where the REST API answers, with a trailing slash: https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api and, for data residency, its page on ghe.com.</summary>
    public static Uri Api(string webUrl)
    {
        var web = new Uri(webUrl);
        return web.Host == "github.com" ? new Uri("https://api.github.com/")
            : web.Host.EndsWith(".ghe.com", StringComparison.Ordinal) ? new Uri($"https://api.{web.Host}/")
            : new Uri(web, "/api/v3/");
    }

    /// <summary>
    /// Portal's address is only known on this machine or in this network, so that github.com cannot send webhooks to it. A
    /// server of one's own may stand in the same network and is taken for one that can, unless Portal is at localhost.
    /// </summary>
    public static bool CanReach(string webUrl, string portal)
    {
        var (host, there) = (new Uri(portal).Host.Trim('[', ']'), new Uri(webUrl).Host.Trim('[', ']'));
        if (IsLoopback(there))
        {
            return true;
        }
        var isPublic = new Uri(webUrl).Host is "github.com" || there.EndsWith(".ghe.com", StringComparison.Ordinal);
        return !IsLoopback(host) && !(isPublic && (Plain.AddressRules.IsInternal(host) || !host.Contains('.', StringComparison.Ordinal)
            || host.EndsWith(".local", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".internal", StringComparison.OrdinalIgnoreCase)));
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
