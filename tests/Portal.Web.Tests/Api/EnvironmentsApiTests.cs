using System.Net;
using Portal.Core.Apps;
using Portal.Core.Common;

namespace Portal.Web.Tests.Api;

public sealed class EnvironmentsApiTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Apps = "/api/v1/teams/shop/apps";

    [Fact]
    public async Task An_environment_is_made_changed_paused_and_deleted()
    {
        await host.AppAsync("one");
        var client = host.As("maintainer");
        var made = (await client.PostAsync($"{Apps}/one/environments", new { name = "staging", branch = "develop", deployOn = new[] { new { on = "push", paths = new[] { "api/**" } } } }))
            .Expect(HttpStatusCode.Created);
        Assert.Equal("http://staging--one--shop.localhost:8080", (string)made.Json["address"]!);
        Assert.Equal("api/**", (string)made.Json["deployOn"]![0]!["paths"]![0]!);

        var staging = $"{Apps}/one/environments/staging";
        var changed = (await client.CallAsync(HttpMethod.Patch, staging,
            new { scale = new { instances = new Dictionary<string, int> { ["web"] = 3 }, memoryMb = 256 }, healthPath = "/health", port = 3000 }, null, ("If-Match", made.ETag!)))
            .Expect(HttpStatusCode.OK);
        Assert.Equal(3, (int)changed.Json["scale"]!["instances"]!["web"]!);
        Assert.Equal((256, "/health", 3000, "develop"),
            ((int)changed.Json["scale"]!["memoryMb"]!, (string)changed.Json["healthPath"]!, (int)changed.Json["port"]!, (string)changed.Json["branch"]!));
        (await client.CallAsync(HttpMethod.Patch, staging, new { branch = "late" }, null, ("If-Match", made.ETag!))).ExpectProblem(HttpStatusCode.PreconditionFailed);

        Assert.True((bool)(await client.PostAsync($"{staging}/pause")).Expect(HttpStatusCode.OK).Json["autoDeploy"]!["paused"]!);
        Assert.False((bool)(await client.PostAsync($"{staging}/resume")).Expect(HttpStatusCode.OK).Json["autoDeploy"]!["paused"]!);
        Assert.Equal(2, (await client.GetAnswerAsync($"{Apps}/one/environments")).Json["items"]!.AsArray().Count);

        (await client.CallAsync(HttpMethod.Delete, staging)).Expect(HttpStatusCode.Accepted);
        (await client.GetAnswerAsync(staging)).ExpectProblem(HttpStatusCode.NotFound);
        (await client.CallAsync(HttpMethod.Delete, $"{Apps}/one/environments/production")).ExpectProblem(HttpStatusCode.Conflict);
    }

    [Theory]
    [InlineData("{\"scale\":{\"memoryMb\":1}}", "scale.memoryMb")]
    [InlineData("{\"scale\":{\"instances\":{\"web\":21}}}", "scale.instances")]
    [InlineData("{\"scale\":{\"instances\":{\"web\":\"two\"}}}", "scale.instances.web")]
    [InlineData("{\"port\":80}", "port")]
    [InlineData("{\"healthPath\":\"health\"}", "healthPath")]
    [InlineData("{\"branch\":\"-x\"}", "branch")]
    [InlineData("{\"name\":\"renamed\"}", "name")]
    public async Task A_wrong_setting_is_named_and_changes_nothing(string body, string field)
    {
        await host.As("developer").PostAsync(Apps, new { name = "two" });
        var before = await host.As("developer").GetAnswerAsync($"{Apps}/two/environments/production");
        (await host.As("developer").CallAsync(HttpMethod.Patch, $"{Apps}/two/environments/production", raw: body)).ExpectField(field);
        Assert.Equal(before.ETag, (await host.As("developer").GetAnswerAsync($"{Apps}/two/environments/production")).ETag);
    }

    [Fact]
    public async Task A_secret_s_value_is_never_returned()
    {
        await host.AppAsync("keys");
        var variables = $"{Apps}/keys/environments/production/variables";
        var client = host.As("developer");
        var set = (await client.CallAsync(HttpMethod.Put, $"{variables}/API_KEY", new { value = "hunter2hunter2", secret = true })).Expect(HttpStatusCode.OK);
        Assert.True((bool)set.Json["secret"]!);
        Assert.Null(set.Json["value"]);
        Assert.Equal("run", (string)set.Json["for"]!);
        (await client.CallAsync(HttpMethod.Put, $"{variables}/PLAIN", new Dictionary<string, object> { ["value"] = "seen", ["for"] = "both" })).Expect(HttpStatusCode.OK);
        // Its use may change without its value being sent again.
        (await client.CallAsync(HttpMethod.Put, $"{variables}/API_KEY", raw: "{\"secret\":true,\"for\":\"both\"}")).Expect(HttpStatusCode.OK);

        foreach (var address in new[] { variables, $"{variables}/API_KEY", $"{Apps}/keys", "/api/v1/audit?team=shop", $"{Apps}/keys/environments/production/releases" })
        {
            Assert.DoesNotContain("hunter2", (await host.As("admin").GetAnswerAsync(address)).Expect(HttpStatusCode.OK).Body, StringComparison.Ordinal);
        }
        var list = (await host.As("viewer").GetAnswerAsync(variables)).Json["items"]!.AsArray();
        Assert.Equal(["API_KEY", "PLAIN"], list.Select(v => (string)v!["key"]!));
        Assert.Equal("seen", (string)list[1]!["value"]!);

        (await client.CallAsync(HttpMethod.Delete, $"{variables}/PLAIN")).Expect(HttpStatusCode.NoContent);
        (await client.GetAnswerAsync($"{variables}/PLAIN")).ExpectProblem(HttpStatusCode.NotFound);
        (await client.CallAsync(HttpMethod.Delete, $"{variables}/PLAIN")).ExpectProblem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Several_variables_are_set_at_once_or_none()
    {
        await host.AppAsync("many");
        var variables = $"{Apps}/many/environments/production/variables";
        (await host.As("developer").PostAsync(variables, new { variables = new[] { new { key = "GOOD", value = "1" }, new { key = "PORT", value = "2" } } })).ExpectField("PORT");
        Assert.Empty((await host.As("developer").GetAnswerAsync(variables)).Json["items"]!.AsArray());
        (await host.As("developer").PostAsync(variables, new { variables = new[] { new { key = "A", value = "1" }, new { key = "B", value = "2" } } })).Expect(HttpStatusCode.OK);
        (await host.As("developer").CallAsync(HttpMethod.Post, variables, raw: "{\"variables\":[null]}")).ExpectField("variables");
        (await host.As("developer").CallAsync(HttpMethod.Put, $"{variables}/A", raw: "{\"value\":\"x\",\"for\":\"always\"}")).ExpectField("for");
    }

    [Fact]
    public async Task Rolling_back_answers_with_the_new_release_and_pauses_pushes()
    {
        var (app, environment) = await host.AppAsync("rolled");
        await host.ReleasesAsync(app, environment);
        var releases = $"{Apps}/rolled/environments/production/releases";
        var list = (await host.As("viewer").GetAnswerAsync(releases)).Json["items"]!.AsArray();
        Assert.Equal([2, 1], list.Select(r => (int)r!["version"]!));
        Assert.Equal("live", (string)list[0]!["state"]!);
        (await host.As("developer").PostAsync($"{releases}/2/rollback")).ExpectProblem(HttpStatusCode.Conflict);
        (await host.As("developer").PostAsync($"{releases}/9/rollback")).ExpectProblem(HttpStatusCode.NotFound);

        var made = (await host.As("developer").PostAsync($"{releases}/v1/rollback")).Expect(HttpStatusCode.Created);
        Assert.Equal((3, "pending", "rollback", 1), ((int)made.Json["version"]!, (string)made.Json["state"]!, (string)made.Json["trigger"]!, (int)made.Json["fromVersion"]!));
        Assert.Equal("hello 1", (string)made.Json["variables"]!["GREETING"]!);
        Assert.Equal($"{releases}/3", made.Message.Headers.Location!.OriginalString);
        var now = (await host.As("viewer").GetAnswerAsync($"{Apps}/rolled/environments/production")).Json;
        Assert.Equal((2, 3, true), ((int)now["release"]!["version"]!, (int)now["nextRelease"]!["version"]!, (bool)now["autoDeploy"]!["paused"]!));
        (await host.As("developer").PostAsync($"{releases}/3/cancel")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_fix_is_performed_only_while_it_is_offered()
    {
        var (_, environment) = await host.AppAsync("fixed");
        var action = $"{Apps}/fixed/environments/production/actions/use-port:3000";
        (await host.As("developer").PostAsync(action)).ExpectProblem(HttpStatusCode.Conflict);
        await using (var db = host.Database.CreateDbContext())
        {
            (await db.Set<AppEnvironment>().FindAsync([environment], TestContext.Current.CancellationToken))!.Status = CoreJson.Write(
                new Status(Severity.Error, "It listens on 3000", "", "", [], [new StatusAction("use-port:3000", "Use 3000", "Tells the app port 3000.")]));
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        }
        (await host.As("viewer").PostAsync(action)).ExpectProblem(HttpStatusCode.Forbidden);
        var done = (await host.As("developer").PostAsync(action)).Expect(HttpStatusCode.OK).Json;
        Assert.Equal(3000, (int)done["port"]!);
        Assert.Equal("Use 3000", (string)done["status"]!["actions"]![0]!["label"]!);
        (await host.As("developer").PostAsync($"{Apps}/fixed/environments/production/actions/use-port:22")).ExpectProblem(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task An_add_on_is_asked_for_once_and_removed()
    {
        await host.AppAsync("stored");
        var addOns = $"{Apps}/stored/environments/production/addons";
        (await host.As("viewer").PostAsync(addOns, new { kind = "postgresql" })).ExpectProblem(HttpStatusCode.Forbidden);
        (await host.As("developer").PostAsync(addOns, new { kind = "mysql" })).ExpectField("kind");
        var made = (await host.As("developer").PostAsync(addOns, new { kind = "postgresql" })).Expect(HttpStatusCode.Accepted).Json;
        Assert.Equal(("creating", "DATABASE_URL"), ((string)made["state"]!, (string)made["variable"]!));
        Assert.Null(made["password"]);
        (await host.As("developer").PostAsync(addOns, new { kind = "postgresql" })).ExpectProblem(HttpStatusCode.Conflict);
        var id = (string)made["id"]!;
        (await host.As("developer").CallAsync(HttpMethod.Delete, $"{addOns}/{id}")).ExpectProblem(HttpStatusCode.Forbidden);
        (await host.As("maintainer").CallAsync(HttpMethod.Delete, $"{addOns}/{id}?confirm=other")).ExpectField("confirm");
        (await host.As("maintainer").CallAsync(HttpMethod.Delete, $"{addOns}/{id}")).Expect(HttpStatusCode.Accepted);
        Assert.Equal("removing", (string)(await host.As("viewer").GetAnswerAsync(addOns)).Json["items"]![0]!["state"]!);
        (await host.As("maintainer").CallAsync(HttpMethod.Delete, $"{addOns}/{Guid.NewGuid()}")).ExpectProblem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_release_is_promoted_to_another_environment()
    {
        var (app, environment) = await host.AppAsync("lanes");
        await host.ReleasesAsync(app, environment);
        await host.As("developer").PostAsync($"{Apps}/lanes/environments", new { name = "demo" });
        var made = (await host.As("developer").PostAsync($"{Apps}/lanes/environments/production/releases/2/promote", new { to = "demo" })).Expect(HttpStatusCode.Created);
        Assert.Equal($"{Apps}/lanes/environments/demo/releases/1", made.Message.Headers.Location!.OriginalString);
        (await host.As("developer").PostAsync($"{Apps}/lanes/environments/production/releases/2/promote", new { to = "production" })).ExpectField("to");
        (await host.As("developer").PostAsync($"{Apps}/lanes/environments/production/releases/2/promote", new { to = "nowhere" })).ExpectProblem(HttpStatusCode.NotFound);
    }
}
