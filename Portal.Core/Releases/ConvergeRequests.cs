using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Data;
using Portal.Core.Jobs;

namespace Portal.Core.Releases;

/// <summary>Lets the roll-out look at environments without changing what is desired.</summary>
public sealed class ConvergeRequests(IDbContextFactory<PortalDbContext> contexts, JobQueue jobs)
{
    public async Task AskAsync(Guid place, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var environment = await db.Set<AppEnvironment>().AsNoTracking().SingleOrDefaultAsync(e => e.Id == place, cancellationToken);
        // A place that no row knows belongs to nobody any more; the handler stops what runs there.
        jobs.Enqueue(db, environment is null
            ? new JobRequest(JobKinds.Environment, place.ToString()) { Lane = $"environment:{place}", MaxAttempts = 20 }
            : EnvironmentService.EnvironmentJob(environment));
        await db.SaveChangesAsync(cancellationToken);
    }

    /// <summary>At start: everything that shall run is looked at, so that apps come up again after a reboot.</summary>
    public async Task AskForAllAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await foreach (var environment in db.Set<AppEnvironment>().AsNoTracking().Where(e => e.DesiredReleaseId != null || e.DeletedAt != null)
            .AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            jobs.Enqueue(db, EnvironmentService.EnvironmentJob(environment));
        }
        await db.SaveChangesAsync(cancellationToken);
    }
}
