using System.Diagnostics;
using System.Globalization;
using Portal.Testing;

namespace Portal.Benchmarks;

/// <summary><c>./portal up</c> from a built checkout to ready, and what the two hosts keep in memory when nothing happens.</summary>
internal sealed class StartBenchmark : Benchmark
{
    private const double PromiseSeconds = 8;

    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(15);

    public override string Name => "up";

    public override async Task<IReadOnlyList<Row>> RunAsync()
    {
        var watch = Stopwatch.StartNew();
        await using var host = await PortalHost.StartAsync();
        var started = watch.Elapsed.TotalSeconds;
        using var wait = new PeriodicTimer(Idle);
        await wait.WaitForNextTickAsync();
        return
        [
            new Row("up to ready, first start of a state folder", Format($"{started:0.0} s"), "", Format($"under {PromiseSeconds:0} s"), started < PromiseSeconds),
            new Row("idle memory of web", Memory(host, "web"), "", "resident", Met: true),
            new Row("idle memory of worker", Memory(host, "worker"), "", "resident", Met: true),
        ];
    }

    private static string Memory(PortalHost host, string part)
    {
        var pid = File.ReadAllText(Path.Combine(host.StateDirectory, "pids", part)).Trim();
        var line = File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        var kilobytes = long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        return Format($"{kilobytes / 1024} MB");
    }

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
