using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Data;
using Portal.Core.Git;

namespace Portal.Core.Triggers;

/// <summary>Removes what pushes leave behind: bodies after a week, pushes after 90 days, and what repositories leave on disk.</summary>
public sealed class TriggerRetention(IDbContextFactory<PortalDbContext> contexts, RepositoryRetention repositories, TimeProvider time)
{
    private static readonly TimeSpan Bodies = TimeSpan.FromDays(7);
    private static readonly TimeSpan Pushes = TimeSpan.FromDays(90);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var entries = repositories.Entries();
        var now = time.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var (bodies, pushes) = (now - Bodies, now - Pushes);
        await db.Set<Push>().Where(p => p.ReceivedAt < bodies && p.Body != null && p.State == PushState.Decided)
            .ExecuteUpdateAsync(set => set.SetProperty(p => p.Body, (byte[]?)null), cancellationToken);
        await db.Set<Push>().Where(p => p.ReceivedAt < pushes && p.State != PushState.Received).ExecuteDeleteAsync(cancellationToken);
        var apps = await db.Set<App>().Select(a => a.Id).ToListAsync(cancellationToken);
        await repositories.RunAsync(entries, apps.ToHashSet(), cancellationToken);
    }
}
