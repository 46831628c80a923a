using System.Globalization;
using Portal.Core.Common;

namespace Portal.Core.Git.Plain;

/// <summary>An outside repository's address, taken apart and put together again: what git is given is never the text that a person typed.</summary>
internal sealed record RemoteAddress(string Scheme, string? User, string Host, int Port, string Path)
{
    public bool IsSsh => Scheme == "ssh";

    /// <summary>Host as in an address: IPv6 in brackets.</summary>
    public string HostInUrl => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;

    public string Url => string.Create(CultureInfo.InvariantCulture, $"{Scheme}://{(User is null ? "" : User + "@")}{HostInUrl}:{Port}{Path}");

    /// <exception cref="PortalException">A sentence that says what to change.</exception>
    public static RemoteAddress Parse(string url, GitOptions options)
    {
        if (url.Length > 500 || url.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)))
        {
            throw Refuse("has at most 500 characters and no spaces");
        }
        // git@host:path, as hosts show it.
        if (!url.Contains("://", StringComparison.Ordinal) && url.IndexOf('@') is var at and > 0 && url.IndexOf(':', at) is var colon and > 0 && !url.AsSpan(0, colon).Contains('/'))
        {
            url = $"ssh://{url[..colon]}/{url[(colon + 1)..].TrimStart('/')}";
        }
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.IdnHost.Length == 0 || uri.Scheme is not ("https" or "ssh" or "http"))
        {
            throw Refuse("starts with https:// or ssh://");
        }
        if (uri.Scheme == "http" && !options.AllowHttp)
        {
            throw Refuse("starts with https:// or ssh://, because what comes over http:// can be changed on its way");
        }
        if (uri.UserInfo.Contains(':', StringComparison.Ordinal) || (uri.Scheme != "ssh" && uri.UserInfo.Length > 0))
        {
            throw Refuse("carries no user name and password; add the app's deploy key at the host and use its ssh:// address instead");
        }
        var host = uri.IdnHost.Trim('[', ']').TrimEnd('.');
        var user = uri.Scheme == "ssh" ? uri.UserInfo.Length > 0 ? uri.UserInfo : "git" : null;
        // A name that starts with a hyphen would be an option to ssh or git.
        if (host.StartsWith('-') || user?.StartsWith('-') == true || user?.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') == false
            || uri.AbsolutePath.TrimStart('/').StartsWith('-') || uri.AbsolutePath.Contains('\'', StringComparison.Ordinal))
        {
            throw Refuse("has no part that starts with a hyphen, and no quotes");
        }
        if (uri.AbsolutePath.Length < 2 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            throw Refuse("names a repository and nothing after it");
        }
        var port = uri.Port > 0 ? uri.Port : uri.Scheme == "ssh" ? 22 : uri.Scheme == "https" ? 443 : 80;
        return new RemoteAddress(uri.Scheme, user, host, port, uri.AbsolutePath);
    }

    /// <summary>A submodule's address, which may be relative to its parent's ("../lib.git").</summary>
    public RemoteAddress Resolve(string url, GitOptions options) =>
        url.StartsWith("./", StringComparison.Ordinal) || url.StartsWith("../", StringComparison.Ordinal)
            ? Parse(new Uri(new Uri(Url.TrimEnd('/') + "/"), url).ToString(), options)
            : Parse(url, options);

    private static PortalException Refuse(string rule) => PortalException.Invalid("source.url", $"A repository's address {rule}.");
}
