using System.Globalization;

namespace Portal.Core.Runtimes.Local;

/// <summary>
/// Finds out when folders hold more than they may. Counting visits every file, so it is done only when it could matter: what
/// was added since the last count cannot be more than what the disk has lost since then, unless others made room meanwhile,
/// for which it counts again after a minute.
/// </summary>
public sealed class DiskWatch(IReadOnlyList<string> folders, long limitBytes, TimeProvider clock)
{
    private static readonly TimeSpan CountAgain = TimeSpan.FromMinutes(1);

    private long before;
    private long used;
    private long freeThen = Free(folders[0]);
    private long countedAt = clock.GetTimestamp();

    /// <summary>What lies there now is not counted.</summary>
    public void Begin()
    {
        before = Count();
        (used, freeThen, countedAt) = (0, Free(folders[0]), clock.GetTimestamp());
    }

    /// <summary>Costs one question to the file system, mostly.</summary>
    public bool IsOver()
    {
        var free = Free(folders[0]);
        if (freeThen - free < (limitBytes - used) / 2 && clock.GetElapsedTime(countedAt) < CountAgain)
        {
            return false;
        }
        (used, freeThen, countedAt) = (Count() - before, free, clock.GetTimestamp());
        return used > limitBytes;
    }

    // What is really taken, not what files say of their length: a file with holes may say anything.
    private long Count()
    {
        var present = folders.Where(Directory.Exists).ToList();
        if (present.Count == 0)
        {
            return 0;
        }
        // Files that vanish while it counts make it complain.
        var end = SandboxRun.Run(new ProcessSpec("/bin/sh", ["-c", "exec du -sxc --block-size=1 -- \"$@\" 2>/dev/null", "sh", .. present], new Dictionary<string, string> { ["PATH"] = Sandbox.DefaultPath }, "/"),
            TimeSpan.FromMinutes(1), static _ => { }, CancellationToken.None);
        return end.LastLines.Select(l => l.Split('\t')).Where(l => l is [_, "total"])
            .Select(l => long.TryParse(l[0], NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : 0).LastOrDefault();
    }

    private static long Free(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return 0;
        }
    }
}
