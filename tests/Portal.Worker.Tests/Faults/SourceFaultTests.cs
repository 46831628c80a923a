using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Portal.Testing;

namespace Portal.Worker.Tests.Faults;

/// <summary>Hostile and unlucky sources, pushed through the real doors of a running Portal.</summary>
[Trait("Duration", "Long")]
public sealed class SourceFaultTests : IAsyncLifetime
{
    private PortalHost _host = null!;
    private HttpClient _api = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await PortalHost.StartAsync(environment: new Dictionary<string, string?>
        {
            ["Portal__Git__AllowHttp"] = "true",
            ["Portal__Git__AllowedInternalHosts__0"] = "127.0.0.1",
            ["Portal__Git__PollSeconds"] = "30",
        });
        _api = _host.Client();
        (await _api.PostAsJsonAsync("/api/v1/teams", new { name = "shop" }, Token)).EnsureSuccessStatusCode();
    }

    [Fact]
    public async Task Odd_trees_do_no_harm_and_their_plain_files_are_served()
    {
        using var sample = await SampleRepository.OfAsync("static");
        foreach (var name in new[] { "a\nb.txt", "q\"uote'.txt", "-rf.txt", "ünï.txt", "$(touch x).txt", " .txt" })
        {
            sample.Write(name, "odd");
        }
        sample.Link("passwd.txt", "/etc/passwd");
        sample.Link("up", "../../../../../../etc");
        for (var i = 0; i < 10_000; i++)
        {
            sample.Write(string.Create(CultureInfo.InvariantCulture, $"f{i}.txt"), "x");
        }
        await sample.CommitAsync("<script>alert(1)</script>\u001b[2J");
        var story = await PushAsync("odd", sample);

        Assert.Contains("v1 is live", story, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[2J", story, StringComparison.Ordinal);
        using var app = _host.AppClient("odd--shop");
        Assert.Equal("x", await app.GetStringAsync("/f9999.txt", Token));
        Assert.Equal("odd", await app.GetStringAsync("/-rf.txt", Token));
        Assert.Equal("odd", await app.GetStringAsync("/" + Uri.EscapeDataString("ünï.txt"), Token));
        Assert.Equal("odd", await app.GetStringAsync("/" + Uri.EscapeDataString("q\"uote'.txt"), Token));
        foreach (var path in new[] { "/passwd.txt", "/up/passwd", "/up/hostname" })
        {
            var answer = await app.GetAsync(path, Token);
            Assert.Equal((HttpStatusCode.NotFound, path), (answer.StatusCode, path));
            Assert.DoesNotContain("root:", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        }
        var build = await _api.GetFromJsonAsync<JsonElement>("/api/v1/teams/shop/apps/odd/builds/1", Token);
        Assert.Equal("<script>alert(1)</script> [2J", build.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Twenty_deliveries_at_the_same_instant_are_one_build_and_a_lost_one_costs_only_time()
    {
        using var sample = await SampleRepository.OfAsync("static");
        Assert.Contains("v1 is live", await PushAsync("origin", sample), StringComparison.Ordinal);
        await using var outside = GitOverHttp.Start(Path.Combine(_host.DataDirectory, "repositories", $"{await IdOfAsync("origin")}.git"));
        var answer = await _api.PostAsJsonAsync("/api/v1/teams/shop/apps", new { name = "copy", source = new { kind = "git", url = outside.Url } }, Token);
        answer.EnsureSuccessStatusCode();
        var secret = (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("webhook").GetProperty("secret").GetString()!;
        var app = await IdOfAsync("copy");
        // Nobody delivers: the branch's head is found by looking.
        await StateAsync("copy", 1, "succeeded", TimeSpan.FromMinutes(3));

        sample.Write("index.html", "second");
        await sample.CommitAsync("second");
        await PushAsync("origin", sample, made: true);
        var head = (await Cli.RunAsync("git", ["ls-remote", outside.Url, "refs/heads/main"], cancellationToken: Token)).Expect().Output[..40];
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => DeliverAsync(app, secret, "same", head)));
        Assert.All(answers, a => Assert.InRange((int)a.StatusCode, 200, 202));
        await StateAsync("copy", 2, "succeeded", TimeSpan.FromMinutes(2));
        Assert.Equal(HttpStatusCode.OK, (await DeliverAsync(app, secret, "same", head)).StatusCode);
        var builds = await _api.GetFromJsonAsync<JsonElement>("/api/v1/teams/shop/apps/copy/builds", Token);
        Assert.Equal(2, builds.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task The_doors_refuse_while_the_database_is_away_and_work_when_it_is_back()
    {
        using var sample = await SampleRepository.OfAsync("static");
        Assert.Contains("v1 is live", await PushAsync("away", sample), StringComparison.Ordinal);
        using (var database = Process.GetProcessById(int.Parse(_host.Process("postgres"), CultureInfo.InvariantCulture)))
        {
            database.Kill();
        }
        using var http = new HttpClient { BaseAddress = _host.Url };
        var refused = await DeliverAsync(Guid.NewGuid().ToString(), "s", "1", new string('a', 40));
        Assert.Contains(refused.StatusCode, new[] { HttpStatusCode.ServiceUnavailable, HttpStatusCode.NotFound });
        sample.Write("index.html", "after");
        await sample.CommitAsync("after");
        string? story = null;
        await Eventually.True(async () =>
        {
            try
            {
                story = await PushAsync("away", sample, made: true);
                return true;
            }
            catch (InvalidOperationException e)
            {
                Assert.DoesNotContain("500", e.Message, StringComparison.Ordinal);
                return false;
            }
        }, TimeSpan.FromMinutes(2), "a push is taken again");
        Assert.Contains("v2 is live", story, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        _api.Dispose();
        await _host.DisposeAsync();
    }

    private async Task<string> PushAsync(string app, SampleRepository sample, bool made = false)
    {
        if (!made)
        {
            (await _api.PostAsJsonAsync("/api/v1/teams/shop/apps", new { name = app, source = new { kind = "portal" } }, Token)).EnsureSuccessStatusCode();
        }
        return await sample.PushAsync($"{_host.Url}git/shop/{app}.git", _host.AdminToken);
    }

    private async Task<string> IdOfAsync(string app) => (await _api.GetFromJsonAsync<JsonElement>($"/api/v1/teams/shop/apps/{app}", Token)).GetProperty("id").GetString()!;

    private Task StateAsync(string app, int number, string state, TimeSpan within) => Eventually.True(async () =>
    {
        var answer = await _api.GetAsync($"/api/v1/teams/shop/apps/{app}/builds/{number}", Token);
        return answer.IsSuccessStatusCode && (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("state").GetString() == state;
    }, within, $"build {number} of {app} is {state}");

    private async Task<HttpResponseMessage> DeliverAsync(string app, string secret, string delivery, string commit)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new { @ref = "refs/heads/main", before = new string('0', 40), after = commit, pusher = new { name = "ada" } });
        using var http = new HttpClient { BaseAddress = _host.Url };
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/webhooks/github/{app}") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.Add("X-GitHub-Event", "push");
        request.Headers.Add("X-GitHub-Delivery", delivery);
        request.Headers.Add("X-Hub-Signature-256", "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body)));
        return await http.SendAsync(request, Token);
    }
}
