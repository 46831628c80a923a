using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Jobs;

/// <param name="DatabaseBytes">All of Portal's own database on disk.</param>
public sealed record SystemOverview(IReadOnlyList<HostProcess> Processes, QueueOverview Queue, IReadOnlyDictionary<string, int> WaitingByKind, long DatabaseBytes);

/// <summary>How the platform itself is: its processes, its queue, its database.</summary>
public sealed class SystemReader(IDbContextFactory<PortalDbContext> contexts, JobReader jobs, TimeProvider time)
{
    /// <summary>A host says every few seconds that it is there; one that was silent for longer is gone.</summary>
    public static readonly TimeSpan Silent = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Forgotten = TimeSpan.FromHours(1);

    public async Task<SystemOverview> ReadAsync(Actor actor, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ViewPlatform, Resource.Platform);
        var since = time.GetUtcNow() - Forgotten;
        await using var db = contexts.CreateDbContext();
        var processes = await db.Set<HostProcess>().AsNoTracking().Where(h => h.SeenAt > since)
            .OrderBy(h => h.Role).ThenByDescending(h => h.SeenAt).Take(50).ToListAsync(cancellationToken);
        var waiting = await db.Set<Job>().Where(j => j.State == JobState.Queued).GroupBy(j => j.Kind)
            .Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancellationToken);
        var bytes = await db.Database.SqlQuery<long>($"select pg_database_size(current_database()) as \"Value\"").SingleAsync(cancellationToken);
        return new SystemOverview(processes, await jobs.OverviewAsync(cancellationToken), waiting, bytes);
    }

    /// <summary>Why apps are not isolated from each other on some machine of this installation; null: they are, or no worker has said so yet.</summary>
    public string? NotIsolated(SystemOverview system) => system.Processes.Where(p => !IsSilent(p)).Select(p => p.NotIsolated).FirstOrDefault(reason => reason is not null);

    public bool IsSilent(HostProcess process) => time.GetUtcNow() - process.SeenAt > Silent;
}
