using System.Collections.Concurrent;
using Portal.Core.Data;

namespace Portal.Web.Gateway;

/// <summary>
/// What the gateway counts, until it is written. Bounded: there are as many cells as routes in use, and what cannot be
/// written is kept for <see cref="MostPending"/> minutes of environments, then dropped.
/// </summary>
internal sealed class TrafficCounters
{
    private const int MostPending = 50_000;

    private readonly ConcurrentDictionary<(Guid EnvironmentId, int ReleaseVersion), TrafficCell> _cells = new();
    private readonly Dictionary<(Guid EnvironmentId, int ReleaseVersion, DateTimeOffset Minute), TrafficDelta> _pending = [];

    public TrafficCell CellOf(Guid environmentId, int releaseVersion) =>
        _cells.GetOrAdd((environmentId, releaseVersion), key => new TrafficCell(key.EnvironmentId, key.ReleaseVersion));

    /// <summary>Moves the counts of all cells under <paramref name="minute"/> and forgets cells that are no longer in use.</summary>
    public IReadOnlyCollection<TrafficDelta> Collect(DateTimeOffset minute, HashSet<TrafficCell> inUse)
    {
        foreach (var (key, cell) in _cells)
        {
            if (cell.Take() is { } counted)
            {
                var pendingKey = (key.EnvironmentId, key.ReleaseVersion, minute);
                if (_pending.TryGetValue(pendingKey, out var earlier))
                {
                    _pending[pendingKey] = earlier.Plus(counted.Requests, counted.Errors, counted.Durations);
                }
                else if (_pending.Count < MostPending)
                {
                    _pending[pendingKey] = new TrafficDelta(key.EnvironmentId, key.ReleaseVersion, minute, counted.Requests, counted.Errors, counted.Durations);
                }
            }
            else if (!inUse.Contains(cell))
            {
                _cells.TryRemove(key, out _);
            }
        }
        return _pending.Values;
    }

    public void Written() => _pending.Clear();
}
