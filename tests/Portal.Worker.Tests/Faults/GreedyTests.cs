using Portal.Testing;

namespace Portal.Worker.Tests.Faults;

/// <summary>Builds and apps that take whatever they are given: each ends with a plain reason, and an app beside them misses nothing.</summary>
[Trait("Duration", "Long")]
public sealed class GreedyTests : IClassFixture<GreedyTests.OneShop>, IDisposable
{
    private readonly Shop _shop;
    private readonly SteadyVisitor _visitor;

    public GreedyTests(OneShop one)
    {
        _shop = one.Shop;
        _visitor = _shop.VisitSteadily("steady");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _visitor.Dispose();

    /// <summary>With an app that is visited all the time.</summary>
    public sealed class OneShop : IAsyncLifetime
    {
        public Shop Shop { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Shop = await Shop.OpenAsync(("BuildMemoryMb", 400), ("BuildProcesses", 300), ("BuildDiskMb", 256), ("AppDiskMb", 64), ("StartSeconds", 300));
            using var repository = await Shop.LiveAsync("steady", await Apps.PatientAsync());
        }

        public ValueTask DisposeAsync() => Shop.DisposeAsync();
    }

    [Fact]
    public async Task A_build_that_takes_too_much_ends_with_what_it_took()
    {
        foreach (var (app, command, reason) in new[]
        {
            ("forks", "exec perl -e 'while (1) { fork(); select(undef, undef, undef, 0.05) }'", "Build failed: it started more than 300 processes at once"),
            ("eats", "exec perl -e 'my @all; push @all, \"x\" x 10_000_000 while 1'", "Build failed: it used more than its 400 MB of memory"),
            ("fills", "while :; do head -c 20000000 /dev/zero > file$((n=n+1)); done", "Build failed: it used more than 256 MB of disk"),
        })
        {
            await _shop.AddAsync(app);
            using var repository = await Apps.BuiltByAsync(command);
            var story = await _shop.PushAsync(app, repository);
            Assert.True(story.Contains(reason, StringComparison.Ordinal), story);
            var build = await _shop.NewestBuildAsync(app);
            Assert.Equal("failed", build.GetProperty("state").GetString());
            Assert.StartsWith(reason, build.GetProperty("reason").GetString(), StringComparison.Ordinal);
        }
        await NothingWasMissedAsync();
    }

    [Fact]
    public async Task A_build_that_prints_500_MB_is_cut_says_so_and_goes_live()
    {
        await _shop.AddAsync("talks");
        using var repository = await Apps.BuiltByAsync("yes 'all work and no play makes Jack a very dull and talkative boy' | head -c 500000000; echo the end");
        var push = _shop.PushAsync("talks", repository);
        await Eventually.True(() => push.IsCompleted || Memory("worker") > 600 || Memory("web") > 600, TimeSpan.FromMinutes(10), "the build ends");
        Assert.True(push.IsCompleted, $"worker {Memory("worker")} MB, web {Memory("web")} MB");
        Assert.Contains("v1 is live", await push, StringComparison.Ordinal);
        var log = await _shop.Api.GetStringAsync("/api/v1/teams/shop/apps/talks/builds/1/log", Token);
        Assert.InRange(log.Length, 8_000_000, 9_000_000);
        Assert.Contains("more lines were not kept: a log has at most 8 MB", log, StringComparison.Ordinal);
        Assert.Contains("the end", log, StringComparison.Ordinal);
        await NothingWasMissedAsync();
    }

    [Fact]
    public async Task An_app_that_prints_500_MB_is_bounded_and_says_so()
    {
        using var repository = await _shop.LiveAsync("shouts", await Apps.StartedByAsync("yes 'all work and no play makes Jack a very dull and talkative boy' | head -c 500000000; exec python3 -m http.server --bind 127.0.0.1 $PORT"));
        Assert.Contains("lines dropped: more than 1000 lines came in one second", await _shop.Api.GetStringAsync("/api/v1/teams/shop/apps/shouts/environments/production/logs", Token), StringComparison.Ordinal);
        var folder = Assert.Single(_shop.Instances("shouts"));
        Assert.True(Directory.EnumerateFiles(folder, "output-*").Sum(f => new FileInfo(f).Length) < 9 * 1024 * 1024);
        Assert.InRange(Memory("worker"), 1, 600);
        await NothingWasMissedAsync();
    }

    [Fact]
    public async Task An_app_over_its_memory_or_disk_says_so_and_offers_what_helps()
    {
        using var eater = await _shop.LiveAsync("eater", await Apps.PythonAsync(OnDemand("data = []\n        while True: data.append(bytearray(5_000_000))")));
        await _shop.ChangeAsync("eater", new { scale = new { memoryMb = 64 } });
        await _shop.StatusAsync("eater", "Running v2");
        await AskAsync("eater");
        var status = await _shop.StatusAsync("eater", "memory");
        Assert.Contains("64 MB", status.Title + status.Detail, StringComparison.Ordinal);
        Assert.Contains("memory:128", status.Actions);
        await _shop.FixAsync("eater", "memory:128");
        await _shop.StatusAsync("eater", "Running v3");
        Assert.Equal(128, (await _shop.EnvironmentAsync("eater")).GetProperty("scale").GetProperty("memoryMb").GetInt32());

        using var filler = await _shop.LiveAsync("filler", await Apps.PythonAsync(OnDemand("n = 0\n        while True:\n            n += 1; open(f'file{n}', 'wb').write(bytes(5_000_000))")));
        await AskAsync("filler");
        status = await _shop.StatusAsync("filler", "it used more than 64 MB of disk");
        Assert.Contains("an admin can allow more", status.Next, StringComparison.Ordinal);
        var disk = Directory.EnumerateFiles(_shop.Instances("filler").Single(), "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length);
        Assert.True(disk < 64_000_000, $"{disk} bytes are still there");
        await NothingWasMissedAsync();
    }

    private async Task NothingWasMissedAsync()
    {
        var (answered, failures) = await _visitor.StopAsync();
        Assert.True(answered > 10);
        Assert.Empty(failures);
    }

    private async Task AskAsync(string app)
    {
        using var client = _shop.Visit(app);
        using var answer = await client.GetAsync("/now", Token);
    }

    private long Memory(string host) =>
        Portal.Core.Runtimes.Local.ProcessTable.Find(int.Parse(_shop.Host.Process(host), System.Globalization.CultureInfo.InvariantCulture)) is { } row ? row.RssPages * Environment.SystemPageSize / 1024 / 1024 : 0;

    /// <summary>A web app that does this when it is asked for <c>/now</c>.</summary>
    private static string OnDemand(string code) =>
        $$"""
        import http.server, os
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path == '/now': self.now()
                self.send_response(200); self.end_headers()
            def now(self):
                {{code}}
        http.server.ThreadingHTTPServer((os.environ['HOST'], int(os.environ['PORT'])), Handler).serve_forever()
        """;
}
