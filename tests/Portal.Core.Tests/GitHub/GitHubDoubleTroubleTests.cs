using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Octokit;
using Portal.Testing.GitHub;

namespace Portal.Core.Tests.GitHub;

/// <summary>The double on bad days: limits, outages, new names, lost and repeated deliveries.</summary>
public sealed class GitHubDoubleTroubleTests : IAsyncLifetime
{
    private DoubleBench _bench = null!;
    private GitHubClient _client = null!;
    private DoubleApp _app = null!;
    private DoubleInstallation _installation = null!;

    private GitHubDouble GitHub => _bench.GitHub;

    private DoubleRepository Repository => _bench.Repository;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bench = await DoubleBench.StartAsync();
        await GitHub.CommitAsync(Repository, "main", Files("1"));
        _app = _bench.App();
        _installation = await GitHub.InstallAsync(_app, "acme");
        _client = _bench.Client(await _bench.TokenAsync(_app, _installation));
        await GitHub.Deliveries.SettledAsync(Token);
    }

    public async ValueTask DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task The_primary_limit_ends_with_the_hour()
    {
        GitHub.Limits.Remaining = 1;
        await _client.Repository.Get("acme", "shop");
        var limited = await Assert.ThrowsAsync<RateLimitExceededException>(() => _client.Repository.Get("acme", "shop"));
        Assert.Equal((0, GitHub.Now.AddHours(1).ToUnixTimeSeconds()), (limited.Remaining, limited.Reset.ToUnixTimeSeconds()));
        Assert.Equal(0, (await _client.RateLimit.GetRateLimits()).Rate.Remaining);
        _bench.Time.Advance(TimeSpan.FromMinutes(60));
        _client = _bench.Client(await _bench.TokenAsync(_app, _installation));
        await _client.Repository.Get("acme", "shop");
        Assert.Equal(4999, GitHub.Limits.Remaining);
    }

    [Fact]
    public async Task The_secondary_limit_says_how_long_to_wait()
    {
        GitHub.Limits.Secondary(TimeSpan.FromSeconds(90));
        var limited = await Assert.ThrowsAsync<SecondaryRateLimitExceededException>(() => _client.Repository.Get("acme", "shop"));
        Assert.Equal("90", limited.HttpResponse.Headers["Retry-After"]);
        _bench.Time.Advance(TimeSpan.FromSeconds(90));
        await _client.Repository.Get("acme", "shop");
    }

    [Fact]
    public async Task What_has_not_changed_costs_nothing()
    {
        using var http = await HttpAsync();
        using var first = await http.GetAsync("repos/acme/shop/branches/main", Token);
        var left = Remaining(first);
        http.DefaultRequestHeaders.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await http.GetAsync("repos/acme/shop/branches/main", Token);
        Assert.Equal((HttpStatusCode.NotModified, left), (second.StatusCode, Remaining(second)));
        await GitHub.CommitAsync(Repository, "main", Files("2"));
        using var third = await http.GetAsync("repos/acme/shop/branches/main", Token);
        Assert.Equal((HttpStatusCode.OK, left - 1), (third.StatusCode, Remaining(third)));
    }

    [Fact]
    public async Task An_old_name_leads_to_the_repository_until_it_is_taken()
    {
        await GitHub.RenameRepositoryAsync(Repository, "store");
        Assert.Equal("acme/store", (await _client.Repository.Get("acme", "shop")).FullName);
        Assert.Contains(GitHub.Requests.All, r => r is { Path: "/api/v3/repos/acme/shop", Status: 301 });
        Assert.Equal("main", (await _client.Repository.Branch.Get("acme", "shop", "main")).Name);
        var other = GitHub.AddRepository("acme", "shop");
        Assert.Equal(other.Id, (await _client.Repository.Get("acme", "shop")).Id);

        await GitHub.TransferRepositoryAsync(Repository, "grace");
        await Assert.ThrowsAsync<NotFoundException>(() => _client.Repository.Get(Repository.Id));
        await GitHub.Deliveries.SettledAsync(Token);
        Assert.Equal(["renamed", "created", "transferred"], _bench.Receiver.Got.Where(g => g.Event == "repository").Select(g => (string?)g.Json["action"]));
        Assert.Equal("removed", (string?)_bench.Receiver.Got.Last(g => g.Event == "installation_repositories").Json["action"]);
    }

    [Fact]
    public async Task An_outage_is_seen_as_one_and_ends()
    {
        GitHub.Outage.Answer(503, times: 1, path: "/api/v3/");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await Assert.ThrowsAsync<ApiException>(() => _client.Repository.Get("acme", "shop"))).StatusCode);
        GitHub.Outage.Reset(times: 1);
        await Assert.ThrowsAsync<HttpRequestException>(() => _client.Repository.Get("acme", "shop"));
        var arrived = GitHub.Outage.Hang();
        var hanging = _client.Repository.Get("acme", "shop");
        await arrived.WaitAsync(Token);
        Assert.False(hanging.IsCompleted);
        GitHub.Outage.End();
        Assert.Equal("shop", (await hanging).Name);
    }

    [Fact]
    public async Task A_failed_delivery_is_listed_and_tried_again_with_the_same_guid()
    {
        _bench.Receiver.Status = 503;
        for (var i = 0; i < 3; i++)
        {
            await GitHub.CommitAsync(Repository, "main", Files($"failed {i}"));
        }
        await GitHub.Deliveries.SettledAsync(Token);
        _bench.Receiver.Status = 202;
        using var http = await HttpAsync(Jwt.Of(_app, GitHub));
        using var first = await http.GetAsync("app/hook/deliveries?status=failure&per_page=2", Token);
        var page = JsonNode.Parse(await first.Content.ReadAsStringAsync(Token))!.AsArray();
        var next = first.Headers.GetValues("Link").Single().Split('<', '>')[1];
        var failed = page.Concat(JsonNode.Parse(await http.GetStringAsync(next, Token))!.AsArray()).ToList();
        // Each push also opened a suite of checks.
        Assert.Equal(4, failed.Count);
        Assert.All(failed, f => Assert.Equal((503, "Invalid HTTP Response: 503"), ((int)f!["status_code"]!, (string?)f["status"])));
        var id = (long)failed[0]!["id"]!;
        var full = JsonNode.Parse(await http.GetStringAsync($"app/hook/deliveries/{id}", Token))!;
        Assert.Equal((string?)full["guid"], (string?)full["request"]!["headers"]!["X-GitHub-Delivery"]);

        using var again = await http.PostAsync($"app/hook/deliveries/{id}/attempts", null, Token);
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
        await GitHub.Deliveries.SettledAsync(Token);
        var last = GitHub.Deliveries.Log[^1];
        Assert.Equal((true, (string?)full["guid"], 202), (last.Redelivery, last.Guid.ToString(), last.StatusCode));
        Assert.Equal(last.Guid.ToString(), _bench.Receiver.Got[^1].Delivery);
        _bench.Time.Advance(TimeSpan.FromDays(4));
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Jwt.Of(_app, GitHub));
        Assert.Equal("[]", await http.GetStringAsync("app/hook/deliveries", Token));
    }

    [Fact]
    public async Task Deliveries_are_lost_doubled_held_and_turned_around()
    {
        GitHub.Deliveries.Drop = 1;
        await GitHub.CommitAsync(Repository, "main", Files("lost"));
        Assert.All(GitHub.Deliveries.Log.TakeLast(2), d => Assert.False(d.Succeeded));
        GitHub.Deliveries.Drop = 0;
        GitHub.Deliveries.Duplicate = 1;
        await GitHub.CommitAsync(Repository, "main", Files("doubled"));
        await GitHub.Deliveries.SettledAsync(Token);
        var pushes = _bench.Receiver.Got.Where(g => g.Event == "push").ToList();
        Assert.Equal((2, 1), (pushes.Count, pushes.Select(p => p.Delivery).Distinct().Count()));

        GitHub.Deliveries.Duplicate = 0;
        await GitHub.Deliveries.HoldAsync(Token);
        var older = await GitHub.CommitAsync(Repository, "main", Files("older"));
        var newer = await GitHub.CommitAsync(Repository, "main", Files("newer"));
        Assert.Equal(2, _bench.Receiver.Got.Count(g => g.Event == "push"));
        await GitHub.Deliveries.ReleaseAsync(held => held.Reverse(), Token);
        Assert.Equal([newer, older], _bench.Receiver.Got.Where(g => g.Event == "push").Skip(2).Select(g => (string?)g.Json["after"]));
    }

    [Fact]
    public async Task A_shuffled_order_is_another_one_and_nothing_is_lost()
    {
        GitHub.Deliveries.Shuffle = true;
        for (var i = 0; i < 20; i++)
        {
            GitHub.Send(_app, "experiment", new JsonObject { ["number"] = i });
        }
        await GitHub.Deliveries.SettledAsync(Token);
        var numbers = _bench.Receiver.Got.Where(g => g.Event == "experiment").Select(g => (int)g.Json["number"]!).ToList();
        Assert.NotEqual(Enumerable.Range(0, 20), numbers);
        Assert.Equal(Enumerable.Range(0, 20), numbers.Order());
    }

    [Fact]
    public async Task The_hook_changes_through_the_API_and_a_payload_that_is_too_large_is_told_to_nobody()
    {
        using var http = await HttpAsync(Jwt.Of(_app, GitHub));
        using var body = new StringContent("""{"secret":"second","content_type":"form"}""");
        using var changed = await http.PatchAsync("app/hook/config", body, Token);
        Assert.DoesNotContain("second", await changed.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        GitHub.Send(_app, "experiment", new JsonObject { ["text"] = "a & ü" });
        GitHub.Send(_app, "experiment", new JsonObject { ["text"] = new string('x', 27_000_000) });
        await GitHub.Deliveries.SettledAsync(Token);
        var got = _bench.Receiver.Got.Single(g => g.Event == "experiment");
        Assert.True(got.SignedBy("second"));
        Assert.Equal("""payload={"text":"a & ü"}""", WebUtility.UrlDecode(System.Text.Encoding.UTF8.GetString(got.Body)));
        Assert.Equal(1, GitHub.Deliveries.TooLarge);
    }

    [Fact]
    public async Task A_receiver_that_does_not_answer_in_time_has_failed()
    {
        GitHub.Deliveries.Deadline = TimeSpan.FromMilliseconds(200);
        _bench.Receiver.Silent = true;
        await GitHub.CommitAsync(Repository, "main", Files("late"));
        await GitHub.Deliveries.SettledAsync(Token);
        Assert.Equal((504, "timed out"), (GitHub.Deliveries.Log[^1].StatusCode, GitHub.Deliveries.Log[^1].Status));
    }

    private static Dictionary<string, string> Files(string content) => new() { ["a.txt"] = content };

    private static int Remaining(HttpResponseMessage response) =>
        int.Parse(response.Headers.GetValues("X-RateLimit-Remaining").Single(), System.Globalization.CultureInfo.InvariantCulture);

    private async Task<HttpClient> HttpAsync(string? token = null)
    {
        var http = new HttpClient { BaseAddress = new Uri(GitHub.Url, "api/v3/") };
        http.DefaultRequestHeaders.UserAgent.ParseAdd("portal");
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token ?? await _bench.TokenAsync(_app, _installation));
        return http;
    }
}
