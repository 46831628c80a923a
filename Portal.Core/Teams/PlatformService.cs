using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Core.Access;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Live;

namespace Portal.Core.Teams;

/// <summary>What a platform admin does to the machinery itself.</summary>
public sealed class PlatformService(IDbContextFactory<PortalDbContext> contexts, AuditTrail trail, TimeProvider time)
{
    /// <summary>Puts a job that gave up back into the queue, with all its attempts.</summary>
    public async Task RetryJobAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManagePlatform, Resource.Platform);
        await using var db = contexts.CreateDbContext();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var job = await db.LockAsync<Job>(id, cancellationToken) ?? throw PortalException.NotFound("job");
        if (job.State != JobState.Failed)
        {
            throw PortalException.Conflict("This job did not fail, or was tried again already.");
        }
        job.State = JobState.Queued;
        job.Attempt = 0;
        job.RunAfter = time.GetUtcNow();
        job.StartedAt = job.EndedAt = null;
        job.CancelReason = null;
        // Whoever held it before must not write any more.
        job.Fence++;
        trail.Record(db, actor, "job.retry", $"{job.Kind} {job.Key}", job.TeamId, before: new { job.Reason });
        job.Reason = null;
        db.Wake(Signals.JobsChannel);
        db.Signal(LiveTopics.System, Guid.Empty);
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            throw PortalException.Conflict("The same work waits in the queue already.");
        }
        await transaction.CommitAsync(cancellationToken);
    }
}
