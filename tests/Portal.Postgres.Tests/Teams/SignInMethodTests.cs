using Microsoft.EntityFrameworkCore;
using Portal.Core.Common;
using Portal.Core.Teams;

namespace Portal.Postgres.Tests.Teams;

public sealed class SignInMethodTests
{
    private static readonly ProvenIdentity GitHub = new("github:github.com", "4711", "GitHub", "ada", "Ada", "ada@example.org");
    private static readonly ProvenIdentity Company = new("oidc:https://login.example.org", "s-1", "Company account", "ada@example.org", "Ada", "ada@example.org");

    private static CancellationToken Now => TeamsWorld.Now;

    [Fact]
    public async Task What_is_connected_leads_to_its_account_and_is_in_the_trail()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");
        var methods = world.Get<SignInMethods>();
        Assert.Null(await methods.SignInAsync(GitHub, null, Now));
        await methods.ConnectAsync(ada, GitHub, Now);
        await methods.ConnectAsync(ada, GitHub, Now);
        Assert.Equal(ada.UserId, await methods.SignInAsync(GitHub with { Account = "ada-renamed" }, null, Now));
        Assert.Null(await methods.SignInAsync(GitHub with { Key = "4712" }, null, Now));
        Assert.Null(await methods.SignInAsync(GitHub with { Provider = "github:git.example.org" }, null, Now));
        Assert.Equal("ada-renamed", Assert.Single((await methods.ListAsync(ada, Now)).Connected).Account);
        Assert.Equal(["person.connect", "person.sign-in"], await world.ActionsAsync());
    }

    [Fact]
    public async Task Connecting_takes_a_session_that_began_lately()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");
        Assert.True((await world.Get<SignInMethods>().ListAsync(ada, Now)).Recent);
        world.Clock.Advance(SessionService.Recent);
        Assert.False((await world.Get<SignInMethods>().ListAsync(ada, Now)).Recent);
        await TeamsWorld.RefusedAsync(Refusal.Denied, () => world.Get<SignInMethods>().ConnectAsync(ada, GitHub, Now));
        await world.Get<SignInMethods>().ConnectAsync(await world.AgainAsync(ada.UserId), GitHub, Now);
    }

    [Fact]
    public async Task A_token_connects_nothing()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");
        var token = ada with { Kind = ActorKind.Token, Scope = TokenScope.Full };
        await TeamsWorld.RefusedAsync(Refusal.Denied, () => world.Get<SignInMethods>().ConnectAsync(token, GitHub, Now));
        await TeamsWorld.RefusedAsync(Refusal.Denied, () => world.Get<SignInMethods>().ListAsync(token, Now));
    }

    [Fact]
    public async Task The_last_way_in_stays()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var methods = world.Get<SignInMethods>();
        var ada = await world.AgainAsync(await methods.CreateAsync(GitHub, null, Now));
        await methods.ConnectAsync(ada, Company, Now);
        string[] offered = [GitHub.Provider, Company.Provider];

        // What is connected but not offered any more is no way in.
        await TeamsWorld.RefusedAsync(Refusal.Conflict, () => methods.DisconnectAsync(ada, GitHub.Provider, GitHub.Key, [GitHub.Provider], Now));
        await methods.DisconnectAsync(ada, Company.Provider, Company.Key, offered, Now);
        await TeamsWorld.RefusedAsync(Refusal.Conflict, () => methods.DisconnectAsync(ada, GitHub.Provider, GitHub.Key, offered, Now));
        Assert.Equal(ada.UserId, await methods.SignInAsync(GitHub, null, Now));

        await world.Get<AccountService>().ChangePasswordAsync(ada, "", "nanoseconds are short", Now);
        ada = await world.AgainAsync(ada.UserId);
        Assert.True((await methods.ListAsync(ada, Now)).HasPassword);
        await methods.DisconnectAsync(ada, GitHub.Provider, GitHub.Key, offered, Now);
        Assert.Null(await methods.SignInAsync(GitHub, null, Now));
        Assert.Equal(2, (await world.ActionsAsync()).Count(a => a == "person.disconnect"));
    }

    [Fact]
    public async Task Two_that_are_disconnected_at_once_leave_one()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var methods = world.Get<SignInMethods>();
        var ada = await world.AgainAsync(await methods.CreateAsync(GitHub, null, Now));
        await methods.ConnectAsync(ada, Company, Now);
        string[] offered = [GitHub.Provider, Company.Provider];
        var both = new[] { GitHub, Company }.Select(async way => await Record.ExceptionAsync(() => methods.DisconnectAsync(ada, way.Provider, way.Key, offered, Now)));
        Assert.Single(await Task.WhenAll(both), e => e is PortalException { Refusal: Refusal.Conflict });
        Assert.Single((await methods.ListAsync(ada, Now)).Connected);
    }

    [Fact]
    public async Task A_first_password_takes_a_session_that_began_lately()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.AgainAsync(await world.Get<SignInMethods>().CreateAsync(GitHub, null, Now));
        world.Clock.Advance(SessionService.Recent);
        await TeamsWorld.RefusedAsync(Refusal.Denied, () => world.Get<AccountService>().ChangePasswordAsync(ada, "", "nanoseconds are short", Now));
    }

    [Fact]
    public async Task Nobody_disconnects_anothers()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (ada, eve) = (await world.PersonAsync("ada"), await world.PersonAsync("eve"));
        var methods = world.Get<SignInMethods>();
        await methods.ConnectAsync(ada, GitHub, Now);
        await TeamsWorld.RefusedAsync(Refusal.NotFound, () => methods.DisconnectAsync(eve, GitHub.Provider, GitHub.Key, [], Now));
        await TeamsWorld.RefusedAsync(Refusal.Conflict, () => methods.ConnectAsync(eve, GitHub, Now));
    }

    [Fact]
    public async Task An_account_is_never_made_over_another_nor_without_an_address()
    {
        await using var world = await TeamsWorld.CreateAsync();
        await world.PersonAsync("ada");
        await TeamsWorld.RefusedAsync(Refusal.Conflict, () => world.Get<SignInMethods>().CreateAsync(GitHub, null, Now));
        await TeamsWorld.RefusedAsync(Refusal.Denied, () => world.Get<SignInMethods>().CreateAsync(GitHub with { VerifiedEmail = null }, null, Now));
        await using var db = world.Database.CreateDbContext();
        Assert.Equal((1, 0), (await db.Users.CountAsync(Now), await db.UserLogins.CountAsync(Now)));
    }

    [Fact]
    public async Task A_disabled_person_does_not_come_in()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var (ada, admin) = (await world.PersonAsync("ada"), await world.PersonAsync("admin", admin: true));
        await world.Get<SignInMethods>().ConnectAsync(ada, GitHub, Now);
        await world.Get<PeopleService>().DisableAsync(admin, ada.UserId!.Value, Now);
        var refused = await TeamsWorld.RefusedAsync(Refusal.Denied, () => world.Get<SignInMethods>().SignInAsync(GitHub, null, Now));
        Assert.Equal("This account is disabled. Ask a platform admin.", refused.Message);
    }
}
