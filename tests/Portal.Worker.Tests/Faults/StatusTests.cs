using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Portal.Core.Runtimes.Local;
using Portal.Testing;

namespace Portal.Worker.Tests.Faults;

/// <summary>Every status that a developer may have to act on, made by a real app, and the fix that it offers pressed.</summary>
[Trait("Duration", "Long")]
public sealed class StatusTests : IClassFixture<StatusTests.OneShop>
{
    private readonly Shop _shop;

    public StatusTests(OneShop one) => _shop = one.Shop;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public sealed class OneShop : IAsyncLifetime
    {
        public Shop Shop { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Shop = await Shop.OpenAsync(("BuildSeconds", 90), ("StartSeconds", 25));

        public ValueTask DisposeAsync() => Shop.DisposeAsync();
    }

    [Fact]
    public async Task An_app_on_another_port_is_told_and_can_be_met_there()
    {
        var port = PortalHost.FreePort();
        var status = await FailedAsync("elsewhere", await Apps.PythonAsync(Server($"('127.0.0.1', {port})")), $"v1 did not start: it listens on port {port}, not on the port in PORT");
        Assert.Contains($"listens on {port}", status.Evidence);

        await _shop.FixAsync("elsewhere", $"use-port:{port}");

        await _shop.StatusAsync("elsewhere", "Running v2");
        Assert.Equal("well", await AskAsync("elsewhere"));
    }

    [Fact]
    public async Task An_app_that_ends_is_shown_with_its_code_and_its_last_lines()
    {
        var status = await FailedAsync("ends", await Apps.PythonAsync("import sys; print('cannot go on without a plan', flush=True); sys.exit(3)"), "v1 did not start: it exited with code 3");
        Assert.Contains("cannot go on without a plan", status.Title, StringComparison.Ordinal);
        Assert.Contains("cannot go on without a plan", status.Evidence);
        Assert.NotEmpty(status.Next);
    }

    [Fact]
    public async Task An_app_over_its_memory_gets_more()
    {
        const string hungry = "data = bytearray(600 * 1024 * 1024)\n";
        var status = await FailedAsync("hungry", await Apps.PythonAsync(hungry + Server("(os.environ['HOST'], int(os.environ['PORT']))")), "v1 did not start: it used more than its 512 MB of memory");
        Assert.Equal(["memory:1024"], status.Actions);

        await _shop.FixAsync("hungry", "memory:1024");

        await _shop.StatusAsync("hungry", "Running v2");
        Assert.Equal("well", await AskAsync("hungry"));
    }

    [Fact]
    public async Task A_health_path_that_answers_500_leaves_the_old_release_serving()
    {
        using var repository = await _shop.LiveAsync("unwell", await Apps.PythonAsync(Server("(os.environ['HOST'], int(os.environ['PORT']))")));

        await _shop.ChangeAsync("unwell", new { healthPath = "/bad" });

        var status = await _shop.StatusAsync("unwell", "v2 did not start: its health path /bad answers 500; v1 still serves");
        Assert.Equal("error", status.Severity);
        Assert.Equal("well", await AskAsync("unwell"));
        await _shop.ChangeAsync("unwell", new { healthPath = "/" });
        await _shop.StatusAsync("unwell", "Running v3");
    }

    [Fact]
    public async Task A_start_command_that_is_not_there_is_named()
    {
        var status = await FailedAsync("typo", await Apps.StartedByAsync("gunicornn app:app"), "v1 did not start: the command gunicornn was not found");
        Assert.Contains("correct the start command", status.Next, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dependency_that_cannot_be_installed_is_named()
    {
        await _shop.AddAsync("missing");
        using var repository = await SampleRepository.WithAsync("package.json",
            """{"name":"missing","version":"1.0.0","scripts":{"start":"node ."},"dependencies":{"@portal-sample/there-is-no-such-package":"1.0.0"}}""");
        var story = await _shop.PushAsync("missing", repository);
        Assert.Contains("Install failed: the package @portal-sample/there-is-no-such-package was not found", story, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_variable_is_named_and_adding_it_starts_the_app()
    {
        var status = await FailedAsync("keyless", await Apps.PythonAsync("import os\nkey = os.environ['API_KEY']\n" + Server("(os.environ['HOST'], int(os.environ['PORT']))")), "v1 did not start: the variable API_KEY is missing");
        Assert.Contains("add-variable:API_KEY", status.Actions);

        using var refused = await _shop.Api.PostAsync(new Uri("/api/v1/teams/shop/apps/keyless/environments/production/actions/add-variable:API_KEY", UriKind.Relative), null, Token);
        Assert.Contains("set it among the variables", await refused.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        await _shop.SendAsync(HttpMethod.Put, "keyless/environments/production/variables/API_KEY", new { value = "k-12345", secret = true });

        await _shop.StatusAsync("keyless", "Running v2");
        Assert.Equal("well", await AskAsync("keyless"));
    }

    [Fact]
    public async Task A_build_over_its_time_says_so_and_can_be_tried_again()
    {
        await _shop.AddAsync("endless");
        using var repository = await Apps.BuiltByAsync("echo waiting for an answer; exec sleep 600");
        var story = await _shop.PushAsync("endless", repository);
        Assert.Contains("Build took longer than the limit of 90 seconds", story, StringComparison.Ordinal);

        await _shop.FixAsync("endless", "retry");

        var build = await _shop.NewestBuildAsync("endless");
        Assert.Equal(2, build.GetProperty("number").GetInt32());
        await _shop.SendAsync(HttpMethod.Post, "endless/builds/2/cancel", null);
    }

    [Fact]
    public async Task A_full_disk_is_said_by_the_build_and_the_app_that_runs_goes_on()
    {
        Assert.SkipUnless(ProcessTable.IsRoot, "Only root can make a small disk.");
        await using var shop = await Shop.OpenAsync(("LeastFreeMb", 0));
        using var steady = await shop.LiveAsync("steady", await Apps.PythonAsync(Server("(os.environ['HOST'], int(os.environ['PORT']))")));
        var artifacts = Path.Combine(shop.Host.DataDirectory, "artifacts");
        (await Cli.RunAsync("mount", ["-t", "tmpfs", "-o", "size=64m,mode=755", "tmpfs", artifacts], cancellationToken: Token)).Expect();
        try
        {
            await shop.AddAsync("filler");
            using var repository = await Apps.BuiltByAsync("head -c 100000000 /dev/zero > big");
            var story = await shop.PushAsync("filler", repository);
            Assert.True(story.Contains("Build failed: no disk space is left", StringComparison.Ordinal), story);
            using var visit = shop.Visit("steady");
            Assert.Equal("well", await visit.GetStringAsync("/", Token));
        }
        finally
        {
            (await Cli.RunAsync("umount", ["-l", artifacts], cancellationToken: Token)).Expect();
        }
    }

    private async Task<ShownStatus> FailedAsync(string app, SampleRepository repository, string words)
    {
        using (repository)
        {
            await _shop.AddAsync(app);
            var story = await _shop.PushAsync(app, repository);
            Assert.True(story.Contains(words, StringComparison.Ordinal), story);
        }
        var status = await _shop.StatusAsync(app, words, seconds: 5);
        Assert.Equal("error", status.Severity);
        return status;
    }

    private async Task<string> AskAsync(string app)
    {
        using var client = _shop.Visit(app);
        return await client.GetStringAsync("/", Token);
    }

    /// <summary>Answers "well", and 500 for <c>/bad</c>.</summary>
    private static string Server(string address) =>
        $$"""
        import http.server, os
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(500 if self.path == '/bad' else 200); self.end_headers(); self.wfile.write(b'well')
        http.server.ThreadingHTTPServer({{address}}, Handler).serve_forever()
        """;
}
