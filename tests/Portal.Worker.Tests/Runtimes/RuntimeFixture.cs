using System.Diagnostics;
using Microsoft.Extensions.Options;
using Portal.Core.Common;
using Portal.Core.Runtimes;
using Portal.Core.Runtimes.Local;

namespace Portal.Worker.Tests.Runtimes;

/// <summary>A data folder of its own, the real runtime over it, and everything it started stopped at the end.</summary>
public sealed class RuntimeFixture : IAsyncDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("portal-runtime-").FullName;
    private readonly List<LocalRuntime> made = [];

    public RuntimeFixture()
    {
        // The apps' user must be able to come in; what lies below guards itself.
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(root, (UnixFileMode)0b111_101_101);
        }
        Options = new PortalOptions { DataDirectory = root, Trusted = true };
        if (ProcessTable.IsRoot && File.ReadAllText("/etc/passwd").Contains("\nportal-app:", StringComparison.Ordinal))
        {
            Options.Users = new UserOptions { App = "portal-app", Build = "portal-build" };
        }
        Directory.CreateDirectory(Options.Instances);
        Isolation = new Isolation(new OptionsWrapper<PortalOptions>(Options));
        Runtime = NewRuntime();
    }

    public PortalOptions Options { get; }

    public Isolation Isolation { get; }

    public IRuntime Runtime { get; }

    public Guid Place { get; } = Guid.NewGuid();

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>What a restarted worker has.</summary>
    internal LocalRuntime NewRuntime()
    {
        var runtime = new LocalRuntime(new OptionsWrapper<PortalOptions>(Options), Isolation, new LocalRuntimeSettings(), TimeProvider.System);
        made.Add(runtime);
        return runtime;
    }

    /// <summary>An artifact with these files: name, content, name, content …</summary>
    public string Artifact(params string[] namesAndContents)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Options.Artifacts, Guid.NewGuid().ToString("n"))).FullName;
        foreach (var pair in namesAndContents.Chunk(2))
        {
            var file = Path.Combine(folder, pair[0]);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, pair[1]);
        }
        return folder;
    }

    public Workload Workload(string artifact, string command, int version = 1, int instances = 1, int memoryMb = 512, string process = "web",
        string? health = null, int? fixedPort = null, params (string Name, string Value)[] variables) => new()
        {
            Key = new WorkloadKey(Place, version),
            Label = "team/app/production",
            Artifact = artifact,
            Processes = [new WorkloadProcess(process, command, null, false, instances)],
            Variables = variables.ToDictionary(v => v.Name, v => v.Value),
            MemoryMb = memoryMb,
            HealthPath = health,
            FixedPort = fixedPort,
        };

    /// <summary>Observes until the condition holds; fails, with what was seen last, when it does not within the time.</summary>
    public async Task<Observation> UntilAsync(Func<Observation, bool> condition, int seconds = 30, IRuntime? by = null)
    {
        var runtime = by ?? Runtime;
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var seen = await runtime.ObserveAsync(Place, Cancel);
            if (condition(seen))
            {
                return seen;
            }
            Assert.True(Stopwatch.GetElapsedTime(began).TotalSeconds < seconds, "Still not so: " + string.Join("; ", seen.Instances) + "\n" + Output());
            await runtime.WaitForChangeAsync(TimeSpan.FromMilliseconds(100), Cancel);
        }
    }

    public Task<Observation> ReadyAsync(int count = 1) => UntilAsync(o => o.Instances.Count(i => i.State == InstanceState.Ready) == count);

    /// <summary>Everything the place's instances have written.</summary>
    public string Output() => string.Concat(InstanceFolder.Of(Options.Instances, Place).SelectMany(f => f.LogNumbers().Select(n => File.ReadAllText(f.LogFile(n)))));

    public InstanceFolder Folder(InstanceObservation instance) =>
        InstanceFolder.Of(Options.Instances, Place).Single(f => f.Id == $"{instance.Key.Version}-{instance.Id}");

    public static async Task<string> GetAsync(InstanceObservation instance, string path = "/")
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(new Uri($"http://{instance.Address}{path}"), Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var place in await Runtime.PlacesAsync(CancellationToken.None))
        {
            foreach (var key in (await Runtime.ObserveAsync(place, CancellationToken.None)).Instances.Select(i => i.Key).Distinct())
            {
                await Runtime.StopAsync(key, TimeSpan.Zero, CancellationToken.None);
            }
        }
        made.ForEach(r => r.Dispose());
        Directory.Delete(root, recursive: true);
    }
}
