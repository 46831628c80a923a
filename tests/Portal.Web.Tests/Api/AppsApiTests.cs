using System.Net;

namespace Portal.Web.Tests.Api;

public sealed class AppsApiTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Apps = "/api/v1/teams/shop/apps";

    [Fact]
    public async Task An_app_with_portal_s_own_repository_tells_where_to_push()
    {
        var made = (await host.As("developer").PostAsync(Apps, new { name = "api" })).Expect(HttpStatusCode.Created);
        Assert.Equal($"{Apps}/api", made.Message.Headers.Location!.OriginalString);
        Assert.Equal("http://localhost:8080/git/shop/api.git", (string)made.Json["pushUrl"]!);
        Assert.Null(made.Json["webhook"]);
        var production = made.Json["environments"]![0]!;
        Assert.Equal("production", (string)production["name"]!);
        Assert.Equal("http://api--shop.localhost:8080", (string)production["address"]!);
        Assert.Equal("asleep", (string)production["status"]!["severity"]!);
        Assert.Equal("push", (string)production["deployOn"]![0]!["on"]!);
        Assert.False((bool)production["autoDeploy"]!["paused"]!);

        var read = (await host.As("viewer").GetAnswerAsync($"{Apps}/api")).Expect(HttpStatusCode.OK);
        Assert.Equal("portal", (string)read.Json["source"]!["kind"]!);
        Assert.Contains((await host.As("viewer").GetAnswerAsync(Apps)).Json["items"]!.AsArray(), a => (string)a!["name"]! == "api");
    }

    [Fact]
    public async Task A_webhook_s_secret_is_shown_once()
    {
        var made = (await host.As("developer").PostAsync(Apps, new { name = "hooked", source = new { kind = "git", url = "https://example.org/shop/hooked.git", branch = "main" } }))
            .Expect(HttpStatusCode.Created);
        var secret = (string)made.Json["webhook"]!["secret"]!;
        Assert.StartsWith("http://localhost:8080/webhooks/git/", (string)made.Json["webhook"]!["url"]!, StringComparison.Ordinal);
        var read = await host.As("developer").GetAnswerAsync($"{Apps}/hooked");
        Assert.DoesNotContain(secret, read.Body, StringComparison.Ordinal);
        Assert.Equal("main", (string)read.Json["source"]!["branch"]!);
        var rotated = (await host.As("developer").PostAsync($"{Apps}/hooked/webhook-secret")).Expect(HttpStatusCode.OK);
        Assert.NotEqual(secret, (string)rotated.Json["secret"]!);
    }

    [Theory]
    [InlineData("{\"name\":\"x1\",\"source\":{\"kind\":\"git\"}}", "source.url")]
    [InlineData("{\"name\":\"x1\",\"source\":{\"kind\":\"git\",\"url\":\"file:///etc\"}}", "source.url")]
    [InlineData("{\"name\":\"x1\",\"source\":{\"kind\":\"portal\",\"directory\":\"../up\"}}", "source.directory")]
    [InlineData("{\"name\":\"x1\",\"deployOn\":[{\"on\":\"tag\"}]}", "deployOn")]
    [InlineData("{\"name\":\"new\"}", "name")]
    public async Task A_wrong_app_is_not_made(string body, string field)
    {
        (await host.As("developer").CallAsync(HttpMethod.Post, Apps, raw: body)).ExpectField(field);
        (await host.As("developer").GetAnswerAsync($"{Apps}/x1")).ExpectProblem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task The_same_name_twice_is_a_conflict_that_names_the_field()
    {
        (await host.As("developer").PostAsync(Apps, new { name = "twice" })).Expect(HttpStatusCode.Created);
        (await host.As("developer").PostAsync(Apps, new { name = "twice" })).ExpectField("name", HttpStatusCode.Conflict);
    }

    [Theory]
    [InlineData("viewer", "POST", Apps, "{\"name\":\"nope\"}", HttpStatusCode.Forbidden)]
    [InlineData("auditor", "POST", Apps, "{\"name\":\"nope\"}", HttpStatusCode.Forbidden)]
    [InlineData("outsider", "POST", Apps, "{\"name\":\"nope\"}", HttpStatusCode.NotFound)]
    [InlineData("developer", "DELETE", Apps + "/guarded", null, HttpStatusCode.Forbidden)]
    [InlineData("outsider", "GET", Apps + "/guarded", null, HttpStatusCode.NotFound)]
    [InlineData("viewer", "PATCH", Apps + "/guarded", "{}", HttpStatusCode.Forbidden)]
    [InlineData("viewer", "POST", Apps + "/guarded/deploys", "{\"environment\":\"production\"}", HttpStatusCode.Forbidden)]
    [InlineData("viewer", "PUT", Apps + "/guarded/environments/production/variables/KEY", "{\"value\":\"x\"}", HttpStatusCode.Forbidden)]
    [InlineData("viewer", "POST", Apps + "/guarded/environments/production/releases/1/rollback", null, HttpStatusCode.Forbidden)]
    public async Task Nobody_does_what_they_may_not(string who, string method, string address, string? body, HttpStatusCode expected)
    {
        await host.As("developer").PostAsync(Apps, new { name = "guarded" });
        (await host.As(who).CallAsync(new HttpMethod(method), address, raw: body)).ExpectProblem(expected);
    }

    [Fact]
    public async Task A_denied_change_is_in_the_trail()
    {
        await host.As("developer").PostAsync(Apps, new { name = "watched" });
        (await host.As("viewer").CallAsync(HttpMethod.Delete, $"{Apps}/watched")).ExpectProblem(HttpStatusCode.Forbidden);
        var entry = (await host.As("maintainer").GetAnswerAsync("/api/v1/audit?team=shop&app=watched&outcome=refused")).Json["items"]![0]!;
        Assert.Equal("delete-app", (string)entry["action"]!);
        Assert.Contains("viewer", (string)entry["actor"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_made_in_between_is_refused()
    {
        var client = host.As("developer");
        var first = await client.PostAsync(Apps, new { name = "edited" });
        var changed = (await client.CallAsync(HttpMethod.Patch, $"{Apps}/edited", new { source = new { directory = "web" } }, null, ("If-Match", first.ETag!))).Expect(HttpStatusCode.OK);
        Assert.Equal("web", (string)changed.Json["source"]!["directory"]!);
        Assert.NotEqual(first.ETag, changed.ETag);
        (await client.CallAsync(HttpMethod.Patch, $"{Apps}/edited", new { source = new { directory = "late" } }, null, ("If-Match", first.ETag!)))
            .ExpectProblem(HttpStatusCode.PreconditionFailed);
        (await client.CallAsync(HttpMethod.Patch, $"{Apps}/edited", new { build = new { start = "node x.js" } }, null, ("If-Match", changed.ETag!))).Expect(HttpStatusCode.OK);
        (await client.CallAsync(HttpMethod.Patch, $"{Apps}/edited", new { }, null, ("If-Match", "unquoted"))).ExpectField("If-Match");
        Assert.Equal("web", (string)(await client.GetAnswerAsync($"{Apps}/edited")).Json["source"]!["directory"]!);
    }

    [Fact]
    public async Task A_deleted_app_is_gone_for_every_reader()
    {
        await host.As("developer").PostAsync(Apps, new { name = "gone" });
        (await host.As("maintainer").CallAsync(HttpMethod.Delete, $"{Apps}/gone")).Expect(HttpStatusCode.Accepted);
        (await host.As("maintainer").GetAnswerAsync($"{Apps}/gone")).ExpectProblem(HttpStatusCode.NotFound);
        (await host.As("maintainer").CallAsync(HttpMethod.Delete, $"{Apps}/gone")).ExpectProblem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_list_is_read_page_by_page()
    {
        foreach (var name in new[] { "page-a", "page-b", "page-c" })
        {
            await host.As("developer").PostAsync(Apps, new { name });
        }
        var first = (await host.As("viewer").GetAnswerAsync($"{Apps}?search=page-&limit=2")).Json;
        Assert.Equal(["page-a", "page-b"], first["items"]!.AsArray().Select(a => (string)a!["name"]!));
        var second = (await host.As("viewer").GetAnswerAsync($"{Apps}?search=page-&limit=2&after={Uri.EscapeDataString((string)first["next"]!)}")).Json;
        Assert.Equal(["page-c"], second["items"]!.AsArray().Select(a => (string)a!["name"]!));
        Assert.Null(second["next"]);
    }
}
