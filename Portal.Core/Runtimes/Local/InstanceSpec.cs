using System.Text.Json.Serialization;

namespace Portal.Core.Runtimes.Local;

/// <summary>
/// What a supervisor is told, over its standard input and nowhere else: the variables hold secrets.
/// </summary>
public sealed record InstanceSpec
{
    public required string Id { get; init; }

    public required Guid Place { get; init; }

    public required int Version { get; init; }

    public required string Process { get; init; }

    public required string Label { get; init; }

    /// <summary>For <c>/bin/sh -c</c>, or null where files are served.</summary>
    public string? Command { get; init; }

    /// <summary>A folder below the artifact to serve as files, "." for the artifact itself.</summary>
    public string? StaticRoot { get; init; }

    public bool SpaFallback { get; init; }

    /// <summary>Absolute; only read.</summary>
    public required string Artifact { get; init; }

    public required IReadOnlyDictionary<string, string> Variables { get; init; }

    public required int MemoryMb { get; init; }

    /// <summary>What it may write to its folder.</summary>
    public int DiskMb { get; init; } = 1_024;

    /// <summary>Host names that mean this machine to the app.</summary>
    public IReadOnlyList<string> LoopbackNames { get; init; } = [];

    /// <summary>Threads and processes together.</summary>
    public int MaximumProcesses { get; init; } = 512;

    public string? HealthPath { get; init; }

    /// <summary>True for the process that gets a port and must answer on it.</summary>
    public bool Listens { get; init; }

    public int? FixedPort { get; init; }

    public int PortFrom { get; init; } = 20_000;

    public int PortTo { get; init; } = 29_999;

    /// <summary>How long the app may take to end after SIGTERM, unless a stop says otherwise.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(30);

    public required SandboxSettings Sandbox { get; init; }

    /// <summary>The worker's own folder, for serving files.</summary>
    public required string HostFolder { get; init; }
}

/// <summary>What a supervisor writes beside its logs, replaced whole; holds no variable.</summary>
public sealed record InstanceRecord
{
    public required string Id { get; init; }

    public required Guid Place { get; init; }

    public required int Version { get; init; }

    public required string Process { get; init; }

    public required int SupervisorPid { get; init; }

    /// <summary>Clock ticks since boot (field 22 of <c>/proc/pid/stat</c>): a process number alone is used again.</summary>
    public required long SupervisorStart { get; init; }

    public required InstanceState State { get; init; }

    /// <summary>The first process of the app as this machine numbers it, or null between runs.</summary>
    public int? AppPid { get; init; }

    public long? AppStart { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    public int? Port { get; init; }

    public string? Address { get; init; }

    public int Restarts { get; init; }

    public int? HealthStatus { get; init; }

    public bool ListensWidely { get; init; }

    public RecordedExit? LastExit { get; init; }
}

/// <summary>An <see cref="InstanceExit"/> in the form that is written down.</summary>
public sealed record RecordedExit(int? Code, int? Signal, bool OutOfMemory, long RanMs, DateTimeOffset At, IReadOnlyList<string> LastLines)
{
    public bool OutOfDisk { get; init; }

    public InstanceExit ToExit() => new(Code, Signal, OutOfMemory, TimeSpan.FromMilliseconds(RanMs), At, LastLines) { OutOfDisk = OutOfDisk };
}

/// <summary>How long the app may take to end, written before the supervisor is asked to stop.</summary>
public sealed record StopOrder(long GraceMs);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(InstanceSpec))]
[JsonSerializable(typeof(InstanceRecord))]
[JsonSerializable(typeof(StopOrder))]
public sealed partial class InstanceJson : JsonSerializerContext;
