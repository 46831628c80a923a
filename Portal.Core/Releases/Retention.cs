using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Releases;

/// <summary>
/// Keeps the last artifacts of each app and those still needed (live or desired), 90 days of logs and traffic, and each
/// app's caches below their limit. Removes files that no row knows.
/// </summary>
public sealed class Retention(IDbContextFactory<PortalDbContext> contexts, PortalOptions options, TimeProvider time, ILogger<Retention> logger)
{
    private static readonly TimeSpan Logs = TimeSpan.FromDays(90);
    private static readonly TimeSpan Traffic = TimeSpan.FromDays(30);

    /// <summary>A folder may be younger than its row while a build runs; older ones without a row are left-overs.</summary>
    private static readonly TimeSpan OrphanAge = TimeSpan.FromHours(6);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        await RemoveArtifactsAsync(db, now, cancellationToken);
        await db.Set<BuildLogChunk>().Where(c => c.At < now - Logs).ExecuteDeleteAsync(cancellationToken);
        await db.Set<AppLogLine>().Where(l => l.At < now - Logs).ExecuteDeleteAsync(cancellationToken);
        await db.Set<TrafficMinute>().Where(t => t.Minute < now - Traffic).ExecuteDeleteAsync(cancellationToken);
        await RemoveOrphansAsync(db, now, cancellationToken);
        LimitCaches();
    }

    private async Task RemoveArtifactsAsync(PortalDbContext db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var needed = await (from e in db.Set<AppEnvironment>()
                            join r in db.Set<Release>() on e.Id equals r.EnvironmentId
                            where r.Id == e.LiveReleaseId || r.Id == e.DesiredReleaseId || r.State == ReleaseState.RollingOut || r.State == ReleaseState.Pending
                            select r.ArtifactId).ToListAsync(cancellationToken);
        foreach (var app in await db.Set<Artifact>().Where(a => a.RemovedAt == null).GroupBy(a => a.AppId)
            .Where(g => g.Count() > options.Limits.ArtifactsPerApp).Select(g => g.Key).ToListAsync(cancellationToken))
        {
            var old = await db.Set<Artifact>().Where(a => a.AppId == app && a.RemovedAt == null && !needed.Contains(a.Id))
                .OrderByDescending(a => a.CreatedAt).Skip(options.Limits.ArtifactsPerApp).ToListAsync(cancellationToken);
            foreach (var artifact in old)
            {
                // The row first: a crash in between leaves a folder without use, which the orphans' turn removes; never a release without files.
                artifact.RemovedAt = now;
                await db.SaveChangesAsync(cancellationToken);
                Delete(Path.Combine(options.Artifacts, artifact.Location));
            }
        }
    }

    private async Task RemoveOrphansAsync(PortalDbContext db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var known = (await db.Set<Artifact>().Where(a => a.RemovedAt == null).Select(a => a.Location).ToListAsync(cancellationToken)).ToHashSet();
        foreach (var folder in Folders(options.Artifacts).Where(f => !known.Contains(f.Name) && f.LastWriteTimeUtc < (now - OrphanAge).UtcDateTime))
        {
            Delete(folder.FullName);
        }
        // The code of strangers has caches of its own, as long as its environment is there.
        var owners = (await db.Set<App>().Select(a => a.Id).Concat(db.Set<AppEnvironment>().Where(e => e.WithoutSecrets).Select(e => e.Id)).ToListAsync(cancellationToken)).Select(id => id.ToString("n")).ToHashSet();
        foreach (var folder in Folders(options.Caches).Where(f => !owners.Contains(f.Name)))
        {
            Delete(folder.FullName);
        }
    }

    private void LimitCaches()
    {
        foreach (var folder in Folders(options.Caches).Where(f => Size(f) > options.Limits.CacheBytesPerApp))
        {
            logger.LogInformation("The caches of {App} went over their limit and are made anew", folder.Name);
            Delete(folder.FullName);
        }
    }

    private static IEnumerable<DirectoryInfo> Folders(string path) => Directory.Exists(path) ? new DirectoryInfo(path).EnumerateDirectories() : [];

    private static long Size(DirectoryInfo folder) =>
        folder.EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true }).Sum(f => f.Length);

    private void Delete(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            logger.LogWarning(e, "A folder could not be removed; trying again in the next turn");
        }
    }
}
