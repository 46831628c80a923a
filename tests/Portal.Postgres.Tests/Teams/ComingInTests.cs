using Portal.Core.Common;
using Portal.Core.Teams;

namespace Portal.Postgres.Tests.Teams;

/// <summary>The ways in: the first link, invitations, asking to join, a new password.</summary>
public sealed class ComingInTests
{
    private static readonly FirstPerson Ada = new("Ada", "ada@example.org", "correct horse battery", "acme");
    private static readonly NewPerson Grace = new("Grace", "grace@example.org", "nanoseconds are short");

    private static CancellationToken Now => TeamsWorld.Now;

    [Fact]
    public async Task The_first_link_makes_an_admin_with_a_team_once()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var link = await world.Get<SignInLinks>().CreateAsync(Now);
        Assert.Equal(LinkUse.FirstPerson, await world.Get<SignInLinks>().LookAsync(link, Now));

        var id = await world.Get<AccountService>().SetUpAsync(link, Ada, "192.0.2.1", Now);

        var actor = await world.AgainAsync(id);
        Assert.True(actor.IsPlatformAdmin);
        Assert.Equal([TeamRole.Maintainer], actor.Teams.Values);
        Assert.Equal(LinkUse.None, await world.Get<SignInLinks>().LookAsync(link, Now));
        await TeamsWorld.RefusedAsync(Refusal.Conflict, () => world.Get<AccountService>().SetUpAsync(link, Ada with { Email = "eve@example.org" }, null, Now));
        Assert.Equal(["person.create", "team.create"], await world.ActionsAsync());
    }

    [Fact]
    public async Task A_second_first_link_makes_no_second_first_person()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var one = await world.Get<SignInLinks>().CreateAsync(Now);
        var other = await world.Get<SignInLinks>().CreateAsync(Now);
        await world.Get<AccountService>().SetUpAsync(one, Ada, null, Now);
        await TeamsWorld.RefusedAsync(Refusal.Conflict, () => world.Get<AccountService>().SetUpAsync(other, Ada with { Email = "eve@example.org", Team = "evil" }, null, Now));
        Assert.Equal(LinkUse.SignIn, await world.Get<SignInLinks>().LookAsync(other, Now));
    }

    [Theory]
    [InlineData("", "ada@example.org", "correct horse battery", "acme", "name")]
    [InlineData("Ada", "ada", "correct horse battery", "acme", "email")]
    [InlineData("Ada", "ada@example.org", "short", "acme", "password")]
    [InlineData("Ada", "ada@example.org", "aaaaaaaaaaaa", "acme", "password")]
    [InlineData("Ada", "ada@example.org", "correct horse battery", "Acme", "team")]
    public async Task A_wrong_field_is_named_and_does_not_use_the_link_up(string name, string email, string password, string team, string field)
    {
        await using var world = await TeamsWorld.CreateAsync();
        var link = await world.Get<SignInLinks>().CreateAsync(Now);
        var refused = await TeamsWorld.RefusedAsync(Refusal.Invalid, () => world.Get<AccountService>().SetUpAsync(link, new FirstPerson(name, email, password, team), null, Now));
        Assert.Equal([field], refused.Errors.Keys);
        Assert.Equal(LinkUse.FirstPerson, await world.Get<SignInLinks>().LookAsync(link, Now));
        Assert.Empty(await world.ActionsAsync());
    }

    [Fact]
    public async Task A_link_ends_after_15_minutes_and_works_once()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var admin = await world.PersonAsync("admin", admin: true);
        await world.PersonAsync("later", admin: true);
        var link = await world.Get<SignInLinks>().CreateAsync(Now);
        Assert.Equal(admin.UserId, await world.Get<AccountService>().UseLinkAsync(link, null, Now));
        await TeamsWorld.RefusedAsync(Refusal.Conflict, () => world.Get<AccountService>().UseLinkAsync(link, null, Now));

        var old = await world.Get<SignInLinks>().CreateAsync(Now);
        world.Clock.Advance(SignInLinks.Lifetime);
        await TeamsWorld.RefusedAsync(Refusal.Conflict, () => world.Get<AccountService>().UseLinkAsync(old, null, Now));
    }

    [Fact]
    public async Task A_link_used_at_the_same_instant_signs_in_once()
    {
        await using var world = await TeamsWorld.CreateAsync();
        await world.PersonAsync("admin", admin: true);
        var link = await world.Get<SignInLinks>().CreateAsync(Now);
        var uses = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            try
            {
                await world.Get<AccountService>().UseLinkAsync(link, null, Now);
                return true;
            }
            catch (PortalException)
            {
                return false;
            }
        }));
        Assert.Single(uses, used => used);
    }

    [Fact]
    public async Task A_link_to_a_new_password_is_for_its_person_alone()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var admin = await world.PersonAsync("admin", admin: true);
        var ada = await world.PersonAsync("ada");
        var link = await world.Get<PeopleService>().PasswordLinkAsync(admin, ada.UserId!.Value, Now);
        await TeamsWorld.RefusedAsync(Refusal.Conflict, () => world.Get<AccountService>().UseLinkAsync(link, null, Now));
        await TeamsWorld.RefusedAsync(Refusal.Invalid, () => world.Get<AccountService>().NewPasswordAsync(link, "short", null, Now));

        Assert.Equal(ada.UserId, await world.Get<AccountService>().NewPasswordAsync(link, "a brand new password", null, Now));

        Assert.Null(await world.Get<ActorFactory>().ForSessionAsync(ada.UserId!.Value, ada.SessionId, "ada", null, Now));
        await TeamsWorld.RefusedAsync(Refusal.Conflict, () => world.Get<AccountService>().NewPasswordAsync(link, "a brand new password", null, Now));
    }

    [Fact]
    public async Task An_invitation_lets_one_person_in()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, maintainer) = await world.TeamAsync();
        var made = await world.Get<InvitationService>().CreateAsync(maintainer, team.Id, TeamRole.Developer, Now);
        Assert.Equal("shop", (await world.Get<InvitationService>().LookAsync(made.Token, Now))!.Team);

        var (id, slug) = await world.Get<InvitationService>().AcceptAsNewAsync(made.Token, Grace, "192.0.2.9", Now);

        Assert.Equal(("shop", TeamRole.Developer), (slug, (await world.AgainAsync(id)).Teams[team.Id]));
        var late = await world.PersonAsync("late");
        await TeamsWorld.RefusedAsync(Refusal.Conflict, () => world.Get<InvitationService>().AcceptAsync(late, made.Token, Now));
        Assert.Equal(["invitation.accept", "invitation.create", "person.create", "team.create"], await world.ActionsAsync());
    }

    [Fact]
    public async Task A_refused_account_leaves_the_invitation_open()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, maintainer) = await world.TeamAsync();
        await world.PersonAsync("grace");
        var made = await world.Get<InvitationService>().CreateAsync(maintainer, team.Id, TeamRole.Developer, Now);
        var refused = await TeamsWorld.RefusedAsync(Refusal.Invalid, () => world.Get<InvitationService>().AcceptAsNewAsync(made.Token, Grace, null, Now));
        Assert.Equal(["email"], refused.Errors.Keys);
        Assert.NotNull(await world.Get<InvitationService>().LookAsync(made.Token, Now));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_revoked_or_old_invitation_lets_nobody_in(bool revoked)
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, maintainer) = await world.TeamAsync();
        var made = await world.Get<InvitationService>().CreateAsync(maintainer, team.Id, TeamRole.Developer, Now);
        if (revoked)
        {
            await world.Get<InvitationService>().RevokeAsync(maintainer, team.Id, made.Invitation.Id, Now);
        }
        else
        {
            world.Clock.Advance(InvitationService.Lifetime);
        }
        Assert.Null(await world.Get<InvitationService>().LookAsync(made.Token, Now));
        await TeamsWorld.RefusedAsync(Refusal.Conflict, () => world.Get<InvitationService>().AcceptAsNewAsync(made.Token, Grace, null, Now));
    }

    [Fact]
    public async Task An_invitation_never_lowers_a_role()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, maintainer) = await world.TeamAsync();
        var made = await world.Get<InvitationService>().CreateAsync(maintainer, team.Id, TeamRole.Viewer, Now);
        await world.Get<InvitationService>().AcceptAsync(maintainer, made.Token, Now);
        Assert.Equal(TeamRole.Maintainer, (await world.AgainAsync(maintainer.UserId)).Teams[team.Id]);
    }

    [Fact]
    public async Task Asking_to_join_waits_for_an_answer_and_tells_nothing()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, maintainer) = await world.TeamAsync();
        var ada = await world.PersonAsync("ada");
        await world.Get<JoinRequestService>().AskAsync(ada, "shop", Now);
        await world.Get<JoinRequestService>().AskAsync(ada, "shop", Now);
        await world.Get<JoinRequestService>().AskAsync(ada, "nowhere", Now);
        Assert.Empty((await world.AgainAsync(ada.UserId)).Teams);

        var asked = Assert.Single(await world.Get<TeamReader>().JoinRequestsAsync(maintainer, team.Id, Now));
        await world.Get<JoinRequestService>().AnswerAsync(maintainer, team.Id, asked.Id, accept: true, TeamRole.Viewer, Now);

        Assert.Equal(TeamRole.Viewer, (await world.AgainAsync(ada.UserId)).Teams[team.Id]);
        await TeamsWorld.RefusedAsync(Refusal.Conflict, () => world.Get<JoinRequestService>().AnswerAsync(maintainer, team.Id, asked.Id, accept: false, TeamRole.Viewer, Now));
    }

    [Fact]
    public async Task Signing_out_everywhere_ends_every_session()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");
        await world.Get<AccountService>().SignOutEverywhereAsync(ada, Now);
        Assert.Null(await world.Get<ActorFactory>().ForSessionAsync(ada.UserId!.Value, ada.SessionId, "ada", null, Now));
        Assert.NotNull(await world.AgainAsync(ada.UserId));
    }

    [Fact]
    public async Task A_password_changes_only_for_who_knows_it()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var link = await world.Get<SignInLinks>().CreateAsync(Now);
        var ada = await world.AgainAsync(await world.Get<AccountService>().SetUpAsync(link, Ada, null, Now));
        var refused = await TeamsWorld.RefusedAsync(Refusal.Invalid, () => world.Get<AccountService>().ChangePasswordAsync(ada, "wrong password", "another long one", Now));
        Assert.Equal(["current"], refused.Errors.Keys);
        Assert.DoesNotContain("person.password", await world.ActionsAsync());
        await world.Get<AccountService>().ChangePasswordAsync(ada, Ada.Password, "another long one", Now);
        Assert.Contains("person.password", await world.ActionsAsync());
    }
}
