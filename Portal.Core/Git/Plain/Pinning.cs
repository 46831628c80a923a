using System.Net;
using System.Net.Sockets;
using Portal.Core.Common;

namespace Portal.Core.Git.Plain;

/// <param name="Addresses">The only ones to talk to; empty when only the proxy knows the host.</param>
/// <param name="Proxy">The machine's own way out; null: directly.</param>
internal sealed record Route(IReadOnlyList<IPAddress> Addresses, Uri? Proxy);

/// <summary>Which hosts within Portal's own network may be talked to.</summary>
internal enum Internal
{
    None,

    /// <summary>Those of the setting Portal:Git:AllowedInternalHosts.</summary>
    Listed,

    /// <summary>An admin connected this very host.</summary>
    Any,
}

/// <summary>
/// Resolves a host once and lets git talk to exactly those addresses: a name that answers differently the second time
/// leads nowhere else. Through a proxy, which looks the name up itself, what is known of the host must be allowed too.
/// </summary>
/// <param name="proxy">From http_proxy, https_proxy and no_proxy of the host's environment, as builds see them.</param>
internal sealed class Pinning(PortalOptions options, IWebProxy proxy)
{
    private const int MaxAddresses = 8;

    public async Task<Route> RouteAsync(string scheme, string host, int port, Internal allow, CancellationToken cancellationToken)
    {
        var way = scheme == "ssh" ? null : ProxyFor(new UriBuilder(scheme, host, port).Uri);
        IPAddress[] addresses;
        try
        {
            addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancellationToken);
        }
        catch (SocketException)
        {
            return way is not null ? new Route([], way) : throw new PortalException(Refusal.Unavailable, $"The host {host} is not known; check the address.");
        }
        var allowed = Choose(host, addresses, allow switch { Internal.Any => [host], Internal.Listed => options.Git.AllowedInternalHosts, _ => [] });
        return allowed.Count > 0 ? new Route(allowed, way) : throw new PortalException(Refusal.Denied,
            $"The host {host} is within Portal's own network. An admin can allow it with the setting Portal:Git:AllowedInternalHosts.");
    }

    internal static IReadOnlyList<IPAddress> Choose(string host, IEnumerable<IPAddress> addresses, IReadOnlyList<string> allowedHosts) =>
        [.. addresses.Where(a => !AddressRules.IsInternal(a) || allowedHosts.Contains(host, StringComparer.OrdinalIgnoreCase)).Take(MaxAddresses)];

    private Uri? ProxyFor(Uri target) => proxy.IsBypassed(target) || proxy.GetProxy(target) is not { } way || way == target ? null : way;
}
