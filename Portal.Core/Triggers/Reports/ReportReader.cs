using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;

namespace Portal.Core.Triggers.Reports;

/// <summary>What a git host has still to be told, and what it would not be told.</summary>
/// <param name="Waiting">Environments of which it has to be told something.</param>
/// <param name="Since">Since when the oldest waits.</param>
/// <param name="Problem">Why the newest that it refused could not be told; null: it refused none lately.</param>
public sealed record ReportBacklog(int Waiting, DateTimeOffset? Since, string? Problem);

/// <summary>How the reports of each connection get on.</summary>
public sealed class ReportReader(IDbContextFactory<PortalDbContext> contexts, TimeProvider time)
{
    /// <summary>A refusal is told for so long after it.</summary>
    private static readonly TimeSpan Recent = TimeSpan.FromDays(1);

    /// <summary>By connection; those without any news are absent.</summary>
    public async Task<IReadOnlyDictionary<Guid, ReportBacklog>> ReadAsync(Actor actor, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ViewPlatform, Resource.Platform);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var waiting = await (from j in db.Set<Job>()
                             where j.Kind == JobKinds.Report && (j.State == JobState.Queued || j.State == JobState.Running)
                             join e in db.Set<AppEnvironment>() on j.Key equals e.Id.ToString()
                             join a in db.Set<App>() on e.AppId equals a.Id
                             where a.ConnectionId != null
                             group j by a.ConnectionId!.Value into reports
                             select new { reports.Key, Count = reports.Count(), Oldest = reports.Min(j => j.CreatedAt) }).ToDictionaryAsync(r => r.Key, cancellationToken);
        var since = time.GetUtcNow() - Recent;
        var refused = (await db.Set<GitReport>().Where(r => r.Problem != null && r.SentAt > since).GroupBy(r => r.ConnectionId)
            .Select(g => g.OrderByDescending(r => r.SentAt).Select(r => new { r.ConnectionId, r.Problem }).First()).ToListAsync(cancellationToken)).ToDictionary(r => r.ConnectionId, r => r.Problem);
        return waiting.Keys.Union(refused.Keys).ToDictionary(id => id, id => new ReportBacklog(waiting.GetValueOrDefault(id)?.Count ?? 0, waiting.GetValueOrDefault(id)?.Oldest, refused.GetValueOrDefault(id)));
    }
}
