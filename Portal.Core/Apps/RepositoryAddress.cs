using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Portal.Core.Common;

namespace Portal.Core.Apps;

/// <summary>An outside repository's address, taken apart and put together again: what git is given is never the text that a person typed.</summary>
internal sealed record RepositoryAddress(string Scheme, string? User, string Host, int Port, string Path)
{
    private const string Credentials = "Leave user name and password out of the address; add the app's deploy key at the host and use its ssh:// address instead.";

    public bool IsSsh => Scheme == "ssh";

    /// <summary>Host as in an address: IPv6 in brackets.</summary>
    public string HostInUrl => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;

    public string Url => string.Create(CultureInfo.InvariantCulture, $"{Scheme}://{(User is null ? "" : User + "@")}{HostInUrl}:{Port}{Path}");

    /// <exception cref="PortalException">A sentence that says what to change.</exception>
    public static RepositoryAddress Parse(string url, GitOptions options) =>
        TryParse(url, options, out var address, out var problem) ? address : throw PortalException.Invalid("source.url", problem);

    /// <summary>The one rule for what people enter, submodules name and hosts answer with.</summary>
    public static bool TryParse(string url, GitOptions options, [NotNullWhen(true)] out RepositoryAddress? address, [NotNullWhen(false)] out string? problem)
    {
        address = null;
        problem = Problem(ref url, options, out var uri);
        if (problem is not null)
        {
            return false;
        }
        var host = uri!.IdnHost.Trim('[', ']').TrimEnd('.');
        var user = uri.Scheme == "ssh" ? uri.UserInfo.Length > 0 ? uri.UserInfo : "git" : null;
        // A name that starts with a hyphen would be an option to ssh or git.
        if (host.Length == 0 || host.StartsWith('-') || user?.StartsWith('-') == true || user?.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') == false
            || uri.AbsolutePath.TrimStart('/').StartsWith('-') || uri.AbsolutePath.Contains('\'', StringComparison.Ordinal))
        {
            problem = "The address must have no part that starts with a hyphen, and no quotes.";
            return false;
        }
        var port = uri.Port > 0 ? uri.Port : uri.Scheme == "ssh" ? 22 : uri.Scheme == "https" ? 443 : 80;
        address = new RepositoryAddress(uri.Scheme, user, host, port, uri.AbsolutePath);
        return true;
    }

    /// <summary>A submodule's address, which may be relative to its parent's ("../lib.git").</summary>
    public RepositoryAddress Resolve(string url, GitOptions options) =>
        url.StartsWith("./", StringComparison.Ordinal) || url.StartsWith("../", StringComparison.Ordinal)
            ? Parse(new Uri(new Uri(Url.TrimEnd('/') + "/"), url).ToString(), options)
            : Parse(url, options);

    private static string? Problem(ref string url, GitOptions options, out Uri? uri)
    {
        uri = null;
        if (url.Length > 500 || url.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)))
        {
            return "The address has at most 500 characters and no spaces.";
        }
        // git@host:path, as hosts show it.
        if (!url.Contains("://", StringComparison.Ordinal) && url.IndexOf('@') is var at and > 0 && url.IndexOf(':', at) is var colon and > 0 && !url.AsSpan(0, colon).Contains('/'))
        {
            url = $"ssh://{url[..colon]}/{url[(colon + 1)..].TrimStart('/')}";
        }
        if (!Uri.TryCreate(url, UriKind.Absolute, out uri) || uri.IdnHost.Length == 0 || uri.Scheme is not ("https" or "ssh" or "http"))
        {
            return "Use an https:// or ssh:// address, such as https://example.org/shop/api.git.";
        }
        if (uri.Scheme == "http" && !options.AllowHttp)
        {
            return "Use an https:// or ssh:// address: what comes over http:// can be changed on its way.";
        }
        if (uri.UserInfo.Contains(':', StringComparison.Ordinal) || (uri.Scheme != "ssh" && uri.UserInfo.Length > 0))
        {
            return Credentials;
        }
        return uri.AbsolutePath.Length < 2 || uri.Query.Length > 0 || uri.Fragment.Length > 0
            ? "The address must name a repository and nothing after it, such as https://example.org/shop/api.git." : null;
    }
}
