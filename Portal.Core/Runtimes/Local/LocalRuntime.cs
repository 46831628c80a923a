using System.Diagnostics;
using Microsoft.Extensions.Options;
using Portal.Core.Common;

namespace Portal.Core.Runtimes.Local;

/// <summary>
/// Runs apps as processes of this machine. Each instance has a small supervisor of its own that outlives the worker; the
/// truth is in the instance folders and in <c>/proc</c>, so this class remembers nothing and any worker can take over.
/// </summary>
internal sealed class LocalRuntime(IOptions<PortalOptions> options, Isolation isolation, LocalRuntimeSettings settings, TimeProvider clock) : IRuntime, IDisposable
{
    private static readonly TimeSpan DefaultGrace = TimeSpan.FromSeconds(10);

    /// <summary>A supervisor that needs longer than its grace and this hangs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly string instances = options.Value.Instances;
    private readonly InstanceLauncher launcher = new(settings);
    private readonly Lazy<ChangeWatcher> watcher = new(() => new ChangeWatcher(options.Value.Instances));

    public async Task ConvergeAsync(Workload workload, CancellationToken cancellationToken)
    {
        isolation.Require();
        if (!Directory.Exists(workload.Artifact))
        {
            throw new DirectoryNotFoundException($"The files of v{workload.Key.Version} are gone. Build it again.");
        }
        Directory.CreateDirectory(InstanceFolder.ChangesFolder(instances));
        using var held = await PlaceLock.TakeAsync(instances, workload.Key.Place, cancellationToken);
        Sweep(workload.Key.Place);
        var present = Living(workload.Key.Place).Where(i => i.Record.Version == workload.Key.Version && !i.Folder.Stopping).ToList();
        var wanted = workload.Processes.ToDictionary(p => p.Name, p => p.Name == "web" && workload.FixedPort is not null ? Math.Min(1, p.Instances) : p.Instances, StringComparer.Ordinal);
        var missing = workload.Processes.SelectMany(p => Enumerable.Repeat(p, Math.Max(0, wanted[p.Name] - present.Count(i => i.Record.Process == p.Name)))).ToList();
        if (missing.Count == 0)
        {
            return;
        }
        await AppFiles.HandOverArtifactAsync(isolation.Apps, options.Value.Artifacts, workload.Artifact, cancellationToken);
        var taken = InstanceFolder.Of(instances, workload.Key.Place).Select(f => f.Id).ToList();
        var launches = new List<Task>();
        foreach (var process in missing)
        {
            var id = NextId(taken, workload.Key.Version, process.Name);
            launches.Add(LaunchAsync(workload, process, id, cancellationToken));
        }
        await Task.WhenAll(launches);
    }

    private static string NextId(List<string> taken, int version, string process)
    {
        var number = Enumerable.Range(1, int.MaxValue).First(n => !taken.Any(t => t.StartsWith($"{version}-{process}-{n}-", StringComparison.Ordinal)));
        taken.Add($"{version}-{process}-{number}-");
        return $"{process}-{number}-{Random.Shared.Next(0x10000):x4}";
    }

    private async Task LaunchAsync(Workload workload, WorkloadProcess process, string id, CancellationToken cancellationToken)
    {
        var folder = new InstanceFolder(Path.Combine(InstanceFolder.PlaceFolder(instances, workload.Key.Place), $"{workload.Key.Version}-{id}"));
        // Without walls the app's user must be able to reach its own copy, but nothing else, through this folder.
        var mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        if (isolation.Apps is { Level: IsolationLevel.Trusted, AsRoot: true })
        {
            mode |= UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        }
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Apps run as local processes on Linux only.");
        }
        Directory.CreateDirectory(folder.Path, mode);
        var listens = process.Name == "web";
        var spec = new InstanceSpec
        {
            Id = id,
            Place = workload.Key.Place,
            Version = workload.Key.Version,
            Process = process.Name,
            Label = workload.Label,
            Command = process.StaticRoot is null ? process.Command : null,
            StaticRoot = process.StaticRoot,
            SpaFallback = process.SpaFallback,
            Artifact = workload.Artifact,
            Variables = workload.Variables,
            MemoryMb = workload.MemoryMb,
            DiskMb = workload.DiskMb,
            LoopbackNames = workload.LoopbackNames,
            HealthPath = listens ? workload.HealthPath : null,
            Listens = listens,
            FixedPort = listens ? workload.FixedPort : null,
            PortFrom = settings.PortFrom,
            PortTo = settings.PortTo,
            Grace = DefaultGrace,
            Sandbox = isolation.Apps,
            HostFolder = Path.GetDirectoryName(settings.Program)!,
        };
        try
        {
            await launcher.LaunchAsync(folder, spec, cancellationToken);
        }
        catch when (folder.Read() is null)
        {
            folder.End();
            throw;
        }
    }

    public async Task StopAsync(WorkloadKey key, TimeSpan grace, CancellationToken cancellationToken)
    {
        using var held = await PlaceLock.TakeAsync(instances, key.Place, cancellationToken);
        var began = Stopwatch.GetTimestamp();
        var asked = Living(key.Place).Where(i => i.Record.Version == key.Version).ToList();
        foreach (var (folder, record) in asked)
        {
            AskToStop(folder, record, grace);
        }
        while (asked.Where(i => ProcessTable.Alive(i.Record.SupervisorPid, i.Record.SupervisorStart)).ToList() is { Count: > 0 } left)
        {
            if (Stopwatch.GetElapsedTime(began) > grace + TimeSpan.FromSeconds(5))
            {
                // The supervisor itself hangs; its app is tied to it and ends with it.
                left.ForEach(i => ProcessTable.Signal(i.Record.SupervisorPid, ProcessTable.SigKill));
            }
            await Task.Delay(25, cancellationToken);
        }
        Sweep(key.Place);
    }

    public Task RetireAsync(IReadOnlyCollection<InstanceObservation> retired, TimeSpan grace, CancellationToken cancellationToken)
    {
        foreach (var place in retired.GroupBy(i => i.Key.Place))
        {
            var ids = place.Select(i => (i.Key.Version, i.Id)).ToHashSet();
            foreach (var (folder, record) in Living(place.Key).Where(i => ids.Contains((i.Record.Version, i.Record.Id))))
            {
                if (Overdue(folder))
                {
                    // The supervisor itself hangs; its app is tied to it and ends with it.
                    ProcessTable.Signal(record.SupervisorPid, ProcessTable.SigKill);
                }
                else if (!folder.Stopping)
                {
                    AskToStop(folder, record, grace);
                }
            }
        }
        return Task.CompletedTask;
    }

    private bool Overdue(InstanceFolder folder) =>
        folder.ReadStop() is { } order && clock.GetUtcNow() - File.GetLastWriteTimeUtc(folder.StopFile) > TimeSpan.FromMilliseconds(order.GraceMs) + Patience;

    private static void AskToStop(InstanceFolder folder, InstanceRecord record, TimeSpan grace)
    {
        folder.Write(new StopOrder((long)grace.TotalMilliseconds));
        ProcessTable.Signal(record.SupervisorPid, ProcessTable.SigTerm);
    }

    public Task<Observation> ObserveAsync(Guid place, CancellationToken cancellationToken)
    {
        var seen = new List<InstanceObservation>();
        foreach (var (folder, record) in Living(place))
        {
            cancellationToken.ThrowIfCancellationRequested();
            seen.Add(Observed(folder, record));
        }
        return Task.FromResult(new Observation(place, [.. seen.OrderBy(i => i.Key.Version).ThenBy(i => i.Id, StringComparer.Ordinal)]));
    }

    private InstanceObservation Observed(InstanceFolder folder, InstanceRecord record)
    {
        var runs = record.AppPid is { } pid && ProcessTable.Alive(pid, record.AppStart ?? 0);
        return new InstanceObservation
        {
            Id = record.Id,
            Key = new WorkloadKey(record.Place, record.Version),
            Process = record.Process,
            State = folder.Stopping ? InstanceState.Stopped : record.State == InstanceState.Ready && !runs ? InstanceState.Starting : record.State,
            Address = record.Address,
            StartedAt = record.StartedAt,
            Restarts = record.Restarts,
            LastExit = record.LastExit?.ToExit(),
            Port = record.Port,
            ListeningPorts = runs && record.Port is not null && record.State == InstanceState.Starting ? ProcessTable.ListeningPorts(record.AppPid!.Value) : [],
            HealthStatus = record.HealthStatus,
            ListensWidely = record.ListensWidely,
            MemoryBytes = runs ? ProcessTable.Memory(record.AppPid!.Value) : null,
            Overdue = Overdue(folder),
        };
    }

    public Task<IReadOnlyList<Guid>> PlacesAsync(CancellationToken cancellationToken)
    {
        var places = new List<Guid>();
        if (Directory.Exists(instances))
        {
            foreach (var folder in Directory.EnumerateDirectories(instances))
            {
                if (Guid.TryParseExact(Path.GetFileName(folder), "n", out var place) && Living(place).Count > 0)
                {
                    places.Add(place);
                }
            }
        }
        return Task.FromResult<IReadOnlyList<Guid>>(places);
    }

    public Task<TaskResult> RunTaskAsync(Workload workload, string name, string command, TimeSpan limit, Func<string, Task> output, CancellationToken cancellationToken)
    {
        isolation.Require();
        return AppTask.RunAsync(isolation.Apps, options.Value, workload, command, limit, output, cancellationToken);
    }

    public Task WaitForChangeAsync(TimeSpan timeout, CancellationToken cancellationToken) => watcher.Value.WaitAsync(timeout, cancellationToken);

    private List<(InstanceFolder Folder, InstanceRecord Record)> Living(Guid place)
    {
        var living = new List<(InstanceFolder, InstanceRecord)>();
        foreach (var folder in InstanceFolder.Of(instances, place))
        {
            if (!folder.Ended && folder.Read() is { } record && ProcessTable.Alive(record.SupervisorPid, record.SupervisorStart))
            {
                living.Add((folder, record));
            }
        }
        return living;
    }

    // Called with the place locked: a folder without a living supervisor is then nobody's.
    private void Sweep(Guid place)
    {
        foreach (var folder in InstanceFolder.Of(instances, place))
        {
            if (folder.Ended)
            {
                // A log shipper removes it as soon as it has read everything; without one it goes after a while.
                if (clock.GetUtcNow() - File.GetLastWriteTimeUtc(folder.EndedFile) > TimeSpan.FromMinutes(10))
                {
                    Directory.Delete(folder.Path, recursive: true);
                }
                continue;
            }
            var record = folder.Read();
            if (record is not null && ProcessTable.Alive(record.SupervisorPid, record.SupervisorStart))
            {
                continue;
            }
            if (record is { AppPid: { } app, AppStart: { } start } && ProcessTable.Alive(app, start))
            {
                foreach (var row in ProcessTable.Tree(app).Reverse())
                {
                    ProcessTable.Signal(row.Pid, ProcessTable.SigKill);
                }
            }
            folder.End();
            ControlGroups.RemoveLeft(folder.GroupName);
        }
    }

    public void Dispose()
    {
        if (watcher.IsValueCreated)
        {
            watcher.Value.Dispose();
        }
    }
}
