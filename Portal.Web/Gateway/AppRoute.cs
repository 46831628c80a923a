using Route = Portal.Core.Releases.Route;

namespace Portal.Web.Gateway;

/// <summary>
/// Where one host leads, as one row of the routes table says. Immutable but for its counters; a changed row makes a new
/// object, and the old one is <see cref="Retire">retired</see>: nobody enters it any more, those inside may end.
/// </summary>
internal sealed class AppRoute
{
    private readonly AppTarget[] _targets;
    private int _inFlight;
    private int _next;
    private volatile bool _retired;

    public AppRoute(Route row, TrafficCell traffic)
    {
        Row = row;
        Traffic = traffic;
        _targets = [.. row.Targets.Select(address => new AppTarget(address))];
    }

    public Route Row { get; }

    public TrafficCell Traffic { get; }

    public int TargetCount => _targets.Length;

    /// <summary>Requests, streams and web sockets.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    public bool Is(Route row) =>
        Row.Revision == row.Revision && Row.Host == row.Host && Row.ReleaseVersion == row.ReleaseVersion && Row.State == row.State
        && Row.Targets.SequenceEqual(row.Targets);

    /// <summary>Counts a request in. False: the route was retired meanwhile; look the host up again.</summary>
    public bool TryEnter()
    {
        // First in, then look: whoever retires does it the other way round, so one of the two sees the other.
        Interlocked.Increment(ref _inFlight);
        if (!_retired)
        {
            return true;
        }
        Interlocked.Decrement(ref _inFlight);
        return false;
    }

    /// <returns>True when this was the last request of a retired route.</returns>
    public bool Leave() => Interlocked.Decrement(ref _inFlight) == 0 && _retired;

    public void Retire()
    {
        _retired = true;
        Interlocked.MemoryBarrier();
    }

    /// <summary>The target with the fewest requests; among equals they take turns.</summary>
    /// <param name="not">Targets that did not answer this request, as bits by position (the first 64).</param>
    public (AppTarget? Target, int Index) Pick(ulong not)
    {
        if (_targets.Length == 1)
        {
            return (not & 1) == 0 ? (_targets[0], 0) : (null, -1);
        }
        AppTarget? best = null;
        var bestIndex = -1;
        var start = (int)((uint)Interlocked.Increment(ref _next) % (uint)Math.Max(1, _targets.Length));
        for (var i = 0; i < _targets.Length; i++)
        {
            var index = (start + i) % _targets.Length;
            if ((index >= 64 || (not >> index & 1) == 0) && (best is null || _targets[index].InFlight < best.InFlight))
            {
                best = _targets[index];
                bestIndex = index;
            }
        }
        return (best, bestIndex);
    }
}
