using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Releases;

/// <param name="At">Begin of the span.</param>
/// <param name="P95Ms">Null without requests.</param>
public sealed record TrafficPoint(DateTimeOffset At, long Requests, long Errors, double? P95Ms);

/// <param name="Hours">24, oldest first.</param>
/// <param name="LastCalled">The minute of the last request.</param>
public sealed record AppTraffic(IReadOnlyList<TrafficPoint> Hours, DateTimeOffset LastCalled);

/// <summary>Requests of the last 24 hours, as the gateways counted them.</summary>
public sealed class TrafficReader(IDbContextFactory<PortalDbContext> contexts, TimeProvider time)
{
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    /// <summary>One environment in spans of 15 minutes, oldest first, spans without requests included: always 96 points.</summary>
    public async Task<IReadOnlyList<TrafficPoint>> DayAsync(Actor actor, AppPath path, string environment, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, environment, Permission.ViewApp, cancellationToken);
        var span = TimeSpan.FromMinutes(15);
        var end = Floor(time.GetUtcNow(), span) + span;
        var minutes = await db.Set<TrafficMinute>().AsNoTracking()
            .Where(t => t.EnvironmentId == found.Environment.Id && t.Minute >= end - Day && t.Minute < end)
            .Select(t => new { t.Minute, t.Requests, t.Errors, t.Durations }).ToListAsync(cancellationToken);
        var bySpan = minutes.ToLookup(t => Floor(t.Minute, span));
        return Enumerable.Range(0, (int)(Day / span)).Select(i =>
        {
            var at = end - Day + (i * span);
            var counts = new long[TrafficBuckets.Count];
            foreach (var minute in bySpan[at])
            {
                for (var bucket = 0; bucket < counts.Length && bucket < minute.Durations.Count; bucket++)
                {
                    counts[bucket] += minute.Durations[bucket];
                }
            }
            return new TrafficPoint(at, bySpan[at].Sum(m => m.Requests), bySpan[at].Sum(m => m.Errors), TrafficBuckets.Percentile(counts, 0.95));
        }).ToList();
    }

    /// <summary>Every app of a team by hour, production only: requests and errors for the small lines of the Apps page. Apps without requests are absent.</summary>
    public async Task<IReadOnlyDictionary<Guid, AppTraffic>> TeamAsync(Actor actor, string team, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var owner = await db.FindTeamAsync(actor, team, Permission.ViewTeam, cancellationToken);
        var span = TimeSpan.FromHours(1);
        var end = Floor(time.GetUtcNow(), span) + span;
        var from = end - Day;
        var hours = await (from e in db.Set<AppEnvironment>().AsNoTracking()
                           join t in db.Set<TrafficMinute>().AsNoTracking() on e.Id equals t.EnvironmentId
                           where e.TeamId == owner.Id && e.Slug == Addresses.Production && e.DeletedAt == null && t.Minute >= @from && t.Minute < end
                           group t by new { e.AppId, t.Minute.Date, t.Minute.Hour } into g
                           select new { g.Key.AppId, g.Key.Date, g.Key.Hour, Requests = g.Sum(t => t.Requests), Errors = g.Sum(t => t.Errors), Last = g.Max(t => t.Minute) })
            .ToListAsync(cancellationToken);
        return hours.GroupBy(h => h.AppId).ToDictionary(g => g.Key, g =>
        {
            var byHour = g.ToLookup(h => new DateTimeOffset(DateTime.SpecifyKind(h.Date, DateTimeKind.Unspecified), TimeSpan.Zero).AddHours(h.Hour));
            var points = Enumerable.Range(0, 24).Select(i =>
            {
                var at = from + (i * span);
                return new TrafficPoint(at, byHour[at].Sum(h => h.Requests), byHour[at].Sum(h => h.Errors), null);
            }).ToList();
            return new AppTraffic(points, g.Max(h => h.Last));
        });
    }

    private static DateTimeOffset Floor(DateTimeOffset at, TimeSpan span) => new(at.UtcTicks - (at.UtcTicks % span.Ticks), TimeSpan.Zero);
}
