using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Audit;

namespace Portal.Web.Tests.Api;

public sealed class AuditApiTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Audit = "/api/v1/audit";

    [Fact]
    public async Task Changes_are_in_the_trail_sealed_exported_and_verified()
    {
        (await host.As("developer").PostAsync("/api/v1/teams/shop/apps", new { name = "traced" })).Expect(HttpStatusCode.Created);
        await host.Services.GetRequiredService<AuditSealer>().SealAsync(whole: true, TestContext.Current.CancellationToken);

        var entry = (await host.As("auditor").GetAnswerAsync($"{Audit}?team=shop&app=traced")).Expect(HttpStatusCode.OK).Json["items"]![0]!;
        Assert.Equal(("app.create", "shop/traced", "done", "token"), ((string)entry["action"]!, (string)entry["target"]!, (string)entry["outcome"]!, (string)entry["actorKind"]!));
        Assert.IsType<JsonObject>(entry["after"], exactMatch: false);
        Assert.NotNull(entry["number"]);

        var checkpoint = (await host.As("admin").GetAnswerAsync($"{Audit}/checkpoint")).Expect(HttpStatusCode.OK);
        var verdict = (await host.As("admin").CallAsync(HttpMethod.Post, $"{Audit}/verify", raw: checkpoint.Body)).Expect(HttpStatusCode.OK).Json;
        Assert.True((bool)verdict["intact"]!);
        Assert.Null(verdict["firstBroken"]);
        Assert.Equal((long)checkpoint.Json["number"]!, (long)verdict["sealed"]!);
        Assert.True((bool)(await host.As("auditor").GetAnswerAsync($"{Audit}/verify")).Expect(HttpStatusCode.OK).Json["intact"]!);

        var export = (await host.As("auditor").GetAnswerAsync($"{Audit}/export")).Expect(HttpStatusCode.OK);
        Assert.Equal("application/x-ndjson", export.Message.Content.Headers.ContentType!.MediaType);
        var lines = export.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!).ToList();
        Assert.Equal((string)checkpoint.Json["hash"]!, (string)lines[^1]["hash"]!);
        Assert.Equal(Enumerable.Range(1, lines.Count), lines.Select(l => (int)l["number"]!));
    }

    [Fact]
    public async Task A_checkpoint_beyond_the_end_is_a_cut_trail()
    {
        var verdict = (await host.As("admin").PostAsync($"{Audit}/verify", new { number = 1000, hash = new string('0', 64) })).Expect(HttpStatusCode.OK).Json;
        Assert.False((bool)verdict["intact"]!);
        Assert.NotNull(verdict["firstBroken"]);
    }

    [Theory]
    [InlineData("{\"number\":-1,\"hash\":\"00\"}", "number")]
    [InlineData("{\"number\":1,\"hash\":\"xyz\"}", "hash")]
    [InlineData("{\"number\":1}", "hash")]
    public async Task A_wrong_checkpoint_is_named(string body, string field) =>
        (await host.As("admin").CallAsync(HttpMethod.Post, $"{Audit}/verify", raw: body)).ExpectField(field);

    [Theory]
    [InlineData("from=yesterday", "from")]
    [InlineData("app=api", "app")]
    [InlineData("limit=1000", "limit")]
    public async Task A_wrong_filter_is_named(string query, string field) =>
        (await host.As("admin").GetAnswerAsync($"{Audit}?{query}")).ExpectField(field);

    [Theory]
    [InlineData("developer", "", HttpStatusCode.Forbidden)]
    [InlineData("maintainer", "", HttpStatusCode.Forbidden)]
    [InlineData("maintainer", "?team=shop", HttpStatusCode.OK)]
    [InlineData("developer", "?team=shop", HttpStatusCode.Forbidden)]
    [InlineData("outsider", "?team=shop", HttpStatusCode.NotFound)]
    [InlineData("maintainer", "/verify", HttpStatusCode.Forbidden)]
    [InlineData("maintainer", "/export", HttpStatusCode.Forbidden)]
    [InlineData("maintainer", "/checkpoint", HttpStatusCode.Forbidden)]
    public async Task Who_may_read_it(string who, string address, HttpStatusCode expected) =>
        (await host.As(who).GetAnswerAsync(Audit + address)).Expect(expected);
}
