using System.Diagnostics;
using System.Globalization;
using Portal.Core.Runtimes;
using Portal.Core.Runtimes.Local;

namespace Portal.Worker.Supervise;

/// <summary>
/// Looks after one instance: starts its command, waits until it answers, starts it again after a crash with growing
/// pauses, bounds its memory, and ends it when told. One thread, one loop; every change is written to the record at once.
/// </summary>
internal sealed class Supervisor(InstanceFolder folder, InstanceSpec spec, OutputLog log, TimeProvider clock, ManualResetEventSlim stop) : IDisposable
{
    private static readonly TimeSpan SteadyAfter = TimeSpan.FromSeconds(60);

    private readonly ControlGroups groups = ControlGroups.Make(folder.GroupName, spec.MemoryMb, spec.MaximumProcesses);
    private InstanceRecord record = new()
    {
        Id = spec.Id,
        Place = spec.Place,
        Version = spec.Version,
        Process = spec.Process,
        SupervisorPid = Environment.ProcessId,
        SupervisorStart = ProcessTable.Find(Environment.ProcessId)?.Start ?? 0,
        State = InstanceState.Starting,
        StartedAt = TimeProvider.System.GetUtcNow(),
    };

    private PortReservation? reservation;

    public void Run()
    {
        Write(record);
        var failures = 0;
        try
        {
            while (!stop.IsSet)
            {
                var ran = RunOnce();
                if (stop.IsSet)
                {
                    break;
                }
                failures = ran > SteadyAfter ? 0 : failures;
                var pause = Pause(failures++);
                Write(record with { State = InstanceState.Crashed, AppPid = null, AppStart = null, Address = null });
                log.Write(OutputKind.Platform, string.Create(CultureInfo.InvariantCulture, $"{Ended(record.LastExit)} Starting again in {pause.TotalSeconds:0} s."));
                log.Flush();
                stop.Wait(pause);
                record = record with { Restarts = record.Restarts + 1 };
            }
        }
        finally
        {
            Write(record with { State = InstanceState.Stopped, AppPid = null, AppStart = null, Address = null });
            log.Flush();
            reservation?.Dispose();
            folder.End();
        }
    }

    /// <summary>1, 2, 4 … at most 60 seconds.</summary>
    internal static TimeSpan Pause(int failures) => TimeSpan.FromSeconds(Math.Min(60, 1 << Math.Min(failures, 6)));

    private static string Ended(RecordedExit? exit) => exit switch
    {
        null => "It could not be started.",
        { OutOfMemory: true } => "It was ended because it used more memory than its limit.",
        { OutOfDisk: true } => "It was ended because it wrote more to its disk than its limit. What it wrote is gone.",
        { Code: { } code } => $"It ended with exit code {code}.",
        { Signal: { } signal } => $"It was ended by signal {signal}.",
        _ => "It ended.",
    };

    private TimeSpan RunOnce()
    {
        var began = Stopwatch.GetTimestamp();
        Write(record with { State = InstanceState.Starting, StartedAt = clock.GetUtcNow(), Address = null, HealthStatus = null });
        AppRun run;
        DiskWatch disk;
        try
        {
            var port = ChoosePort();
            var command = AppCommand.Of(folder, spec, groups, port);
            disk = Disk();
            run = AppRun.Begin(command, log);
            Write(record with { AppPid = run.Pid, AppStart = run.Start, Port = port });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            log.Write(OutputKind.Error, e.Message);
            Write(record with { LastExit = new RecordedExit(null, null, false, 0, clock.GetUtcNow(), log.TakeLast()) });
            return TimeSpan.Zero;
        }
        using (run)
        {
            var kills = groups.OutOfMemoryKills();
            var over = new RunWatch(spec, groups, disk, clock).Follow(run, stop, change => Write(change(record)));
            if (!run.Wait(0))
            {
                EndRun(run, atOnce: over != Overrun.None);
            }
            run.Kill();
            var (code, signal) = run.End();
            var outOfMemory = over == Overrun.Memory || groups.OutOfMemoryKills() > kills;
            if (over == Overrun.Disk)
            {
                AppFiles.Forget(folder.AppFolder, folder.OverlayFolder);
            }
            var ran = Stopwatch.GetElapsedTime(began);
            log.Flush();
            Write(record with { LastExit = new RecordedExit(code, signal, outOfMemory, (long)ran.TotalMilliseconds, clock.GetUtcNow(), log.TakeLast()) { OutOfDisk = over == Overrun.Disk } });
            return ran;
        }
    }

    /// <summary>Counts what it changes; where it has a copy of the artifact, what it adds to that.</summary>
    private DiskWatch Disk()
    {
        var copied = Directory.Exists(folder.AppFolder);
        var watch = new DiskWatch([copied ? folder.AppFolder : folder.OverlayFolder], (long)spec.DiskMb * 1024 * 1024, clock);
        if (copied)
        {
            watch.Begin();
        }
        return watch;
    }

    private void EndRun(AppRun run, bool atOnce)
    {
        if (!atOnce)
        {
            var grace = folder.ReadStop() is { } order ? TimeSpan.FromMilliseconds(order.GraceMs) : spec.Grace;
            run.AskToEnd();
            if (run.Wait((int)Math.Clamp(grace.TotalMilliseconds, 0, int.MaxValue)))
            {
                return;
            }
            log.Write(OutputKind.Platform, string.Create(CultureInfo.InvariantCulture, $"It did not end within {grace.TotalSeconds:0.#} s after SIGTERM and was killed."));
        }
        run.Kill();
        run.Wait(5_000);
    }

    private int? ChoosePort()
    {
        if (!spec.Listens)
        {
            return null;
        }
        if (spec.FixedPort is { } own)
        {
            return own;
        }
        if (reservation is not null && !PortReservation.Free(reservation.Port))
        {
            reservation.Dispose();
            reservation = null;
        }
        reservation ??= PortReservation.Take(PortReservation.FolderOf(folder), spec.PortFrom, spec.PortTo);
        return reservation.Port;
    }

    private void Write(InstanceRecord next)
    {
        if (next == record && File.Exists(folder.RecordFile))
        {
            return;
        }
        record = next;
        try
        {
            folder.Write(next);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk: the app goes on, and the next change is written when there is room again.
            log.Write(OutputKind.Platform, "The state of this instance could not be written: " + e.Message);
        }
    }

    public void Dispose() => groups.Dispose();
}
