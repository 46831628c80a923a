using Portal.Core.Common;
using Portal.Core.Runtimes.Diagnosis;
using Portal.Core.Runtimes.Local;

namespace Portal.Core.Builds;

/// <summary>What one build may take of the machine: time, memory, processes, disk. Says which of them it went over.</summary>
internal sealed class BuildBounds : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    /// <summary>What goes on starting processes for so long after it was refused the first will never stop.</summary>
    private const int MostRefusedLooks = 10;

    private readonly LimitOptions limits;
    private readonly string folder;
    private readonly DiskWatch disk;
    private readonly CancellationTokenSource time;
    private readonly CancellationTokenSource room = new();
    private readonly CancellationTokenSource either;
    private readonly ITimer timer;
    private int looking;
    private volatile bool over;
    private volatile bool full;
    private volatile bool crowded;
    private long refusedBefore;
    private long killedBefore;
    private long refused;
    private int refusedLooks;

    /// <param name="folders">What it writes to; the first is its own.</param>
    public BuildBounds(LimitOptions limits, Guid build, IReadOnlyList<string> folders, TimeProvider clock)
    {
        this.limits = limits;
        folder = folders[0];
        Groups = ControlGroups.Make(GroupOf(build), limits.BuildMemoryMb, limits.BuildProcesses);
        disk = new DiskWatch(folders, (long)limits.BuildDiskMb * 1024 * 1024, clock);
        time = new CancellationTokenSource(TimeSpan.FromSeconds(limits.BuildSeconds), clock);
        either = CancellationTokenSource.CreateLinkedTokenSource(time.Token, room.Token);
        Stop = either.Token;
        timer = clock.CreateTimer(_ => LookAround(), null, TimeSpan.Zero, Look);
    }

    public static string GroupOf(Guid build) => $"build-{build:n}";

    public ControlGroups Groups { get; }

    /// <summary>Cancelled when it is to be stopped.</summary>
    public CancellationToken Stop { get; }

    /// <summary>A step begins; what earlier ones were refused and survived is not counted against it.</summary>
    public void Begin() => (refusedBefore, killedBefore) = (Groups.RefusedProcesses(), Groups.OutOfMemoryKills());

    /// <summary>Which bound it went over while it ran this step; null: none.</summary>
    public Status? Reason(string step, IReadOnlyList<string> lastLines)
    {
        if (over)
        {
            return BuildDiagnosis.OverDisk(step, limits.BuildDiskMb, lastLines);
        }
        if (full)
        {
            return BuildDiagnosis.DiskNearlyFull(step, lastLines);
        }
        if (crowded || Groups.RefusedProcesses() > refusedBefore)
        {
            return BuildDiagnosis.OverProcesses(step, limits.BuildProcesses, lastLines);
        }
        if (time.IsCancellationRequested)
        {
            return BuildDiagnosis.TimedOut(step, TimeSpan.FromSeconds(limits.BuildSeconds), lastLines);
        }
        return Groups.OutOfMemoryKills() > killedBefore ? BuildDiagnosis.OverMemory(step, limits.BuildMemoryMb, lastLines) : null;
    }

    private void LookAround()
    {
        // A count of many files may take longer than the pause between two.
        if (room.IsCancellationRequested || Interlocked.Exchange(ref looking, 1) == 1)
        {
            return;
        }
        try
        {
            over = disk.IsOver();
            full = new DriveInfo(folder).AvailableFreeSpace < (long)limits.LeastFreeMb * 1024 * 1024;
            var before = refused;
            refused = Groups.RefusedProcesses();
            refusedLooks = refused > before ? refusedLooks + 1 : 0;
            crowded = refusedLooks > MostRefusedLooks;
            if (over || full || crowded)
            {
                room.Cancel();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException or System.ComponentModel.Win32Exception)
        {
            // Asked again in a moment, or the build is over.
        }
        finally
        {
            Volatile.Write(ref looking, 0);
        }
    }

    public void Dispose()
    {
        timer.Dispose();
        either.Dispose();
        room.Dispose();
        time.Dispose();
        Groups.Dispose();
    }
}
