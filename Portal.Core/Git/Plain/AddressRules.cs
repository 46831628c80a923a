using System.Net;
using System.Net.Sockets;

namespace Portal.Core.Git.Plain;

/// <summary>
/// Which addresses are not on the public internet: an outsider's repository address must not make Portal talk to its own
/// machine, its own network or a cloud's metadata service. After the IANA special-purpose registries (RFC 6890).
/// </summary>
internal static class AddressRules
{
    private static readonly IPNetwork[] Internal = [.. new[]
    {
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/128", "::1/128", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    }.Select(IPNetwork.Parse)];

    /// <summary>Forms of IPv6 that carry an IPv4 address, and where: IPv4-compatible, IPv4-translated, NAT64 twice, 6to4.</summary>
    private static readonly (IPNetwork Prefix, int At)[] Carriers =
    [
        (IPNetwork.Parse("::/96"), 12), (IPNetwork.Parse("::ffff:0:0:0/96"), 12), (IPNetwork.Parse("64:ff9b::/96"), 12),
        (IPNetwork.Parse("64:ff9b:1::/48"), 12), (IPNetwork.Parse("2002::/16"), 2),
    ];

    /// <summary>A name is none, whatever it leads to.</summary>
    public static bool IsInternal(string host) => IPAddress.TryParse(host, out var address) && IsInternal(address);

    public static bool IsInternal(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return IsInternal(address.MapToIPv4());
        }
        if (Internal.Any(network => network.BaseAddress.AddressFamily == address.AddressFamily && network.Contains(address)))
        {
            return true;
        }
        return address.AddressFamily == AddressFamily.InterNetworkV6
            && Carriers.Any(c => c.Prefix.Contains(address) && IsInternal(new IPAddress(address.GetAddressBytes().AsSpan(c.At, 4))));
    }
}
