using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git.GitHub;
using Portal.Core.Jobs;
using Portal.Core.Releases;

namespace Portal.Core.Triggers.Previews;

/// <summary>Finds pull requests that nobody told of, and previews that nobody uses.</summary>
public sealed class PreviewWatch
{
    private readonly IDbContextFactory<PortalDbContext> _contexts;
    private readonly GitHubPulls _pulls;
    private readonly PreviewHandler _handler;
    private readonly JobQueue _jobs;
    private readonly LimitOptions _limits;
    private readonly TimeProvider _time;
    private readonly ILogger<PreviewWatch> _logger;

    internal PreviewWatch(IDbContextFactory<PortalDbContext> contexts, GitHubPulls pulls, PreviewHandler handler, JobQueue jobs, LimitOptions limits, TimeProvider time, ILogger<PreviewWatch> logger) =>
        (_contexts, _pulls, _handler, _jobs, _limits, _time, _logger) = (contexts, pulls, handler, jobs, limits, time, logger);

    /// <summary>Compares what is open at the host with what there is: an answer that did not change costs the host nothing.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        var apps = await db.Set<App>().AsNoTracking().Where(a => a.ConnectionId != null && a.Previews != null && a.DeletedAt == null).Select(a => new { a.Id, a.TeamId }).ToListAsync(cancellationToken);
        foreach (var app in apps)
        {
            try
            {
                var open = await _pulls.OpenAsync(await _pulls.KeyAsync(app.Id, cancellationToken), cancellationToken);
                var numbers = open.Select(o => o.Number).ToList();
                var known = await db.Set<Preview>().AsNoTracking().Where(p => p.AppId == app.Id && (p.State != PreviewState.Removed || numbers.Contains(p.Number))).ToDictionaryAsync(p => p.Number, cancellationToken);
                var changed = open.Where(o => known.GetValueOrDefault(o.Number) is not { } k || k.Head != o.Head || k.State == PreviewState.Refused || (k.State == PreviewState.Removed && k.EndedByClosing)).Select(o => o.Number)
                    .Concat(known.Values.Where(k => k.State != PreviewState.Removed && open.All(o => o.Number != k.Number)).Select(k => k.Number));
                foreach (var number in changed)
                {
                    _jobs.Enqueue(db, PreviewHandler.JobOf(app.Id, app.TeamId, number));
                }
                await db.SaveChangesAsync(cancellationToken);
            }
            catch (PortalException e)
            {
                _logger.LogInformation("The pull requests of app {App} could not be read: {Problem}", app.Id, e.Message);
            }
        }
    }

    /// <summary>Lets previews sleep that had no request for a while; the gateway wakes them.</summary>
    public async Task PutToSleepAsync(CancellationToken cancellationToken)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        var since = _time.GetUtcNow() - TimeSpan.FromMinutes(_limits.PreviewSleepMinutes);
        var idle = await (from e in db.Set<AppEnvironment>()
                          join r in db.Set<Release>() on e.LiveReleaseId equals r.Id
                          where e.Kind == EnvironmentKind.Preview && e.DeletedAt == null && e.AsleepSince == null && e.LiveReleaseId == e.DesiredReleaseId && r.LiveAt < since
                              && db.Set<Route>().Any(route => route.EnvironmentId == e.Id && route.State == RouteStates.Live && route.Targets.Count > 0)
                              && !db.Set<TrafficMinute>().Any(t => t.EnvironmentId == e.Id && t.Minute >= since)
                          select e).ToListAsync(cancellationToken);
        foreach (var environment in idle)
        {
            environment.AsleepSince = _time.GetUtcNow();
            _jobs.Enqueue(db, EnvironmentService.EnvironmentJob(environment));
        }
        if (idle.Count > 0)
        {
            await db.SaveAsync(cancellationToken);
        }
    }

    /// <summary>Removes what had no commit, no approval and no request for as many days as its app says.</summary>
    public async Task TidyAsync(CancellationToken cancellationToken)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        var now = _time.GetUtcNow();
        var rows = await (from p in db.Set<Preview>().AsNoTracking()
                          join a in db.Set<App>().AsNoTracking() on p.AppId equals a.Id
                          where (p.State == PreviewState.Active || p.State == PreviewState.Waiting) && a.DeletedAt == null
                          select new { p.Id, p.AppId, p.EnvironmentId, p.ActiveAt, a.Previews }).ToListAsync(cancellationToken);
        foreach (var row in rows)
        {
            var since = now - TimeSpan.FromDays(row.Previews?.IdleDays ?? 1);
            if (row.ActiveAt >= since || await db.Set<TrafficMinute>().AnyAsync(t => t.EnvironmentId == row.EnvironmentId && t.Minute >= since, cancellationToken))
            {
                continue;
            }
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            if (await db.LockAsync<App>(row.AppId, cancellationToken) is { } app && await db.LockAsync<Preview>(row.Id, cancellationToken) is { State: not PreviewState.Removed } preview && preview.ActiveAt < since)
            {
                var days = row.Previews?.IdleDays ?? 1;
                await _handler.RemoveAsync(db, app, preview, $"Nobody used it for {days} {(days == 1 ? "day" : "days")}.", Actor.Machine("worker"), cancellationToken);
                await db.SaveChangesAsync(cancellationToken);
            }
            await transaction.CommitAsync(cancellationToken);
        }
    }
}
