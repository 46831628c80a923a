using Portal.Core.Access;
using Portal.Core.Common;

namespace Portal.Core.Jobs;

/// <param name="Bytes">Null when this process may not look inside.</param>
public sealed record FolderUse(string Name, long? Bytes);

/// <param name="FreeBytes">On the disk that holds Portal's data.</param>
/// <param name="Complete">False when there were more files than are counted at once.</param>
public sealed record DiskReport(IReadOnlyList<FolderUse> Folders, long FreeBytes, long TotalBytes, DateTimeOffset At, bool Complete)
{
    /// <summary>Builds and databases fail in ugly ways on a full disk; warn before.</summary>
    public bool IsScarce => FreeBytes < 2L * 1024 * 1024 * 1024 || FreeBytes < TotalBytes / 20;
}

/// <summary>What Portal's folders hold. Counting visits every file, so the answer is kept for a minute and bounded.</summary>
public sealed class DiskUse(PortalOptions options, TimeProvider time) : IDisposable
{
    private const int MostFiles = 500_000;

    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);
    private static readonly EnumerationOptions Everything = new()
    {
        RecurseSubdirectories = true,
        IgnoreInaccessible = true,
        // Apps can make links to anywhere; what they point at is not theirs.
        AttributesToSkip = FileAttributes.ReparsePoint,
    };

    private readonly SemaphoreSlim _one = new(1);
    private DiskReport? _last;

    public async Task<DiskReport> ReadAsync(Actor actor, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ViewPlatform, Resource.Platform);
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_last is null || time.GetUtcNow() - _last.At > Kept)
            {
                _last = await Task.Run(() => Measure(cancellationToken), cancellationToken);
            }
            return _last;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private DiskReport Measure(CancellationToken cancellationToken)
    {
        var left = MostFiles;
        (string Name, string Path)[] folders =
        [
            ("Repositories", options.Repositories), ("Artifacts", options.Artifacts),
            ("Caches", options.Caches), ("Instances", options.Instances),
        ];
        var uses = folders.Select(f => new FolderUse(f.Name, Sum(f.Path, ref left, cancellationToken))).ToList();
        var drive = new DriveInfo(options.DataDirectory);
        return new DiskReport(uses, drive.AvailableFreeSpace, drive.TotalSize, time.GetUtcNow(), left > 0);
    }

    private static long? Sum(string path, ref int left, CancellationToken cancellationToken)
    {
        var folder = new DirectoryInfo(path);
        if (!folder.Exists)
        {
            return 0;
        }
        try
        {
            _ = folder.EnumerateFileSystemInfos().Any();
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
        long bytes = 0;
        foreach (var file in folder.EnumerateFiles("*", Everything))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (left-- <= 0)
            {
                break;
            }
            try
            {
                bytes += file.Length;
            }
            catch (FileNotFoundException)
            {
                // Builds and apps remove files meanwhile.
            }
        }
        return bytes;
    }
}
