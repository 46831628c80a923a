using Portal.Core.Runtimes;
using Portal.Core.Runtimes.Local;

namespace Portal.Worker.Supervise;

/// <summary>Why a run is to be killed.</summary>
internal enum Overrun
{
    None,
    Memory,
    Disk,
}

/// <summary>Follows a run until it ends, is told to stop or goes over its memory or disk: asks whether it answers, measures where the kernel does not bound.</summary>
internal sealed class RunWatch(InstanceSpec spec, ControlGroups groups, DiskWatch disk, TimeProvider clock)
{
    private static readonly TimeSpan DiskLook = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan SteadyProbe = TimeSpan.FromSeconds(15);
    private const int FailuresUntilUnready = 3;

    private bool ready;
    private int failures;
    private long nextProbe;
    private long nextMeasure;
    private long nextDisk;

    /// <returns>What it went over, if anything; then it is to be killed.</returns>
    public Overrun Follow(AppRun run, ManualResetEventSlim stop, Action<Func<InstanceRecord, InstanceRecord>> change)
    {
        var began = clock.GetTimestamp();
        while (!run.Wait(0))
        {
            if (stop.IsSet)
            {
                return Overrun.None;
            }
            var ran = clock.GetElapsedTime(began);
            if (clock.GetTimestamp() >= nextProbe)
            {
                Probe(run, ran, change);
            }
            if (!groups.BoundsMemory && clock.GetTimestamp() >= nextMeasure)
            {
                nextMeasure = In(TimeSpan.FromSeconds(1));
                if (ProcessTable.Memory(run.Pid) > (long)spec.MemoryMb * 1024 * 1024)
                {
                    return Overrun.Memory;
                }
            }
            if (clock.GetTimestamp() >= nextDisk)
            {
                nextDisk = In(DiskLook);
                if (disk.IsOver())
                {
                    return Overrun.Disk;
                }
            }
            // Short while it starts, so that an address moves soon; long afterwards, so that it costs nothing.
            if (run.Wait(ready ? 100 : ran < TimeSpan.FromSeconds(5) ? 25 : 100))
            {
                return Overrun.None;
            }
        }
        return Overrun.None;
    }

    private void Probe(AppRun run, TimeSpan ran, Action<Func<InstanceRecord, InstanceRecord>> change)
    {
        if (!spec.Listens || run.Pid == 0)
        {
            if (ran >= TimeSpan.FromSeconds(1))
            {
                ready = true;
                nextProbe = long.MaxValue;
                change(r => r with { State = InstanceState.Ready });
            }
            return;
        }
        change(r =>
        {
            var result = ReadinessProbe.Ask(r.Port!.Value, spec.HealthPath);
            var status = result.Ready ? null : result.Status;
            failures = result.Ready ? 0 : failures + 1;
            var now = result.Ready || (ready && failures < FailuresUntilUnready);
            var next = r with { State = now ? InstanceState.Ready : InstanceState.Starting, Address = result.Address ?? (now ? r.Address : null), HealthStatus = status };
            if (now && !ready)
            {
                next = next with { ListensWidely = ProcessTable.ListensWidely(run.Pid, r.Port.Value) };
            }
            ready = now;
            return next;
        });
        nextProbe = In(ready ? SteadyProbe : ran < TimeSpan.FromSeconds(5) ? TimeSpan.FromMilliseconds(50) : TimeSpan.FromMilliseconds(500));
    }

    private long In(TimeSpan time) => clock.GetTimestamp() + (long)(time.TotalSeconds * clock.TimestampFrequency);
}
