using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git.Hosted;

namespace Portal.Core.Triggers;

/// <summary>Removes what pushes leave behind: bodies after a week, pushes after 90 days, repositories and mirrors of apps that are gone.</summary>
public sealed class TriggerRetention(IDbContextFactory<PortalDbContext> contexts, HostedRepositories repositories, PortalOptions options, TimeProvider time)
{
    private static readonly TimeSpan Bodies = TimeSpan.FromDays(7);
    private static readonly TimeSpan Pushes = TimeSpan.FromDays(90);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // Folders first, then apps: a folder is only made for an app that exists.
        var folders = new[] { options.Repositories, Path.Combine(options.DataDirectory, "mirrors") }.Where(Directory.Exists).SelectMany(Directory.EnumerateDirectories).ToList();
        var now = time.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var (bodies, pushes) = (now - Bodies, now - Pushes);
        await db.Set<Push>().Where(p => p.ReceivedAt < bodies && p.Body != null && p.State == PushState.Decided)
            .ExecuteUpdateAsync(set => set.SetProperty(p => p.Body, (byte[]?)null), cancellationToken);
        await db.Set<Push>().Where(p => p.ReceivedAt < pushes && p.State != PushState.Received).ExecuteDeleteAsync(cancellationToken);
        var apps = await db.Set<App>().Select(a => a.Id).ToListAsync(cancellationToken);
        var known = apps.ToHashSet();
        foreach (var folder in folders)
        {
            // "{app}.git" and "{app}-{address}.git"; a name of another kind is not ours to remove.
            var name = Path.GetFileName(folder);
            if (name.EndsWith(".git", StringComparison.Ordinal) && name.Length > 36 && Guid.TryParseExact(name[..36], "D", out var app) && !known.Contains(app))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        foreach (var app in apps.Where(repositories.Exists))
        {
            await repositories.TidyAsync(app, cancellationToken);
        }
    }
}
