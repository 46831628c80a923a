using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using Portal.Core.Jobs;

namespace Portal.Core.Git.GitHub;

/// <summary>Asks for what is due: the deliveries of a connection every minute, all that it covers every quarter of an hour.</summary>
public sealed class ConnectionWatch(IDbContextFactory<PortalDbContext> contexts, JobQueue jobs, TimeProvider time)
{
    private static readonly TimeSpan Resync = TimeSpan.FromMinutes(15);

    public async Task LookAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var before = time.GetUtcNow() - Resync;
        foreach (var connection in await db.Set<GitConnection>().AsNoTracking().Select(c => new { c.Id, HasWebhook = c.WebhookSecret != null, c.CheckedAt }).ToListAsync(cancellationToken))
        {
            if (connection.HasWebhook)
            {
                jobs.Enqueue(db, DeliveryReconciler.JobOf(connection.Id));
            }
            if (connection.CheckedAt is null || connection.CheckedAt < before)
            {
                jobs.Enqueue(db, ConnectionSync.JobOf(connection.Id));
            }
        }
        await db.SaveChangesAsync(cancellationToken);
    }
}
