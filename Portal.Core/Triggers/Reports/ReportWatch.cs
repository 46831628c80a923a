using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Releases;

namespace Portal.Core.Triggers.Reports;

/// <summary>Finds environments of which the git host may have to be told something.</summary>
public sealed class ReportWatch(IDbContextFactory<PortalDbContext> contexts, JobQueue jobs, TimeProvider time)
{
    private const int MostPerRound = 500;

    private static readonly TimeSpan Recent = TimeSpan.FromHours(6);

    /// <summary>Those of the given environments and builds whose code is at a connected host.</summary>
    public async Task AskAsync(IReadOnlyCollection<Guid> environments, IReadOnlyCollection<Guid> builds, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await (from e in db.Set<AppEnvironment>()
                           join a in db.Set<App>() on e.AppId equals a.Id
                           where a.ConnectionId != null && (environments.Contains(e.Id) || db.Set<Build>().Any(b => b.EnvironmentId == e.Id && builds.Contains(b.Id)))
                           select e.Id).ToListAsync(cancellationToken);
        await EnqueueAsync(db, found, cancellationToken);
    }

    /// <summary>All that changed lately, and what is gone: notices may have been missed.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var since = time.GetUtcNow() - Recent;
        var changed = await (from e in db.Set<AppEnvironment>()
                             join a in db.Set<App>() on e.AppId equals a.Id
                             where a.ConnectionId != null
                                && (db.Set<Build>().Any(b => b.EnvironmentId == e.Id && b.QueuedAt > since) || db.Set<Release>().Any(r => r.EnvironmentId == e.Id && r.CreatedAt > since))
                             orderby e.Id
                             select e.Id).Take(MostPerRound).ToListAsync(cancellationToken);
        var gone = await db.Set<GitReport>().Where(r => !db.Set<AppEnvironment>().Any(e => e.Id == r.EnvironmentId && e.DeletedAt == null))
            .Select(r => r.EnvironmentId).Distinct().OrderBy(id => id).Take(MostPerRound).ToListAsync(cancellationToken);
        await EnqueueAsync(db, [.. changed, .. gone], cancellationToken);
    }

    private async Task EnqueueAsync(PortalDbContext db, IReadOnlyCollection<Guid> environments, CancellationToken cancellationToken)
    {
        foreach (var environment in environments)
        {
            jobs.Enqueue(db, ReportHandler.JobOf(environment));
        }
        if (environments.Count > 0)
        {
            await db.SaveChangesAsync(cancellationToken);
        }
    }
}
