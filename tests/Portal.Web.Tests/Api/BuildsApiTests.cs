using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Live;
using Portal.Testing;

namespace Portal.Web.Tests.Api;

public sealed class BuildsApiTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Apps = "/api/v1/teams/shop/apps";

    [Fact]
    public async Task A_deploy_is_accepted_with_the_address_of_its_build()
    {
        await host.AppAsync("deployed");
        var accepted = (await host.As("developer").PostAsync($"{Apps}/deployed/deploys", new { environment = "production" })).Expect(HttpStatusCode.Accepted);
        var build = accepted.Message.Headers.Location!.OriginalString;
        Assert.Equal($"{Apps}/deployed/builds/1", build);
        var read = (await host.As("viewer").GetAnswerAsync(build)).Expect(HttpStatusCode.OK);
        Assert.Equal(("queued", "refs/heads/main", "manual", "production"),
            ((string)read.Json["state"]!, (string)read.Json["ref"]!, (string)read.Json["trigger"]!, (string)read.Json["environment"]!));
        (await host.As("developer").PostAsync($"{build}/cancel")).Expect(HttpStatusCode.Accepted);
        (await host.As("developer").PostAsync($"{build}/cancel")).ExpectProblem(HttpStatusCode.Conflict);
        Assert.Equal("cancelled", (string)(await host.As("viewer").GetAnswerAsync($"{Apps}/deployed/builds")).Json["items"]![0]!["state"]!);
    }

    [Theory]
    [InlineData("{\"environment\":\"nowhere\"}", HttpStatusCode.NotFound)]
    [InlineData("{\"environment\":\"production\",\"commit\":\"xyz\"}", HttpStatusCode.BadRequest)]
    [InlineData("{\"environment\":\"production\",\"ref\":\"--upload-pack=x\"}", HttpStatusCode.BadRequest)]
    public async Task A_wrong_deploy_builds_nothing(string body, HttpStatusCode status)
    {
        await host.As("developer").PostAsync(Apps, new { name = "still" });
        (await host.As("developer").CallAsync(HttpMethod.Post, $"{Apps}/still/deploys", raw: body)).ExpectProblem(status);
        Assert.Empty((await host.As("developer").GetAnswerAsync($"{Apps}/still/builds")).Json["items"]!.AsArray());
    }

    [Theory]
    [InlineData("0")]
    [InlineData("99")]
    [InlineData("one")]
    [InlineData("99999999999999")]
    public async Task An_unknown_build_is_not_there(string number)
    {
        await host.As("developer").PostAsync(Apps, new { name = "none" });
        (await host.As("developer").GetAnswerAsync($"{Apps}/none/builds/{number}")).ExpectProblem(HttpStatusCode.NotFound);
        (await host.As("developer").GetAnswerAsync($"{Apps}/none/builds/{number}/log?follow=true")).ExpectProblem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_build_shows_steps_and_plan()
    {
        var (app, environment) = await host.AppAsync("planned");
        await host.BuildAsync(app, environment, 1, BuildState.Failed);
        var build = (await host.As("viewer").GetAnswerAsync($"{Apps}/planned/builds/1")).Json;
        Assert.Equal(("failed", "install", "1970-01-01T00:00:03Z", "Static site"),
            ((string)build["state"]!, (string)build["steps"]![0]!["name"]!, (string)build["steps"]![0]!["endedAt"]!, (string)build["plan"]!["stack"]!));
    }

    [Fact]
    public async Task A_log_is_text_with_its_steps_as_lines()
    {
        var (app, environment) = await host.AppAsync("logged");
        var build = await host.BuildAsync(app, environment, 1, BuildState.Succeeded);
        await host.LogAsync(build, 0, "\u001b]portal;step;install\u0007\n\u001b[32madded\u001b[0m 3\n");
        await host.LogAsync(build, 1, "<script>\n");
        var log = (await host.As("viewer").GetAnswerAsync($"{Apps}/logged/builds/1/log")).Expect(HttpStatusCode.OK);
        Assert.Equal("text/plain", log.Message.Content.Headers.ContentType!.MediaType);
        Assert.Equal("==> install\n\u001b[32madded\u001b[0m 3\n<script>\n", log.Body);
    }

    [Fact]
    public async Task A_followed_log_is_streamed_and_ends_with_the_build()
    {
        var (app, environment) = await host.AppAsync("followed");
        var build = await host.BuildAsync(app, environment, 1, BuildState.Running);
        await host.LogAsync(build, 0, "one\n");
        using var client = host.As("viewer");
        await using var stream = await client.GetStreamAsync($"{Apps}/followed/builds/1/log?follow=true", TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        Assert.Equal("one", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        await host.LogAsync(build, 1, "two\n");
        Assert.Equal("two", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        await host.LogAsync(build, 2, "three\n");
        await host.EndAsync(build, BuildState.Succeeded);
        Assert.Equal("three", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.Null(await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        await Eventually.True(() => host.Services.GetRequiredService<LiveFeed>().Count == 0, what: "the subscription is gone");
    }

    [Fact]
    public async Task An_app_s_output_is_read_since_a_time_and_followed()
    {
        var (_, environment) = await host.AppAsync("chatty");
        await host.Database.AddAsync(Line(environment, "old", TimeProvider.System.GetUtcNow().AddHours(-3)), Line(environment, "new", TimeProvider.System.GetUtcNow()));
        var logs = $"{Apps}/chatty/environments/production/logs";
        Assert.Equal(2, Lines(await host.As("viewer").GetAnswerAsync(logs)).Length);
        Assert.EndsWith("web-1: new", Lines(await host.As("viewer").GetAnswerAsync($"{logs}?since=1h")).Single(), StringComparison.Ordinal);
        Assert.Empty(Lines(await host.As("viewer").GetAnswerAsync($"{logs}?since=2999-01-01T00:00:00Z")));
        (await host.As("viewer").GetAnswerAsync($"{logs}?since=yesterday")).ExpectField("since");
        (await host.As("outsider").GetAnswerAsync($"{logs}?follow=true")).ExpectProblem(HttpStatusCode.NotFound);

        using var client = host.As("viewer");
        await using var stream = await client.GetStreamAsync($"{logs}?follow=true&since=1h", TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        Assert.EndsWith("web-1: new", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await using (var db = host.Database.CreateDbContext())
        {
            db.Add(Line(environment, "newer", TimeProvider.System.GetUtcNow()));
            db.Signal(LiveTopics.AppLog, environment);
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        }
        Assert.EndsWith("web-1: newer", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pushes_are_listed() =>
        Assert.Empty((await host.As("viewer").GetAnswerAsync("/api/v1/teams/shop/pushes")).Expect(HttpStatusCode.OK).Json["items"]!.AsArray());

    private static AppLogLine Line(Guid environment, string text, DateTimeOffset at) =>
        new() { EnvironmentId = environment, At = at, Instance = "web-1", Process = "web", ReleaseVersion = 1, IsError = false, Text = text };

    private static string[] Lines(Answer answer) => answer.Expect(HttpStatusCode.OK).Body.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
