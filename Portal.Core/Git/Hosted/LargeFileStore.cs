using System.Collections.Concurrent;
using System.Globalization;
using Portal.Core.Common;
using Portal.Core.Git.LargeFiles;

namespace Portal.Core.Git.Hosted;

/// <summary>
/// The large files of Portal's own repositories, in the folder <c>lfs</c> of each: with it they are backed up, restored and
/// removed. What no commit in the repository names any more goes a day after it came.
/// </summary>
public sealed class LargeFileStore(HostedRepositories repositories, PortalOptions options, TimeProvider time)
{
    /// <summary>Files are sent before the push that names them.</summary>
    private static readonly TimeSpan Unnamed = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<Guid, long> _coming = new();

    /// <summary>Most bytes of one file: no source may be larger.</summary>
    public long MaxFile => options.Limits.SourceBytes;

    public long? SizeOf(Guid app, string oid) => FolderOf(app).SizeOf(oid);

    public string PathOf(Guid app, string oid) => FolderOf(app).PathOf(oid);

    /// <summary>Null when an app may keep so much more; otherwise the sentence.</summary>
    public string? ProblemOf(Guid app, long more)
    {
        if (more > MaxFile)
        {
            return string.Create(CultureInfo.InvariantCulture, $"A large file may have at most {MaxFile / 1048576:#,0} MB.");
        }
        return FolderOf(app).All().Sum(f => f.Length) + _coming.GetValueOrDefault(app) + more <= options.Limits.LargeFileBytesPerApp ? null
            : string.Create(CultureInfo.InvariantCulture, $"The large files of an app may have at most {options.Limits.LargeFileBytesPerApp / 1048576:#,0} MB together. Remove some from the history, or ask an admin for more (Portal:Limits:LargeFileBytesPerApp).");
    }

    /// <summary>Keeps a file of exactly this size and hash, and nothing else.</summary>
    public async Task StoreAsync(Guid app, LargeFilePointer file, Stream content, CancellationToken cancellationToken)
    {
        if (SizeOf(app, file.Oid) == file.Size)
        {
            return;
        }
        await repositories.EnsureAsync(app, cancellationToken);
        if (ProblemOf(app, file.Size) is { } problem)
        {
            throw new PortalException(Refusal.TooLarge, problem);
        }
        _coming.AddOrUpdate(app, file.Size, (_, coming) => coming + file.Size);
        try
        {
            await FolderOf(app).StoreAsync(file, content, cancellationToken);
        }
        finally
        {
            _coming.AddOrUpdate(app, 0, (_, coming) => coming - file.Size);
        }
    }

    internal Task<LargeFileSet> FetchAsync(Guid app, IReadOnlyCollection<LargeFilePointer> wanted)
    {
        var folder = FolderOf(app);
        return Task.FromResult(new LargeFileSet(folder, wanted.Where(w => folder.SizeOf(w.Oid) != w.Size)
            .ToDictionary(w => w.Oid, _ => "Its content was not pushed. Run git lfs push --all origin in your working copy, then deploy again.")));
    }

    internal async Task PruneAsync(Guid app, LargeFileScan scan, CancellationToken cancellationToken)
    {
        var folder = FolderOf(app);
        if (!folder.All().Any())
        {
            return;
        }
        var named = (await scan.OfRepositoryAsync(repositories.FolderOf(app), cancellationToken)).Select(p => p.Oid).ToHashSet();
        var before = time.GetUtcNow() - Unnamed;
        folder.Prune(file => named.Contains(file.Name) || file.LastWriteTimeUtc > before.UtcDateTime, before);
    }

    private LargeFileFolder FolderOf(Guid app) => new(Path.Combine(repositories.FolderOf(app), "lfs"));
}
