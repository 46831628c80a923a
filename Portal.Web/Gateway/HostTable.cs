using System.Collections.Frozen;

namespace Portal.Web.Gateway;

/// <summary>All hosts at one revision. Immutable and swapped whole.</summary>
internal sealed class HostTable
{
    public static readonly HostTable Empty = new(-1, []);

    private readonly FrozenDictionary<string, AppRoute> _routes;
    private readonly FrozenDictionary<string, AppRoute>.AlternateLookup<ReadOnlySpan<char>> _bySpan;

    public HostTable(long revision, IEnumerable<AppRoute> routes)
    {
        Revision = revision;
        _routes = routes.ToFrozenDictionary(route => route.Row.Host, StringComparer.OrdinalIgnoreCase);
        _bySpan = _routes.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>-1: nothing is known yet.</summary>
    public long Revision { get; }

    public IEnumerable<AppRoute> Routes => _routes.Values;

    public AppRoute? Find(ReadOnlySpan<char> label) => _bySpan.TryGetValue(label, out var route) ? route : null;
}
