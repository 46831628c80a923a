namespace Portal.Core.Runtimes;

/// <summary>Names one release of one environment to a runtime. A runtime knows no app.</summary>
/// <param name="Place">The environment's id.</param>
/// <param name="Version">The release's number within it.</param>
public readonly record struct WorkloadKey(Guid Place, int Version);

/// <summary>One process type of a workload.</summary>
/// <param name="Name">"web", "worker", …; only "web" receives requests and is given PORT.</param>
/// <param name="Command">Run by <c>/bin/sh -c</c> in the artifact's folder; null when <paramref name="StaticRoot"/> is set.</param>
/// <param name="StaticRoot">Serve this folder of the artifact as files instead of running a command.</param>
/// <param name="SpaFallback">Answer unknown paths with index.html.</param>
public sealed record WorkloadProcess(string Name, string? Command, string? StaticRoot, bool SpaFallback, int Instances);

/// <summary>What shall run, complete: computed by a pure function from environment and release.</summary>
public sealed record Workload
{
    public required WorkloadKey Key { get; init; }

    /// <summary>For people's eyes in process lists: <c>{team}/{app}/{env}</c>.</summary>
    public required string Label { get; init; }

    /// <summary>The artifact: for the local runtime an absolute folder that is only read.</summary>
    public required string Artifact { get; init; }

    public required IReadOnlyList<WorkloadProcess> Processes { get; init; }

    /// <summary>Environment variables, secrets included: in memory and over pipes only, never on disk or in arguments.</summary>
    public required IReadOnlyDictionary<string, string> Variables { get; init; }

    public required int MemoryMb { get; init; }

    /// <summary>What each instance may write to its folder.</summary>
    public int DiskMb { get; init; } = 1_024;

    public string? HealthPath { get; init; }

    /// <summary>Host names that mean this machine to the app: the addresses of its team's other apps, where no name server knows them.</summary>
    public IReadOnlyList<string> LoopbackNames { get; init; } = [];

    /// <summary>The port that the web process listens on by itself, when it ignores PORT; then at most one instance.</summary>
    public int? FixedPort { get; init; }
}

public enum InstanceState
{
    /// <summary>Started, does not answer yet.</summary>
    Starting,

    /// <summary>Answers (web), or has been running for a second (others).</summary>
    Ready,

    /// <summary>Ended; will be started again after a backoff.</summary>
    Crashed,

    /// <summary>Ended because it was told to.</summary>
    Stopped,
}

/// <param name="Code">Exit code, or null when ended by a signal.</param>
/// <param name="Signal">Signal number, or null.</param>
/// <param name="OutOfMemory">Killed because it went over its memory limit.</param>
/// <param name="LastLines">At most the last 40 lines of output, each at most 2,000 characters.</param>
public sealed record InstanceExit(int? Code, int? Signal, bool OutOfMemory, TimeSpan Ran, DateTimeOffset At, IReadOnlyList<string> LastLines)
{
    /// <summary>Killed because it wrote more than it may.</summary>
    public bool OutOfDisk { get; init; }
}

/// <summary>One running copy, as observed just now.</summary>
public sealed record InstanceObservation
{
    /// <summary>Stable while this copy lives, also over restarts of it: "web-1-7f3a".</summary>
    public required string Id { get; init; }

    public required WorkloadKey Key { get; init; }

    public required string Process { get; init; }

    public required InstanceState State { get; init; }

    /// <summary>Where a web instance answers, e.g. <c>127.0.0.1:20417</c>.</summary>
    public string? Address { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    /// <summary>How often it was started again.</summary>
    public int Restarts { get; init; }

    public InstanceExit? LastExit { get; init; }

    /// <summary>The port it was told, and the TCP ports that its processes really listen on (when starting and not answering).</summary>
    public int? Port { get; init; }

    public IReadOnlyList<int> ListeningPorts { get; init; } = [];

    /// <summary>What the health path last answered, when it did not answer well.</summary>
    public int? HealthStatus { get; init; }

    /// <summary>Others in the machine's network can reach its port too, past the gateway.</summary>
    public bool ListensWidely { get; init; }

    public long? MemoryBytes { get; init; }

    /// <summary>It was told to end, should have ended by now, and has not.</summary>
    public bool Overdue { get; init; }
}

/// <summary>All instances of one place, of all its releases.</summary>
public sealed record Observation(Guid Place, IReadOnlyList<InstanceObservation> Instances);

/// <param name="At">When the line was read.</param>
/// <param name="Instance">Which copy wrote it.</param>
public sealed record LogLine(DateTimeOffset At, string Instance, string Process, int Version, bool IsError, string Text);

/// <summary>The end of a one-off command.</summary>
public sealed record TaskResult(int? ExitCode, bool TimedOut, IReadOnlyList<string> LastLines);

/// <summary>Converges workloads, observes them and reads their output. Every call is idempotent and safe to repeat after a crash.</summary>
public interface IRuntime
{
    /// <summary>
    /// Starts what is missing of this workload's instances. Surplus ones and other versions go on running until they are
    /// retired: requests may still be on their way to them. Returns without waiting for readiness.
    /// </summary>
    Task ConvergeAsync(Workload workload, CancellationToken cancellationToken);

    /// <summary>Asks these instances to end and returns at once; what does not end is killed after the grace.</summary>
    Task RetireAsync(IReadOnlyCollection<InstanceObservation> instances, TimeSpan grace, CancellationToken cancellationToken);

    /// <summary>Asks all instances of one version to end (SIGTERM, then SIGKILL after the grace) and returns when none is left.</summary>
    Task StopAsync(WorkloadKey key, TimeSpan grace, CancellationToken cancellationToken);

    /// <summary>What is really there, found by looking (never remembered), readiness probed.</summary>
    Task<Observation> ObserveAsync(Guid place, CancellationToken cancellationToken);

    /// <summary>Every place that has at least one instance.</summary>
    Task<IReadOnlyList<Guid>> PlacesAsync(CancellationToken cancellationToken);

    /// <summary>Runs a one-off command with the workload's artifact and variables (the release command), output line by line.</summary>
    Task<TaskResult> RunTaskAsync(Workload workload, string name, string command, TimeSpan limit, Func<string, Task> output, CancellationToken cancellationToken);

    /// <summary>Completes when something about some instance may have changed since the last call (started, ended, ready), or after the time-out.</summary>
    Task WaitForChangeAsync(TimeSpan timeout, CancellationToken cancellationToken);
}
