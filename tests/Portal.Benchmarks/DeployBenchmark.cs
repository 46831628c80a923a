using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using Portal.Testing;

namespace Portal.Benchmarks;

/// <summary>From `git push` to the address that answers with the new text, against the bare commands by hand; first and second push.</summary>
internal sealed class DeployBenchmark : Benchmark
{
    private const double PromiseRatio = 1.15;
    private const double PromiseExtraSeconds = 0.7;

    /// <summary>Asking takes processor time from the build that is waited for.</summary>
    private static readonly TimeSpan Ask = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    public override string Name => "push";

    public override async Task<IReadOnlyList<Row>> RunAsync()
    {
        await using var host = await PortalHost.StartAsync();
        using var api = host.Client();
        (await api.PostAsJsonAsync("/api/v1/teams", new { name = "bench" })).EnsureSuccessStatusCode();
        var rows = new List<Row>();
        rows.AddRange(await MeasureAsync(host, api, new Sample("node", "server.js", [["npm", "install", "--no-audit", "--no-fund"]], ["node", "server.js"])));
        rows.AddRange(await MeasureAsync(host, api, new Sample("dotnet", "Program.cs",
            [["dotnet", "publish", "-c", "Release", "-o", "out", "-nologo", "-v", "quiet"]], ["dotnet", "out/Hello.dll"])));
        return rows;
    }

    private static async Task<IReadOnlyList<Row>> MeasureAsync(PortalHost host, HttpClient api, Sample sample)
    {
        (await api.PostAsJsonAsync("/api/v1/teams/bench/apps", new { name = sample.Name })).EnsureSuccessStatusCode();
        using var files = new SampleRepository(sample);
        await files.CreateAsync();
        var rows = new List<Row>();
        foreach (var which in (string[])["first", "second"])
        {
            var text = await files.ChangeAsync(which);
            var bare = await BareAsync(files, sample, text);
            var ours = await PushAsync(host, files, sample, text);
            var allowed = (bare * PromiseRatio) + PromiseExtraSeconds;
            rows.Add(new Row($"{sample.Name}: {which} push to live", Format($"{ours:0.0} s"), Format($"{bare:0.0} s"),
                Format($"{ours / bare:0.00}× (at most {PromiseRatio:0.00}× + {PromiseExtraSeconds:0.0} s)"), ours <= allowed));
        }
        return rows;
    }

    private static async Task<double> PushAsync(PortalHost host, SampleRepository files, Sample sample, string text)
    {
        using var app = host.AppClient($"{sample.Name}--bench");
        var watch = Stopwatch.StartNew();
        var push = files.PushAsync($"{host.Url}git/bench/{sample.Name}.git", host.AdminToken);
        await AnswersAsync(app, "/", text, push);
        var live = watch.Elapsed.TotalSeconds;
        await push;
        return live;
    }

    /// <summary>What somebody without Portal types: fetch, install, build, start, and look until it answers.</summary>
    private static async Task<double> BareAsync(SampleRepository files, Sample sample, string text)
    {
        var port = PortalHost.FreePort().ToString(CultureInfo.InvariantCulture);
        var environment = new Dictionary<string, string?> { ["PORT"] = port, ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}", ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1" };
        var watch = Stopwatch.StartNew();
        var folder = await files.FetchAsync();
        foreach (var command in sample.Build)
        {
            (await Cli.RunAsync(command[0], command[1..], folder, environment, timeout: Limit)).Expect();
        }
        await using var running = TiedProcess.Start("TERM", "env", ["-C", folder, .. sample.Start], environment);
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await AnswersAsync(client, "/", text, null);
        return watch.Elapsed.TotalSeconds;
    }

    private static Task AnswersAsync(HttpClient client, string path, string text, Task? push) => Eventually.True(async () =>
    {
        if (push is { IsFaulted: true })
        {
            await push;
        }
        try
        {
            return (await client.GetStringAsync(path)).Contains(text, StringComparison.Ordinal);
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }, Limit, $"the app says {text}", Ask);

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
