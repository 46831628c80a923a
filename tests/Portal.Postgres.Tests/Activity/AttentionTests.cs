using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Releases;
using Portal.Core.Triggers;
using Portal.Postgres.Tests.Teams;

namespace Portal.Postgres.Tests.Activity;

public sealed class AttentionTests
{
    private static CancellationToken Now => TeamsWorld.Now;

    [Fact]
    public async Task A_quiet_team_needs_nobody()
    {
        await using var world = await ActivityWorld.CreateAsync();
        await world.PushAsync(ActivityWorld.Begin);

        Assert.Equal(0, (await ReadAsync(world)).Total);
    }

    [Fact]
    public async Task Failures_come_before_warnings_and_all_are_counted()
    {
        await using var world = await ActivityWorld.CreateAsync();
        await world.StatusAsync(world.Production, Severity.Warning, "It listens elsewhere");
        for (var i = 0; i < AttentionReader.Shown + 2; i++)
        {
            await world.StatusAsync(await world.EnvironmentAsync($"env{i}"), Severity.Error, $"v{i} did not start");
        }

        var list = await ReadAsync(world);

        Assert.Equal(AttentionReader.Shown + 3, list.Total);
        Assert.Equal(AttentionReader.Shown, list.Items.Count);
        Assert.All(list.Items, item => Assert.Equal(Severity.Error, item.Severity));
    }

    [Fact]
    public async Task The_apps_that_need_somebody_can_be_had_alone()
    {
        await using var world = await ActivityWorld.CreateAsync();
        var reader = new AppReader(world.Teams.Database, new Addresses(new PortalOptions()), world.Teams.Clock);
        Assert.Empty((await reader.ListAsync(world.Maintainer, "shop", null, needing: true, new PageRequest(), Now)).Items);

        await world.StatusAsync(await world.EnvironmentAsync("staging"), Severity.Error, "v1 did not start");

        Assert.Single((await reader.ListAsync(world.Maintainer, "shop", null, needing: true, new PageRequest(), Now)).Items);
    }

    [Fact]
    public async Task A_failed_push_needs_somebody_until_a_later_one_of_its_branch_was_decided()
    {
        await using var world = await ActivityWorld.CreateAsync();
        await world.PushAsync(ActivityWorld.Begin.AddMinutes(-10), PushState.Failed, "not deployed: the repository asks for a password");
        await world.PushAsync(ActivityWorld.Begin.AddMinutes(-9), PushState.Failed, "not deployed: the repository asks for a password");

        var need = Assert.Single((await ReadAsync(world)).Items);
        Assert.Equal((AttentionKind.FailedPush, "A push to main was not deployed: the repository asks for a password"), (need.Kind, need.Title));

        await world.PushAsync(ActivityWorld.Begin.AddMinutes(-8), branch: "other");
        Assert.Equal(1, (await ReadAsync(world)).Total);
        await world.PushAsync(ActivityWorld.Begin.AddMinutes(-7));
        Assert.Equal(0, (await ReadAsync(world)).Total);
    }

    [Fact]
    public async Task A_failed_push_of_last_month_is_history()
    {
        await using var world = await ActivityWorld.CreateAsync();
        await world.PushAsync(ActivityWorld.Begin.AddDays(-8), PushState.Failed, "not deployed: away");

        Assert.Equal(0, (await ReadAsync(world)).Total);
    }

    [Fact]
    public async Task A_push_that_waits_for_long_needs_somebody_and_a_fresh_one_does_not()
    {
        await using var world = await ActivityWorld.CreateAsync();
        await world.PushAsync(ActivityWorld.Begin, PushState.Received);
        Assert.Equal(0, (await ReadAsync(world)).Total);

        world.Teams.Clock.Advance(TimeSpan.FromMinutes(3));

        Assert.Equal(AttentionKind.WaitingPush, Assert.Single((await ReadAsync(world)).Items).Kind);
    }

    [Fact]
    public async Task Commits_that_came_without_a_webhook_that_once_worked_need_somebody()
    {
        await using var world = await ActivityWorld.CreateAsync(SourceKind.Git, ActivityWorld.Begin.AddDays(-30));
        await world.PushAsync(ActivityWorld.Begin.AddHours(-3), source: PushSource.Webhook);
        await world.PushAsync(ActivityWorld.Begin.AddHours(-2), source: PushSource.Reconciler);

        Assert.Equal(AttentionKind.QuietWebhook, Assert.Single((await ReadAsync(world)).Items).Kind);

        await world.PushAsync(ActivityWorld.Begin.AddHours(-1), source: PushSource.Webhook);
        Assert.Equal(0, (await ReadAsync(world)).Total);
    }

    [Fact]
    public async Task Without_a_webhook_finding_commits_is_as_it_should_be()
    {
        await using var world = await ActivityWorld.CreateAsync(SourceKind.Git);
        await world.PushAsync(ActivityWorld.Begin.AddHours(-2), source: PushSource.Reconciler);

        Assert.Equal(0, (await ReadAsync(world)).Total);
    }

    private static Task<AttentionList> ReadAsync(ActivityWorld world) => world.Attentions.ReadAsync(world.Maintainer, "shop", Now);
}
