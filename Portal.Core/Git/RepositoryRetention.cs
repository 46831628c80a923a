using Microsoft.Extensions.Logging;
using Portal.Core.Common;
using Portal.Core.Git.Hosted;
using Portal.Core.Git.LargeFiles;
using Portal.Core.Git.Plain;

namespace Portal.Core.Git;

/// <summary>
/// Removes what nobody needs of the folders below Portal's data: repositories, mirrors, host keys and large files of apps
/// that are gone, mirrors that were not read for a month (a build fetches again), large files that no commit names.
/// </summary>
public sealed class RepositoryRetention
{
    private static readonly TimeSpan Unread = TimeSpan.FromDays(30);

    private readonly HostedRepositories _repositories;
    private readonly LargeFileStore _largeFiles;
    private readonly LargeFileScan _scan;
    private readonly PortalOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<RepositoryRetention> _logger;

    internal RepositoryRetention(HostedRepositories repositories, LargeFileStore largeFiles, LargeFileScan scan, PortalOptions options, TimeProvider time, ILogger<RepositoryRetention> logger) =>
        (_repositories, _largeFiles, _scan, _options, _time, _logger) = (repositories, largeFiles, scan, options, time, logger);

    private string Mirrors => Path.Combine(_options.DataDirectory, "mirrors");

    private string Fetched => RemoteLargeFiles.FolderOf(_options);

    /// <summary>What is there; to be asked before the apps are, because a folder is only made for an app that exists.</summary>
    public IReadOnlyList<string> Entries() =>
        [.. new[] { _options.Repositories, Mirrors, Fetched }.Where(Directory.Exists).SelectMany(Directory.EnumerateFileSystemEntries)];

    public async Task RunAsync(IEnumerable<string> entries, IReadOnlySet<Guid> apps, CancellationToken cancellationToken)
    {
        var before = (_time.GetUtcNow() - Unread).UtcDateTime;
        foreach (var entry in entries)
        {
            // Each starts with the app's id; a name of another kind is not ours to remove.
            var name = Path.GetFileName(entry);
            if (name.Length < 36 || !Guid.TryParseExact(name[..36], "D", out var app))
            {
                continue;
            }
            if (!apps.Contains(app))
            {
                Remove(entry);
            }
            else if (Path.GetDirectoryName(entry) == Mirrors && Directory.Exists(entry) && LastRead(entry) < before)
            {
                // Under another name first: whoever comes now makes a new one.
                var gone = $"{entry}.{Guid.NewGuid():N}";
                Directory.Move(entry, gone);
                Remove(gone);
            }
        }
        foreach (var app in apps.Where(_repositories.Exists))
        {
            try
            {
                await _repositories.TidyAsync(app, cancellationToken);
                await _largeFiles.PruneAsync(app, _scan, cancellationToken);
            }
            catch (Exception e) when (e is PortalException or IOException or UnauthorizedAccessException)
            {
                // Nothing of it is removed then; a repository that cannot be read does not keep the others from being tidied.
                _logger.LogWarning(e, "The repository of app {App} could not be tidied", app);
            }
        }
    }

    private static DateTime LastRead(string mirror)
    {
        var refs = Path.Combine(mirror, "refs", "portal");
        return Directory.GetLastWriteTimeUtc(Directory.Exists(refs) ? refs : mirror);
    }

    private static void Remove(string entry)
    {
        if (Directory.Exists(entry))
        {
            Directory.Delete(entry, recursive: true);
        }
        else
        {
            File.Delete(entry);
        }
    }
}
