using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using Portal.Core.Releases;
using Portal.Testing;

namespace Portal.Web.Tests.Gateway;

public sealed class ForwardingTests : IAsyncLifetime
{
    private static CancellationToken None => TestContext.Current.CancellationToken;

    private TestGateway _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await TestGateway.StartAsync();

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Fact]
    public async Task An_address_leads_to_its_app()
    {
        await using var one = await TestUpstream.StartAsync("one");
        await using var two = await TestUpstream.StartAsync("two");
        var first = await _gateway.AddAppAsync("first");
        var second = await _gateway.AddAppAsync("second");
        await _gateway.LeadNowAsync(first.EnvironmentId, first.Label, one);
        await _gateway.LeadNowAsync(second.EnvironmentId, second.Label, two);

        Assert.Equal("one", await _gateway.Client("first--acme").GetStringAsync("/", None));
        Assert.Equal("two", await _gateway.Client("SECOND--acme").GetStringAsync("/", None));
    }

    [Fact]
    public async Task An_unknown_address_says_so_in_the_language_that_was_asked_for()
    {
        var client = _gateway.Client("nobody--acme");

        var page = await client.GetAsync("/", None);
        Assert.Equal(HttpStatusCode.NotFound, page.StatusCode);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.DoesNotContain("<script", await page.Content.ReadAsStringAsync(None), StringComparison.OrdinalIgnoreCase);

        client.DefaultRequestHeaders.Accept.ParseAdd("application/json");
        var problem = await client.GetAsync("/", None);
        Assert.Equal("application/problem+json", problem.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData(RouteStates.Starting, HttpStatusCode.ServiceUnavailable, "starting")]
    [InlineData(RouteStates.Down, HttpStatusCode.ServiceUnavailable, "down")]
    [InlineData(RouteStates.NothingDeployed, HttpStatusCode.NotFound, "Nothing is deployed")]
    public async Task An_app_that_does_not_serve_has_a_page(string state, HttpStatusCode status, string words)
    {
        var app = await _gateway.AddAppAsync("quiet");
        var revision = await _gateway.LeadAsync(app.EnvironmentId, app.Label, state: state);
        Assert.True(await _gateway.Routes.WaitAcknowledgedAsync(revision, TimeSpan.FromSeconds(20), None));

        var response = await _gateway.Client(app.Label).GetAsync("/", None);

        Assert.Equal(status, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Contains(words, await response.Content.ReadAsStringAsync(None), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_instance_that_died_is_passed_over()
    {
        await using var alive = await TestUpstream.StartAsync("alive");
        var dead = await TestUpstream.StartAsync("dead");
        var app = await _gateway.AddAppAsync("pair");
        await _gateway.LeadNowAsync(app.EnvironmentId, app.Label, dead, alive);
        await dead.DisposeAsync();

        var client = _gateway.Client(app.Label);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("alive", await client.GetStringAsync("/", None));
            Assert.Equal("3", await (await client.PostAsync("/length", new StringContent("abc"), None)).Content.ReadAsStringAsync(None));
        }
    }

    [Fact]
    public async Task An_app_without_a_living_instance_is_a_bad_gateway()
    {
        var dead = await TestUpstream.StartAsync();
        var app = await _gateway.AddAppAsync("dead");
        await _gateway.LeadNowAsync(app.EnvironmentId, app.Label, dead);
        await dead.DisposeAsync();

        var response = await _gateway.Client(app.Label).GetAsync("/", None);

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Contains("did not answer", await response.Content.ReadAsStringAsync(None), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_only_Portal_may_say_does_not_reach_an_app_from_outside()
    {
        await using var upstream = await TestUpstream.StartAsync();
        var app = await _gateway.AddAppAsync("clean");
        await _gateway.LeadNowAsync(app.EnvironmentId, app.Label, upstream);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/headers");
        request.Headers.Add("Portal-Event", "forged");
        request.Headers.Add("X-Forwarded-For", "1.2.3.4");
        request.Headers.Add("X-Forwarded-Host", "bank.example");
        request.Headers.Add("Cookie", "theme=dark; portal=secret; portalC1=more; portalTheme=mine; portal-form=secret; __Host-portal-form=x; .AspNetCore.Cookies=the-apps-own");

        var sent = await (await _gateway.Client(app.Label).SendAsync(request, None)).Content.ReadFromJsonAsync<Dictionary<string, string>>(None);

        Assert.NotNull(sent);
        Assert.False(sent.ContainsKey("portal-event"));
        Assert.Equal("127.0.0.1", sent["x-forwarded-for"]);
        Assert.Equal("clean--acme.localhost:8080", sent["x-forwarded-host"]);
        Assert.Equal("http", sent["x-forwarded-proto"]);
        Assert.Equal("clean--acme.localhost:8080", sent["host"]);
        Assert.Equal("theme=dark; portalTheme=mine; .AspNetCore.Cookies=the-apps-own", sent["cookie"]);
    }

    [Fact]
    public async Task A_web_socket_goes_through()
    {
        await using var upstream = await TestUpstream.StartAsync();
        var app = await _gateway.AddAppAsync("socket");
        await _gateway.LeadNowAsync(app.EnvironmentId, app.Label, upstream);
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Host", $"{app.Label}.localhost:8080");

        await socket.ConnectAsync(new Uri($"ws://{_gateway.Url.Authority}/echo"), None);
        await socket.SendAsync(Encoding.UTF8.GetBytes("hello"), WebSocketMessageType.Text, true, None);
        var buffer = new byte[64];
        var answer = await socket.ReceiveAsync(buffer, None);
        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, answer.Count));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, None);
    }

    [Fact]
    public async Task A_stream_arrives_as_it_is_written()
    {
        await using var upstream = await TestUpstream.StartAsync();
        var app = await _gateway.AddAppAsync("stream");
        await _gateway.LeadNowAsync(app.EnvironmentId, app.Label, upstream);

        using var response = await _gateway.Client(app.Label).GetAsync("/stream", HttpCompletionOption.ResponseHeadersRead, None);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(None));
        // The second event is not written before the first has been read here.
        Assert.Equal("data: first", await reader.ReadLineAsync(None));
        upstream.Gate.SetResult();
        Assert.Equal("", await reader.ReadLineAsync(None));
        Assert.Equal("data: second", await reader.ReadLineAsync(None));
    }

    [Fact]
    public async Task A_large_upload_passes_and_one_over_the_limit_is_refused()
    {
        await using var small = await TestGateway.StartAsync(settings: "--Portal:Limits:AppRequestBytes=3000000");
        await using var upstream = await TestUpstream.StartAsync();
        var app = await small.AddAppAsync("upload");
        await small.LeadNowAsync(app.EnvironmentId, app.Label, upstream);
        var client = small.Client(app.Label);

        var passed = await client.PostAsync("/length", new ByteArrayContent(new byte[2_500_000]), None);
        Assert.Equal("2500000", await passed.Content.ReadAsStringAsync(None));
        // Asks before it sends: a refusal in the midst of sending may reach the client as a broken connection instead.
        using var large = new HttpRequestMessage(HttpMethod.Post, "/length") { Content = new ByteArrayContent(new byte[3_500_000]) };
        large.Headers.ExpectContinue = true;
        var refused = await client.SendAsync(large, None);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
    }

    [Fact]
    public async Task Requests_beyond_the_limit_of_an_environment_are_told_to_come_back()
    {
        await using var narrow = await TestGateway.StartAsync(settings: "--Portal:Limits:AppRequestsInFlight=2");
        await using var upstream = await TestUpstream.StartAsync();
        var app = await narrow.AddAppAsync("narrow");
        await narrow.LeadNowAsync(app.EnvironmentId, app.Label, upstream);
        var client = narrow.Client(app.Label);
        var inside = new[] { client.GetStringAsync("/wait", None), client.GetStringAsync("/wait", None) };
        await Eventually.True(() => upstream.Waiting == 2);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/", None)).StatusCode);

        upstream.Gate.SetResult();
        await Task.WhenAll(inside);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/", None)).StatusCode);
    }
}
