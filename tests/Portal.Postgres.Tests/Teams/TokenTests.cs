using Microsoft.EntityFrameworkCore;
using Portal.Core.Common;
using Portal.Core.Teams;
using Portal.Testing;

namespace Portal.Postgres.Tests.Teams;

public sealed class TokenTests
{
    private static CancellationToken Now => TeamsWorld.Now;

    [Fact]
    public async Task A_token_stands_for_its_owner()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, maintainer) = await world.TeamAsync();
        var made = await world.Get<TokenService>().CreateAsync(maintainer, new NewToken("ci", TokenScope.Full), Now);

        var actor = await world.Get<TokenService>().AuthenticateAsync(made.Value, "198.51.100.1", Now);

        Assert.Equal((ActorKind.Token, maintainer.UserId, TeamRole.Maintainer, "198.51.100.1"), (actor!.Kind, actor.UserId, actor.Teams[team.Id], actor.Address));
        Assert.Equal($"token ci ({maintainer.Name})", actor.Name);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ptl_")]
    [InlineData("ptl_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("ptl_'; drop table api_tokens; --aaaaaaaaaaaaaaaa")]
    public async Task An_unknown_token_is_nobody(string? token)
    {
        await using var world = await TeamsWorld.CreateAsync();
        Assert.Null(await world.Get<TokenService>().AuthenticateAsync(token, null, Now));
    }

    [Fact]
    public async Task A_revoked_token_ends_at_once()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");
        var tokens = world.Get<TokenService>();
        var made = await tokens.CreateAsync(ada, new NewToken("ci", TokenScope.Full), Now);
        Assert.NotNull(await tokens.AuthenticateAsync(made.Value, null, Now));

        await tokens.RevokeAsync(ada, made.Token.Id, Now);

        Assert.Null(await tokens.AuthenticateAsync(made.Value, null, Now));
        Assert.Empty(await tokens.ListOwnAsync(ada, Now));
    }

    [Fact]
    public async Task A_token_revoked_by_another_process_ends_within_seconds()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");
        var made = await world.Get<TokenService>().CreateAsync(ada, new NewToken("ci", TokenScope.Full), Now);
        Assert.NotNull(await world.Get<TokenService>().AuthenticateAsync(made.Value, null, Now));
        await world.Database.ExecuteAsync("update api_tokens set revoked_at = now()", Now);

        world.Clock.Advance(TokenDoor.Remembered);

        Assert.Null(await world.Get<TokenService>().AuthenticateAsync(made.Value, null, Now));
    }

    [Fact]
    public async Task A_token_ends_when_its_time_is_over()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");
        var made = await world.Get<TokenService>().CreateAsync(ada, new NewToken("push", TokenScope.Push, Lifetime: TokenService.PushLifetime), Now);

        world.Clock.Advance(TokenService.PushLifetime - TimeSpan.FromSeconds(1));
        Assert.NotNull(await world.Get<TokenService>().AuthenticateAsync(made.Value, null, Now));
        world.Clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Null(await world.Get<TokenService>().AuthenticateAsync(made.Value, null, Now));
    }

    [Fact]
    public async Task The_tokens_of_a_disabled_person_end_at_once()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var admin = await world.PersonAsync("admin", admin: true);
        var ada = await world.PersonAsync("ada");
        var made = await world.Get<TokenService>().CreateAsync(ada, new NewToken("ci", TokenScope.Full), Now);
        Assert.NotNull(await world.Get<TokenService>().AuthenticateAsync(made.Value, null, Now));

        await world.Get<PeopleService>().DisableAsync(admin, ada.UserId!.Value, Now);

        Assert.Null(await world.Get<TokenService>().AuthenticateAsync(made.Value, null, Now));
    }

    [Fact]
    public async Task A_role_that_was_taken_away_is_gone_for_tokens_too()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, maintainer) = await world.TeamAsync();
        var ada = await world.PersonAsync("ada");
        await world.Get<MemberService>().AddAsync(maintainer, team.Id, "ada@example.org", TeamRole.Developer, Now);
        var made = await world.Get<TokenService>().CreateAsync(ada, new NewToken("ci", TokenScope.Full), Now);
        Assert.Equal(TeamRole.Developer, (await world.Get<TokenService>().AuthenticateAsync(made.Value, null, Now))!.Teams[team.Id]);

        await world.Get<MemberService>().RemoveAsync(maintainer, team.Id, ada.UserId!.Value, Now);

        Assert.Empty((await world.Get<TokenService>().AuthenticateAsync(made.Value, null, Now))!.Teams);
    }

    [Fact]
    public async Task The_value_is_nowhere_in_the_database()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");
        var made = await world.Get<TokenService>().CreateAsync(ada, new NewToken("ci", TokenScope.Full), Now);

        await using var command = world.Database.Source.CreateCommand(
            "select count(*) from (select t::text as row from api_tokens t union all select e::text from audit_entries e) all_rows where row like '%' || $1 || '%'");
        command.Parameters.AddWithValue(made.Value[12..]);
        Assert.Equal(0L, await command.ExecuteScalarAsync(Now));
    }

    [Theory]
    [InlineData("", 1, "name")]
    [InlineData("ci", 0, "expiresInDays")]
    [InlineData("ci", 366, "expiresInDays")]
    public async Task A_token_needs_a_name_and_an_end(string name, int days, string field)
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");
        var refused = await TeamsWorld.RefusedAsync(Refusal.Invalid,
            () => world.Get<TokenService>().CreateAsync(ada, new NewToken(name, TokenScope.Full, Lifetime: TimeSpan.FromDays(days)), Now));
        Assert.Contains(field, refused.Errors.Keys);
    }

    [Theory]
    [InlineData(TokenScope.Read)]
    [InlineData(TokenScope.Push)]
    public async Task A_lesser_token_makes_no_tokens(TokenScope scope)
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");
        await TeamsWorld.RefusedAsync(Refusal.Denied,
            () => world.Get<TokenService>().CreateAsync(TestActors.Token(ada, scope), new NewToken("more", TokenScope.Full), Now));
    }

    [Fact]
    public async Task A_token_of_one_team_makes_no_wider_tokens()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, maintainer) = await world.TeamAsync();
        await TeamsWorld.RefusedAsync(Refusal.Denied,
            () => world.Get<TokenService>().CreateAsync(TestActors.Token(maintainer, TokenScope.Full, team.Id), new NewToken("more", TokenScope.Full), Now));
    }

    [Fact]
    public async Task Nobody_revokes_a_strangers_token_and_a_maintainer_those_of_the_team()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, maintainer) = await world.TeamAsync();
        var ada = await world.PersonAsync("ada");
        await world.Get<MemberService>().AddAsync(maintainer, team.Id, "ada@example.org", TeamRole.Developer, Now);
        ada = await world.AgainAsync(ada.UserId);
        var own = await world.Get<TokenService>().CreateAsync(ada, new NewToken("own", TokenScope.Full), Now);
        var ofTeam = await world.Get<TokenService>().CreateAsync(ada, new NewToken("team", TokenScope.Full, team.Id), Now);

        await TeamsWorld.RefusedAsync(Refusal.NotFound, () => world.Get<TokenService>().RevokeAsync(maintainer, own.Token.Id, Now));
        await world.Get<TokenService>().RevokeAsync(maintainer, ofTeam.Token.Id, Now);

        Assert.Equal(["own"], (await world.Get<TokenService>().ListOwnAsync(ada, Now)).Select(t => t.Name));
    }

    [Fact]
    public async Task The_installations_token_is_an_admin_and_a_new_one_ends_the_old()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var first = await world.Get<InstallationToken>().RenewAsync(Now);
        var second = await world.Get<InstallationToken>().RenewAsync(Now);

        Assert.False(await world.Get<InstallationToken>().WorksAsync(first, Now));
        Assert.True(await world.Get<InstallationToken>().WorksAsync(second, Now));
        var admin = await world.Get<TokenService>().AuthenticateAsync(second, null, Now);
        Assert.Empty((await world.Get<PeopleService>().ListAsync(admin!, null, new PageRequest(), Now)).Items);
        var team = await world.Get<TeamService>().CreateAsync(admin!, "ops", null, Now);
        Assert.Empty(await world.Get<TeamReader>().MembersAsync(admin!, team.Id, Now));
    }

    [Fact]
    public async Task Use_is_noted_once_a_minute()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");
        var made = await world.Get<TokenService>().CreateAsync(ada, new NewToken("ci", TokenScope.Full), Now);
        var first = world.Clock.GetUtcNow();
        await world.Get<TokenService>().AuthenticateAsync(made.Value, null, Now);
        world.Clock.Advance(TimeSpan.FromSeconds(30));
        await world.Get<TokenService>().AuthenticateAsync(made.Value, null, Now);

        await using var db = world.Database.CreateDbContext();
        Assert.Equal(first, (await db.Set<ApiToken>().SingleAsync(Now)).LastUsedAt);
    }

    [Fact]
    public async Task A_token_made_by_a_token_lives_no_longer_than_its_maker()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");
        var tokens = world.Get<TokenService>();
        var maker = await tokens.CreateAsync(ada, new NewToken("maker", TokenScope.Full, Lifetime: TimeSpan.FromDays(2)), Now);
        var machine = (await tokens.AuthenticateAsync(maker.Value, null, Now))!;

        var refused = await TeamsWorld.RefusedAsync(Refusal.Invalid, () => tokens.CreateAsync(machine, new NewToken("long", TokenScope.Full, Lifetime: TimeSpan.FromDays(3)), Now));
        Assert.Contains("expiresInDays", refused.Errors.Keys);
        Assert.Equal(maker.Token.ExpiresAt, (await tokens.CreateAsync(machine, new NewToken("as long", TokenScope.Full), Now)).Token.ExpiresAt);
        Assert.True((await tokens.CreateAsync(machine, new NewToken("short", TokenScope.Read, Lifetime: TimeSpan.FromDays(1)), Now)).Token.ExpiresAt < maker.Token.ExpiresAt);
    }

    [Fact]
    public async Task What_a_token_made_ends_when_it_is_revoked()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");
        var tokens = world.Get<TokenService>();
        var maker = await tokens.CreateAsync(ada, new NewToken("maker", TokenScope.Full), Now);
        var child = await tokens.CreateAsync((await tokens.AuthenticateAsync(maker.Value, null, Now))!, new NewToken("child", TokenScope.Full), Now);
        var grandchild = await tokens.CreateAsync((await tokens.AuthenticateAsync(child.Value, null, Now))!, new NewToken("grandchild", TokenScope.Full), Now);
        var other = await tokens.CreateAsync(ada, new NewToken("other", TokenScope.Full), Now);

        await tokens.RevokeAsync(ada, maker.Token.Id, Now);

        Assert.Null(await tokens.AuthenticateAsync(child.Value, null, Now));
        Assert.Null(await tokens.AuthenticateAsync(grandchild.Value, null, Now));
        Assert.NotNull(await tokens.AuthenticateAsync(other.Value, null, Now));
        Assert.Equal(3, (await world.ActionsAsync()).Count(a => a == "token.revoke"));
    }

    [Theory]
    [InlineData(TokenScope.Read)]
    [InlineData(TokenScope.Push)]
    public async Task A_token_with_fewer_rights_makes_none(TokenScope scope)
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (team, maintainer) = await world.TeamAsync();
        var tokens = world.Get<TokenService>();

        await TeamsWorld.RefusedAsync(Refusal.Denied, () => tokens.CreateAsync(TestActors.Token(maintainer, scope), new NewToken("more", TokenScope.Full), Now));
        await TeamsWorld.RefusedAsync(Refusal.Denied, () => tokens.CreateAsync(TestActors.Token(maintainer, TokenScope.Full, team.Id), new NewToken("more", TokenScope.Full), Now));
    }
}
