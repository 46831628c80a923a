using Portal.Core.Common;

namespace Portal.Web.Gateway;

/// <summary>
/// Which host names belong to apps: everything one label or more below the apps domain, except the portal's own name.
/// The port plays no part: a proxy in front may listen on another.
/// </summary>
internal sealed class AppHosts
{
    private readonly string _suffix;
    private readonly string _portal;

    public AppHosts(PortalOptions options)
    {
        _suffix = "." + WithoutPort(options.AppsDomain).ToString();
        _portal = new Uri(options.PublicUrl).Host;
    }

    /// <param name="host">The Host header as sent.</param>
    /// <param name="label">What stands before the apps domain: <c>shop--acme</c>.</param>
    public bool TryMatch(string host, out ReadOnlySpan<char> label)
    {
        var name = WithoutPort(host);
        if (name.Length > _suffix.Length && name.EndsWith(_suffix, StringComparison.OrdinalIgnoreCase)
            && !name.Equals(_portal, StringComparison.OrdinalIgnoreCase))
        {
            label = name[..^_suffix.Length];
            return true;
        }
        label = default;
        return false;
    }

    private static ReadOnlySpan<char> WithoutPort(string host)
    {
        var colon = host.LastIndexOf(':');
        // An IPv6 literal has colons of its own; it is never below a domain.
        return colon < 0 || host.AsSpan(colon).Contains(']') ? host : host.AsSpan(0, colon);
    }
}
