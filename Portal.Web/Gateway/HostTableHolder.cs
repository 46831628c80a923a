using Portal.Core.Releases;
using GatewayRow = Portal.Core.Releases.Gateway;

namespace Portal.Web.Gateway;

/// <summary>
/// The table in use, and the routes that were replaced while requests were still in them. Written by one loader, read by
/// every request without a lock.
/// </summary>
internal sealed class HostTableHolder(TrafficCounters traffic)
{
    private readonly Lock _swapping = new();
    private readonly List<AppRoute> _retired = [];
    private volatile HostTable _current = HostTable.Empty;
    private TaskCompletionSource _progress = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public HostTable Current => _current;

    /// <summary>Ends when a table was applied or a replaced route became empty. Take it before asking what was reached.</summary>
    public Task Progress => Volatile.Read(ref _progress).Task;

    /// <summary>Finds the route of a host and counts the request in; null when nothing is known of the host.</summary>
    public AppRoute? Enter(ReadOnlySpan<char> label)
    {
        while (_current.Find(label) is { } route)
        {
            if (route.TryEnter())
            {
                return route;
            }
        }
        return null;
    }

    public void Leave(AppRoute route)
    {
        if (route.Leave())
        {
            Announce();
        }
    }

    /// <summary>
    /// Applies what the one loader read, which is the truth even when its revision is lower (a restored database).
    /// </summary>
    public void Apply(RouteSnapshot snapshot)
    {
        lock (_swapping)
        {
            var before = _current;
            var known = before.Routes.ToDictionary(route => route.Row.EnvironmentId);
            var routes = new List<AppRoute>(snapshot.Routes.Count);
            foreach (var row in snapshot.Routes)
            {
                // An unchanged row keeps its object, and with it the count of its requests.
                if (known.TryGetValue(row.EnvironmentId, out var route) && route.Is(row))
                {
                    known.Remove(row.EnvironmentId);
                    routes.Add(route);
                }
                else
                {
                    routes.Add(new AppRoute(row, traffic.CellOf(row.EnvironmentId, row.ReleaseVersion)));
                }
            }
            // The new table first: a request that finds its route retired must find another one here.
            _current = new HostTable(snapshot.Revision, routes);
            foreach (var route in known.Values)
            {
                route.Retire();
                _retired.Add(route);
            }
        }
        Announce();
    }

    /// <summary>What this gateway may tell: how far it is, and which releases still have requests that replaced routes sent.</summary>
    public (long Applied, List<string> Draining) Reached()
    {
        lock (_swapping)
        {
            _retired.RemoveAll(route => route.InFlight == 0);
            return (_current.Revision, [.. _retired.Select(route => GatewayRow.Passage(route.Row.EnvironmentId, route.Row.ReleaseVersion)).Distinct().Order(StringComparer.Ordinal)]);
        }
    }

    /// <summary>Requests, streams and web sockets that are under way now, and how many of them a replaced route had sent.</summary>
    public (int Active, int Held) InFlight()
    {
        lock (_swapping)
        {
            var held = _retired.Sum(route => route.InFlight);
            return (held + _current.Routes.Sum(route => route.InFlight), held);
        }
    }

    /// <summary>Cells that requests may still be counted in.</summary>
    public HashSet<TrafficCell> CellsInUse()
    {
        lock (_swapping)
        {
            return [.. _current.Routes.Select(route => route.Traffic), .. _retired.Select(route => route.Traffic)];
        }
    }

    private void Announce() =>
        Interlocked.Exchange(ref _progress, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
}
