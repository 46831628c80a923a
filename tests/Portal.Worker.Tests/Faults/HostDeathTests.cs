using System.Globalization;
using System.Net;
using Portal.Core.Runtimes.Local;
using Portal.Testing;

namespace Portal.Worker.Tests.Faults;

/// <summary>Processes are killed at moments that chance chooses: apps do not notice, and every push ends live or with a reason.</summary>
[Trait("Duration", "Long")]
public sealed class HostDeathTests
{
    private const int Kills = 20;

    private static readonly string[] Busy = ["one", "two", "three"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_worker_killed_at_random_points_loses_no_push_and_no_request()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("PORTAL_TEST_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Random.Shared.Next();
        TestContext.Current.SendDiagnosticMessage("The points are chosen by PORTAL_TEST_SEED={0}.", seed);
        TestContext.Current.TestOutputHelper?.WriteLine($"PORTAL_TEST_SEED={seed}");
        var random = new Random(seed);
        await using var shop = await Shop.OpenAsync();
        using var steady = await shop.LiveAsync("steady", await Apps.PatientAsync());
        foreach (var app in Busy)
        {
            await shop.AddAsync(app);
        }
        using var visitor = shop.VisitSteadily("steady");
        using var enough = new CancellationTokenSource();
        var pushing = Busy.Select(app => PushUntilAsync(shop, app, enough.Token)).ToArray();

        for (var kill = 0; kill < Kills; kill++)
        {
            await Eventually.True(() => IsAlive(shop, "worker"), TimeSpan.FromSeconds(60), "the worker is back");
            // A job of a dead worker is taken up after twenty seconds: shorter lives than that would never get anywhere.
            var looks = random.Next(800);
            await Eventually.True(() => looks-- <= 0, TimeSpan.FromSeconds(60));
            shop.Kill("worker");
            await Eventually.True(() => !IsAlive(shop, "worker"), what: "the killed worker is gone");
        }
        await enough.CancelAsync();
        var stories = (await Task.WhenAll(pushing)).SelectMany(s => s).ToList();

        Assert.All(stories, story => Assert.True(story.Contains(" is live", StringComparison.Ordinal) || story.Contains("✕", StringComparison.Ordinal), $"seed {seed}:\n{story}"));
        foreach (var app in Busy)
        {
            var builds = (await shop.ReadAsync($"{app}/builds")).GetProperty("items").EnumerateArray().ToList();
            Assert.All(builds, b => Assert.DoesNotContain(b.GetProperty("state").GetString(), new[] { "queued", "running" }));
            Assert.All(builds, b => Assert.True(b.GetProperty("state").GetString() == "succeeded" || b.GetProperty("reason").GetString() is { Length: > 0 }));
            await shop.StatusAsync(app, "Running v");
        }
        var (answered, failures) = await visitor.StopAsync();
        Assert.True(answered > 100);
        Assert.Empty(failures);
    }

    [Fact]
    public async Task A_restarted_database_is_not_noticed_by_apps_and_pushes_end()
    {
        await using var shop = await Shop.OpenAsync();
        using var steady = await shop.LiveAsync("steady", await Apps.PatientAsync());
        await shop.AddAsync("built");
        using var visitor = shop.VisitSteadily("steady");
        using var repository = await Apps.BuiltByAsync("for i in $(seq 1 60); do echo step $i; sleep 0.2; done");
        foreach (var signal in new[] { "INT", "KILL" })
        {
            repository.Write("note.txt", signal);
            await repository.CommitAsync(signal);
            var push = shop.TryPushAsync("built", repository);
            await Eventually.True(async () => await IsBuildingAsync(shop), TimeSpan.FromSeconds(60), "the build prints");
            var before = shop.Host.Process("postgres");
            (await Cli.RunAsync("kill", ["-" + signal, before], cancellationToken: Token)).Expect();
            await Eventually.True(() => shop.Host.Process("postgres") != before, TimeSpan.FromSeconds(60), "the database is started again");
            await Eventually.True(() => shop.IsReadyAsync(), TimeSpan.FromSeconds(60), "ready again");
            await push;
            await Eventually.True(async () => (await shop.NewestBuildAsync("built")).GetProperty("state").GetString() == "succeeded", TimeSpan.FromMinutes(2), "the build ends well");
            var number = (await shop.NewestBuildAsync("built")).GetProperty("number").GetInt32();
            var log = await shop.Api.GetStringAsync($"/api/v1/teams/shop/apps/built/builds/{number}/log", Token);
            Assert.Contains("step 60", log, StringComparison.Ordinal);
            Assert.All(Enumerable.Range(1, 60), i => Assert.Contains($"step {i}\n", log, StringComparison.Ordinal));
            await shop.StatusAsync("built", "Running v");
        }
        var (answered, failures) = await visitor.StopAsync();
        Assert.True(answered > 100);
        Assert.Empty(failures);
    }

    [Fact]
    public async Task A_killed_web_host_leaves_apps_and_builds_alone()
    {
        await using var shop = await Shop.OpenAsync();
        using var steady = await shop.LiveAsync("steady", await Apps.PatientAsync());
        var instance = Assert.Single(shop.Instances("steady"));
        var before = new InstanceFolder(instance).Read()!;
        await shop.AddAsync("built");
        using var repository = await Apps.BuiltByAsync("for i in $(seq 1 40); do echo step $i; sleep 0.2; done");
        var push = shop.TryPushAsync("built", repository);
        await Eventually.True(async () => await IsBuildingAsync(shop), TimeSpan.FromSeconds(60), "the build prints");

        shop.Kill("web");
        await Eventually.True(() => shop.IsReadyAsync(), TimeSpan.FromSeconds(60), "ready again");
        await push;

        using var visit = shop.Visit("steady");
        Assert.Equal("v1", await visit.GetStringAsync("/", Token));
        var after = new InstanceFolder(instance).Read()!;
        Assert.Equal((before.AppPid, before.StartedAt, before.Restarts), (after.AppPid, after.StartedAt, after.Restarts));
        await shop.StatusAsync("built", "Running v1");
        var build = await shop.NewestBuildAsync("built");
        Assert.Equal((1, "succeeded"), (build.GetProperty("number").GetInt32(), build.GetProperty("state").GetString()));
    }

    [Fact]
    public async Task A_killed_instance_and_a_killed_supervisor_are_replaced_while_another_serves()
    {
        await using var shop = await Shop.OpenAsync();
        using var repository = await shop.LiveAsync("pair", await Apps.PatientAsync());
        await shop.ChangeAsync("pair", new { scale = new { instances = new { web = 2 } } });
        await shop.StatusAsync("pair", "2 instances");
        using var visitor = shop.VisitSteadily("pair");

        var record = new InstanceFolder(shop.Instances("pair").First()).Read()!;
        // The app itself: the lowest of what its walls hold.
        ProcessTable.Signal(ProcessTable.Tree(record.AppPid!.Value)[^1].Pid, ProcessTable.SigKill);
        await Eventually.True(() => shop.Instances("pair").Any(f => new InstanceFolder(f).Read() is { Restarts: 1 }), TimeSpan.FromSeconds(30), "it is started again");
        await shop.StatusAsync("pair", "Running v1, 2 instances");

        var old = shop.Instances("pair");
        ProcessTable.Signal(new InstanceFolder(old.First()).Read()!.SupervisorPid, ProcessTable.SigKill);
        await Eventually.True(() => shop.Instances("pair").Except(old).Any(), TimeSpan.FromSeconds(30), "another takes its place");
        await shop.StatusAsync("pair", "Running v1, 2 instances");

        var (answered, failures) = await visitor.StopAsync();
        Assert.True(answered > 20);
        // A request inside the app when it was killed has nobody to answer it; every other one is served by its neighbour.
        Assert.True(failures.Count <= 2, string.Join(", ", failures));
        using var client = shop.Visit("pair");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/", Token)).StatusCode);
    }

    private static async Task<IReadOnlyList<string>> PushUntilAsync(Shop shop, string app, CancellationToken enough)
    {
        var stories = new List<string>();
        using var repository = await Apps.PatientAsync();
        for (var n = 1; !enough.IsCancellationRequested; n++)
        {
            repository.Write("note.txt", $"{n}");
            await repository.CommitAsync($"change {n}");
            stories.Add(await shop.PushAsync(app, repository));
        }
        return stories;
    }

    private static async Task<bool> IsBuildingAsync(Shop shop)
    {
        var builds = (await shop.ReadAsync("built/builds?limit=1")).GetProperty("items");
        return builds.GetArrayLength() > 0 && builds[0].GetProperty("state").GetString() == "running"
            && (await shop.Api.GetStringAsync($"/api/v1/teams/shop/apps/built/builds/{builds[0].GetProperty("number").GetInt32()}/log", Token)).Contains("step 3\n", StringComparison.Ordinal);
    }

    private static bool IsAlive(Shop shop, string name) =>
        int.TryParse(shop.Host.Process(name), CultureInfo.InvariantCulture, out var pid) && ProcessTable.Find(pid) is { State: not ('Z' or 'X') };
}
