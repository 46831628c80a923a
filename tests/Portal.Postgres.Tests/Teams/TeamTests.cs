using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Teams;

namespace Portal.Postgres.Tests.Teams;

public sealed class TeamTests
{
    private static CancellationToken Now => TeamsWorld.Now;

    [Fact]
    public async Task Whoever_makes_a_team_maintains_it()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, maintainer) = await world.TeamAsync();
        Assert.Equal(TeamRole.Maintainer, maintainer.Teams[team.Id]);
        Assert.Equal(["team.create"], await world.ActionsAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("Shop")]
    [InlineData("a--b")]
    [InlineData("admin")]
    [InlineData("nineteen-characters")]
    public async Task A_name_that_is_no_address_is_refused_and_changes_nothing(string slug)
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");
        var refused = await TeamsWorld.RefusedAsync(Refusal.Invalid, () => world.Get<TeamService>().CreateAsync(ada, slug, "Shop", Now));
        Assert.Contains("name", refused.Errors.Keys);
        Assert.Empty(await world.ActionsAsync());
    }

    [Fact]
    public async Task A_name_is_given_once()
    {
        await using var world = await TeamsWorld.CreateAsync();
        await world.TeamAsync();
        var ada = await world.PersonAsync("ada");
        await TeamsWorld.RefusedAsync(Refusal.Invalid, () => world.Get<TeamService>().CreateAsync(ada, "shop", null, Now));
        Assert.Equal(["team.create"], await world.ActionsAsync());
    }

    [Fact]
    public async Task An_outsider_is_told_that_there_is_no_such_team()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, _) = await world.TeamAsync();
        var outsider = await world.PersonAsync("olaf");
        await TeamsWorld.RefusedAsync(Refusal.NotFound, () => world.Get<TeamReader>().FindAsync(outsider, "shop", Now));
        await TeamsWorld.RefusedAsync(Refusal.NotFound, () => world.Get<TeamService>().RenameAsync(outsider, team.Id, "Mine", null, Now));
        Assert.Empty(await world.Get<TeamReader>().ListAsync(outsider, Now));
    }

    [Fact]
    public async Task The_last_maintainer_stays()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, maintainer) = await world.TeamAsync();
        var members = world.Get<MemberService>();
        await TeamsWorld.RefusedAsync(Refusal.Conflict, () => members.RemoveAsync(maintainer, team.Id, maintainer.UserId!.Value, Now));
        await TeamsWorld.RefusedAsync(Refusal.Conflict, () => members.ChangeAsync(maintainer, team.Id, maintainer.UserId!.Value, TeamRole.Viewer, Now));
        Assert.Equal(["team.create"], await world.ActionsAsync());
    }

    [Fact]
    public async Task Two_maintainers_who_leave_at_the_same_moment_do_not_both_succeed()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, one) = await world.TeamAsync();
        var other = await world.PersonAsync("other");
        var members = world.Get<MemberService>();
        await members.AddAsync(one, team.Id, "other@example.org", TeamRole.Maintainer, Now);
        other = await world.AgainAsync(other.UserId);

        var left = await Task.WhenAll(new[] { one, other }.Select(async person =>
        {
            try
            {
                await members.RemoveAsync(person, team.Id, person.UserId!.Value, Now);
                return true;
            }
            catch (PortalException refused) when (refused.Refusal == Refusal.Conflict)
            {
                return false;
            }
        }));

        Assert.Single(left, succeeded => succeeded);
    }

    [Fact]
    public async Task A_developer_manages_nobody()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, maintainer) = await world.TeamAsync();
        var dev = await world.PersonAsync("dev");
        await world.Get<MemberService>().AddAsync(maintainer, team.Id, "dev@example.org", TeamRole.Developer, Now);
        dev = await world.AgainAsync(dev.UserId);
        await TeamsWorld.RefusedAsync(Refusal.Denied, () => world.Get<MemberService>().ChangeAsync(dev, team.Id, dev.UserId!.Value, TeamRole.Maintainer, Now));
        await TeamsWorld.RefusedAsync(Refusal.Denied, () => world.Get<InvitationService>().CreateAsync(dev, team.Id, TeamRole.Maintainer, Now));
        await TeamsWorld.RefusedAsync(Refusal.Denied, () => world.Get<TeamService>().DeleteAsync(dev, team.Id, "shop", Now));
        await TeamsWorld.RefusedAsync(Refusal.Denied, () => world.Get<TokenService>().ListOfTeamAsync(dev, team.Id, Now));
    }

    [Fact]
    public async Task A_team_with_apps_is_not_deleted()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, maintainer) = await world.TeamAsync();
        await world.Database.AddAsync(new App { Id = Guid.NewGuid(), TeamId = team.Id, Slug = "api", SourceKind = SourceKind.Portal, CreatedAt = world.Clock.GetUtcNow(), CreatedBy = null });
        await TeamsWorld.RefusedAsync(Refusal.Conflict, () => world.Get<TeamService>().DeleteAsync(maintainer, team.Id, "shop", Now));
        Assert.Equal(["team.create"], await world.ActionsAsync());
    }

    [Fact]
    public async Task Deleting_asks_for_the_name_and_ends_the_teams_tokens()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, maintainer) = await world.TeamAsync();
        var token = await world.Get<TokenService>().CreateAsync(maintainer, new NewToken("ci", TokenScope.Full, team.Id), Now);
        await TeamsWorld.RefusedAsync(Refusal.Invalid, () => world.Get<TeamService>().DeleteAsync(maintainer, team.Id, "shopp", Now));

        await world.Get<TeamService>().DeleteAsync(maintainer, team.Id, "shop", Now);

        Assert.Null(await world.Get<TokenService>().AuthenticateAsync(token.Value, null, Now));
        Assert.Contains("team.delete", await world.ActionsAsync());
    }

    [Fact]
    public async Task An_old_version_is_not_written_over()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, maintainer) = await world.TeamAsync();
        var read = await world.Get<TeamReader>().FindAsync(maintainer, "shop", Now);
        await world.Get<TeamService>().RenameAsync(maintainer, team.Id, "First", read.Version, Now);
        await TeamsWorld.RefusedAsync(Refusal.Changed, () => world.Get<TeamService>().RenameAsync(maintainer, team.Id, "Second", read.Version, Now));
    }

    [Fact]
    public async Task The_last_platform_admin_stays()
    {
        await using var world = await TeamsWorld.CreateAsync();
        await world.Get<InstallationToken>().RenewAsync(Now);
        var admin = await world.PersonAsync("admin", admin: true);
        var people = world.Get<PeopleService>();
        await TeamsWorld.RefusedAsync(Refusal.Conflict, () => people.SetRolesAsync(admin, admin.UserId!.Value, false, false, Now));

        var second = await world.PersonAsync("second");
        await people.SetRolesAsync(admin, second.UserId!.Value, true, false, Now);
        await people.SetRolesAsync(admin, admin.UserId!.Value, false, true, Now);

        await TeamsWorld.RefusedAsync(Refusal.Denied, async () => await people.DisableAsync(await world.AgainAsync(admin.UserId), second.UserId!.Value, Now));
    }

    [Fact]
    public async Task A_disabled_persons_session_is_over()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var admin = await world.PersonAsync("admin", admin: true);
        var ada = await world.PersonAsync("ada");
        await world.Get<PeopleService>().DisableAsync(admin, ada.UserId!.Value, Now);
        Assert.Null(await world.Get<ActorFactory>().ForSessionAsync(ada.UserId!.Value, ada.SessionId, "ada", null, Now));
        await using var db = world.Database.CreateDbContext();
        Assert.NotEqual("ada", (await db.Users.SingleAsync(u => u.Id == ada.UserId, Now)).SecurityStamp);
    }
}
