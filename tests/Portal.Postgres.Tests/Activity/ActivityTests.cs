using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Teams;
using Portal.Core.Triggers;
using Portal.Postgres.Tests.Teams;
using Portal.Testing;

namespace Portal.Postgres.Tests.Activity;

public sealed class ActivityTests
{
    private static CancellationToken Now => TeamsWorld.Now;

    [Fact]
    public async Task Pages_of_rows_of_the_same_moment_repeat_none_and_skip_none()
    {
        await using var world = await ActivityWorld.CreateAsync();
        var expected = new HashSet<Guid>();
        for (var i = 0; i < 7; i++)
        {
            // All kinds at the very same time, as one push with many refs gives.
            expected.Add((await world.PushAsync(ActivityWorld.Begin.AddMinutes(i / 3))).Id);
            expected.Add((await world.ReleaseAsync(ActivityWorld.Begin.AddMinutes(i / 3), i + 1)).Id);
        }

        var seen = new List<ActivityEntry>();
        string? after = null;
        do
        {
            var page = await world.Timeline.ListAsync(world.Maintainer, "shop", new ActivityFilter(), new PageRequest(after, 3), Now);
            seen.AddRange(page.Items);
            after = page.Next;
        }
        while (after is not null);

        Assert.Equal(seen.Count, seen.Select(e => e.Id).Distinct().Count());
        Assert.Superset(expected, seen.Select(e => e.Id).ToHashSet());
        Assert.Equal(seen.Select(e => e.At).OrderDescending(), seen.Select(e => e.At));
        Assert.Contains(seen, e => e is ActivityEntry.OfDeed { Deed.Action: "team.create" });
    }

    [Fact]
    public async Task What_comes_in_between_two_pages_moves_nothing()
    {
        await using var world = await ActivityWorld.CreateAsync();
        for (var i = 0; i < 4; i++)
        {
            await world.PushAsync(ActivityWorld.Begin.AddMinutes(i));
        }
        var pushes = new ActivityFilter(ActivityKind.Pushes);
        var first = await world.Timeline.ListAsync(world.Maintainer, "shop", pushes, new PageRequest(null, 2), Now);
        await world.PushAsync(ActivityWorld.Begin.AddMinutes(9));

        var second = await world.Timeline.ListAsync(world.Maintainer, "shop", pushes, new PageRequest(first.Next, 2), Now);

        Assert.Equal(4, first.Items.Concat(second.Items).Select(e => e.Id).Distinct().Count());
        Assert.Null(second.Next);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("12.not-a-guid")]
    [InlineData("99999999999999999999.6f9619ff-8b86-d011-b42d-00cf4fc964ff")]
    public async Task A_made_up_cursor_begins_anew(string after)
    {
        await using var world = await ActivityWorld.CreateAsync();
        await world.PushAsync(ActivityWorld.Begin);

        Assert.NotEmpty((await world.Timeline.ListAsync(world.Maintainer, "shop", new ActivityFilter(), new PageRequest(after), Now)).Items);
    }

    [Fact]
    public async Task A_filter_leaves_what_it_names()
    {
        await using var world = await ActivityWorld.CreateAsync();
        var push = await world.PushAsync(ActivityWorld.Begin, reason: "not deployed: path filter api/** matched 0 of 3 files");
        var release = await world.ReleaseAsync(ActivityWorld.Begin, 1);

        Assert.Equal([push.Id], (await world.AllAsync(new(ActivityKind.Pushes))).Select(e => e.Id));
        Assert.Equal([release.Id], (await world.AllAsync(new(ActivityKind.Releases))).Select(e => e.Id));
        Assert.All(await world.AllAsync(new(ActivityKind.People)), e => Assert.IsType<ActivityEntry.OfDeed>(e));
        Assert.Equal([push.Id], (await world.AllAsync(new(Search: "PATH FILTER api/**"))).Select(e => e.Id));
        Assert.Empty(await world.AllAsync(new(Search: "100%")));
        Assert.Equal(2, (await world.AllAsync(new(App: "api"))).Count);
        Assert.Empty(await world.AllAsync(new(App: "another")));
    }

    [Fact]
    public async Task A_failed_push_tells_its_reason()
    {
        await using var world = await ActivityWorld.CreateAsync();
        await world.PushAsync(ActivityWorld.Begin, PushState.Failed, "not deployed: the repository asks for a password");

        var entry = Assert.IsType<ActivityEntry.OfPush>(Assert.Single(await world.AllAsync(new(ActivityKind.Pushes))));

        Assert.Equal(PushState.Failed, entry.Push.State);
        Assert.Equal("not deployed: the repository asks for a password", Assert.Single(entry.Push.Decisions).Reason);
    }

    [Fact]
    public async Task People_and_their_roles_are_in_it_and_what_is_for_maintainers_stays_with_them()
    {
        await using var world = await ActivityWorld.CreateAsync();
        var ada = await world.Teams.PersonAsync("ada");
        await world.Teams.Get<JoinRequestService>().AskAsync(ada, "shop", Now);
        await world.Teams.Get<InvitationService>().CreateAsync(world.Maintainer, world.Team, TeamRole.Viewer, Now);
        await world.Teams.Get<MemberService>().AddAsync(world.Maintainer, world.Team, "ada@example.org", TeamRole.Viewer, Now);
        await world.Teams.Get<MemberService>().ChangeAsync(world.Maintainer, world.Team, ada.UserId!.Value, TeamRole.Developer, Now);

        var seen = (await world.AllAsync(new(ActivityKind.People))).Cast<ActivityEntry.OfDeed>().Select(e => e.Deed).ToList();
        var changed = seen.Single(d => d.Action == "member.change");
        Assert.Equal((TeamRole.Viewer, TeamRole.Developer), (changed.RoleBefore, changed.Role));
        Assert.Contains(seen, d => d.Action == "invitation.create");
        Assert.Contains(seen, d => d.Action == "join.ask");

        var developer = await world.Teams.AgainAsync(ada.UserId);
        var less = (await world.AllAsync(new(ActivityKind.People), developer)).Cast<ActivityEntry.OfDeed>().Select(e => e.Deed.Action).ToList();
        Assert.Contains("member.change", less);
        Assert.DoesNotContain(less, action => action.StartsWith("invitation.create", StringComparison.Ordinal) || action.StartsWith("join.ask", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Refusals_and_other_teams_acts_are_not_in_it()
    {
        await using var world = await ActivityWorld.CreateAsync();
        var trail = world.Teams.Get<AuditTrail>();
        await using (var db = world.Teams.Database.CreateDbContext())
        {
            trail.Record(db, world.Maintainer, "app.delete", "shop/api", world.Team, outcome: "refused");
            trail.Record(db, world.Maintainer, "app.delete", "other/api", Guid.NewGuid());
            await db.SaveChangesAsync(Now);
        }

        Assert.DoesNotContain((await world.AllAsync()).OfType<ActivityEntry.OfDeed>(), e => e.Deed.Action == "app.delete");
        await TeamsWorld.RefusedAsync(Refusal.NotFound, () => world.AllAsync(actor: TestActors.Outsider()));
    }

    [Theory]
    [InlineData("""{"scale":{"web":1},"branch":"main"}""", """{"scale":{"web":2},"branch":"main"}""", "scale")]
    [InlineData(null, """{"branch":"main"}""", "")]
    [InlineData("[1]", "not json", "")]
    public void Only_names_of_changed_settings_are_told(string? before, string? after, string fields) =>
        Assert.Equal(fields, string.Join(',', ActivityReader.ChangedFields(before, after)));
}
