using System.Net;
using System.Net.Sockets;
using Portal.Core.Common;

namespace Portal.Core.Git.Plain;

/// <summary>
/// Resolves a host once and lets git talk to exactly those addresses: a name that answers differently the second time
/// leads nowhere else.
/// </summary>
internal sealed class Pinning(PortalOptions options)
{
    private const int MaxAddresses = 8;

    public async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        IPAddress[] addresses;
        try
        {
            addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancellationToken);
        }
        catch (SocketException)
        {
            throw new PortalException(Refusal.Unavailable, $"The host {host} is not known; check the address.");
        }
        var allowed = Choose(host, addresses, options.Git.AllowedInternalHosts);
        return allowed.Count > 0 ? allowed : throw new PortalException(Refusal.Denied,
            $"The host {host} is within Portal's own network. An admin can allow it with the setting Portal:Git:AllowedInternalHosts.");
    }

    internal static IReadOnlyList<IPAddress> Choose(string host, IEnumerable<IPAddress> addresses, IReadOnlyList<string> allowedHosts) =>
        [.. addresses.Where(a => !AddressRules.IsInternal(a) || allowedHosts.Contains(host, StringComparer.OrdinalIgnoreCase)).Take(MaxAddresses)];
}
