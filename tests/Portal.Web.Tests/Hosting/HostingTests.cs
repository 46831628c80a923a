using System.Net;
using Portal.Testing;
using Portal.Web.Tests.Gateway;

namespace Portal.Web.Tests.Hosting;

public sealed class HostingTests
{
    private static CancellationToken None => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_answer_of_the_portal_carries_the_headers_and_a_new_nonce()
    {
        await using var host = await TestGateway.StartAsync();
        var client = host.Client();

        var first = await client.GetAsync("/sign-in", None);
        var second = await client.GetAsync("/sign-in", None);

        var policy = Assert.Single(first.Headers.GetValues("Content-Security-Policy"), p => p.Contains("script-src", StringComparison.Ordinal));
        Assert.Contains("script-src 'self' 'nonce-", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain(policy, second.Headers.GetValues("Content-Security-Policy"));
        Assert.Equal("nosniff", Assert.Single(first.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("same-origin", Assert.Single(first.Headers.GetValues("Referrer-Policy")));
        Assert.False(first.Headers.Contains("Server"));
    }

    [Fact]
    public async Task An_apps_answers_are_its_own()
    {
        await using var host = await TestGateway.StartAsync();
        await using var upstream = await TestUpstream.StartAsync();
        var app = await host.AddAppAsync("own");
        await host.LeadNowAsync(app.EnvironmentId, app.Label, upstream);

        var response = await host.Client(app.Label).GetAsync("/healthz", None);

        Assert.Equal("one", await response.Content.ReadAsStringAsync(None));
        Assert.False(response.Headers.Contains("Content-Security-Policy"));
    }

    [Theory]
    [InlineData("http://evil.example", null, true)]
    [InlineData("http://app--acme.localhost:8080", null, true)]
    [InlineData("null", null, true)]
    [InlineData("http://localhost:8080", "same-site", true)]
    [InlineData("http://localhost:8080", "same-origin", false)]
    [InlineData(null, null, false)]
    public async Task A_change_is_taken_from_the_portals_own_pages_only(string? origin, string? fetchSite, bool refused)
    {
        await using var host = await TestGateway.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/sign-in") { Content = new FormUrlEncodedContent([]) };
        Add(request, "Origin", origin);
        Add(request, "Sec-Fetch-Site", fetchSite);

        var response = await host.Client().SendAsync(request, None);

        Assert.Equal(refused, response.StatusCode == HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("http://app--acme.localhost:8080", true)]
    [InlineData("http://localhost:8080", false)]
    public async Task A_circuit_is_opened_from_the_portals_own_pages_only(string? origin, bool refused)
    {
        await using var host = await TestGateway.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/_blazor?id=unknown");
        request.Headers.Add("Connection", "Upgrade");
        request.Headers.Add("Upgrade", "websocket");
        request.Headers.Add("Sec-WebSocket-Version", "13");
        request.Headers.Add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        Add(request, "Origin", origin);

        var response = await host.Client().SendAsync(request, HttpCompletionOption.ResponseHeadersRead, None);

        Assert.Equal(refused, response.StatusCode == HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Guessing_at_the_sign_in_door_is_slowed_down()
    {
        await using var host = await TestGateway.StartAsync(settings: ["--Portal:Rates:SignInBurst=3", "--Portal:Rates:SignInsPerMinute=1"]);
        var client = host.Client();
        for (var i = 0; i < 3; i++)
        {
            Assert.NotEqual(HttpStatusCode.TooManyRequests, (await client.PostAsync("/sign-in", new FormUrlEncodedContent([]), None)).StatusCode);
        }

        var limited = await client.PostAsync("/sign-in", new FormUrlEncodedContent([]), None);

        Assert.Equal(HttpStatusCode.TooManyRequests, limited.StatusCode);
        Assert.Equal("application/problem+json", limited.Content.Headers.ContentType?.MediaType);
        Assert.NotNull(limited.Headers.RetryAfter?.Delta);
        // Whoever only reads is not held up by it.
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/sign-in", None)).StatusCode);
    }

    [Fact]
    public async Task A_token_has_a_share_of_its_own()
    {
        await using var host = await TestGateway.StartAsync(settings: ["--Portal:Rates:RequestsPerSecond=1", "--Portal:Rates:AssetsPerSecond=1000"]);
        var client = host.Client();
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 20; i++)
        {
            statuses.Add((await client.GetAsync("/api/v1/teams", None)).StatusCode);
        }
        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/healthz", None)).StatusCode);
    }

    [Fact]
    public async Task The_process_tells_that_it_lives_is_ready_and_how_it_does()
    {
        await using var host = await TestGateway.StartAsync();
        var client = host.Client();

        Assert.Equal("ok", await client.GetStringAsync("/healthz", None));
        Assert.Equal("ready", await client.GetStringAsync("/readyz", None));
        Assert.Contains("http_server_request_duration", await client.GetStringAsync("/metrics", None), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schema_below_the_programs_need_is_not_ready()
    {
        await using var host = await TestGateway.StartAsync();
        await using var owner = Portal.Core.Data.PortalData.Source(host.Database.OwnerConnectionString);
        await using (var forget = owner.CreateCommand("delete from \"__EFMigrationsHistory\""))
        {
            await forget.ExecuteNonQueryAsync(None);
        }

        var response = await host.Client().GetAsync("/readyz", None);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("migrations", await response.Content.ReadAsStringAsync(None), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_its_database_the_process_lives_but_is_not_ready()
    {
        await using var host = await TestGateway.StartAsync();
        var client = host.Client();
        Assert.Equal("ready", await client.GetStringAsync("/readyz", None));

        await host.Database.DisposeAsync();

        await Eventually.True(async () => (await client.GetAsync("/readyz", None)).StatusCode == HttpStatusCode.ServiceUnavailable, what: "not ready");
        var problem = await client.GetAsync("/readyz", None);
        Assert.Equal("application/problem+json", problem.Content.Headers.ContentType?.MediaType);
        Assert.Contains("The database does not answer.", await problem.Content.ReadAsStringAsync(None), StringComparison.Ordinal);
        Assert.Equal("ok", await client.GetStringAsync("/healthz", None));
    }

    [Fact]
    public async Task Measurements_have_the_text_format_of_Prometheus()
    {
        await using var host = await TestGateway.StartAsync();
        var client = host.Client();
        await client.GetStringAsync("/sign-in", None);

        var answer = await client.GetAsync("/metrics", None);

        Assert.Equal("text/plain", answer.Content.Headers.ContentType?.MediaType);
        var lines = (await answer.Content.ReadAsStringAsync(None)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => Assert.Matches("""^(# (TYPE|HELP|UNIT) \S+ .*|# EOF|[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? \S+( \d+)?)$""", line));
        Assert.Contains(lines, line => line == "# TYPE http_server_request_duration_seconds histogram");
        Assert.Contains(lines, line => line.StartsWith("http_server_request_duration_seconds_count{", StringComparison.Ordinal) && line.Contains("http_route=\"/sign-in\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Wrong_settings_are_all_told_at_once()
    {
        var output = new StringWriter();

        var refuses = Web.Hosting.WebHost.Refuses(Web.Hosting.WebHost.CreateBuilder(["--Portal:PublicUrl=nowhere", "--Portal:AppsDomain=a/b"]), output);

        Assert.True(refuses);
        foreach (var setting in (string[])["Portal:PublicUrl", "Portal:AppsDomain", "Portal:DataDirectory", "Portal:MasterKeyFile", "ConnectionStrings:Portal"])
        {
            Assert.Contains(setting, output.ToString(), StringComparison.Ordinal);
        }
    }

    private static void Add(HttpRequestMessage request, string name, string? value)
    {
        if (value is not null)
        {
            request.Headers.Add(name, value);
        }
    }
}
