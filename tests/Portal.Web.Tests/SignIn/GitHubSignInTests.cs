using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Common;
using Portal.Core.Git.GitHub;
using Portal.Core.Teams;

namespace Portal.Web.Tests.SignIn;

/// <summary>Signing in with GitHub, through the real host and the double's pages.</summary>
public sealed class GitHubSignInTests(OutsideHost host) : IClassFixture<OutsideHost>
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_connected_person_comes_in_and_GitHub_gets_its_token_back()
    {
        var (email, login) = await ConnectedAsync();
        using var browser = new Browser(host.Home);
        await host.ThroughGitHubAsync(browser, $"{host.GitHubPath}?returnUrl=/me", login);
        await browser.OpenAsync(browser.Destination!.AbsoluteUri);

        Assert.Equal((HttpStatusCode.Found, "/me"), (browser.Status, browser.SentTo));
        Assert.Contains(email.Split('@')[0], await OutsideHost.WhoAsync(browser), StringComparison.Ordinal);
        Assert.Equal(0, host.GitHub.UserTokens);
        Assert.Empty(host.GitHub.Requests.Faults);
    }

    [Fact]
    public async Task An_account_is_known_by_its_number()
    {
        var (email, login) = await ConnectedAsync();
        var id = (await host.LoginsAsync(email)).Single().Split(' ')[1];
        Assert.True(long.TryParse(id, out _));
        Assert.DoesNotContain(login, id, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_comes_in_unknown_and_the_same_e_mail_address_opens_no_account()
    {
        var login = NewLogin();
        var email = await host.PersonAsync($"{login}@example.com");
        using var browser = new Browser(host.Home);
        await (await host.ThroughGitHubAsync(browser, host.GitHubPath, login)).FollowAsync();
        Assert.Contains("connect it under Me", Assert.Single(browser.Errors), StringComparison.Ordinal);
        Assert.Null(await OutsideHost.WhoAsync(browser));
        Assert.Empty(await host.LoginsAsync(email));
    }

    [Fact]
    public async Task An_invitation_makes_the_account_with_the_verified_address()
    {
        var login = NewLogin();
        var invitation = await InvitationAsync();
        using var browser = new Browser(host.Home);
        await host.ThroughGitHubAsync(browser, $"{host.GitHubPath}?invitation={invitation}", login);
        await browser.OpenAsync(browser.Destination!.AbsoluteUri);
        Assert.Equal("/shop", browser.SentTo);
        Assert.Single(await host.LoginsAsync($"{login}@example.com"));
    }

    [Fact]
    public async Task Whoever_has_an_account_already_presses_join()
    {
        var (email, login) = await ConnectedAsync();
        var invitation = await InvitationAsync();
        using var browser = new Browser(host.Home);
        await (await host.ThroughGitHubAsync(browser, $"{host.GitHubPath}?invitation={invitation}", login)).FollowAsync();
        Assert.Contains($"Join as {email.Split('@')[0]}", browser.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_that_was_changed_is_refused_and_ends_the_journey()
    {
        var (_, login) = await ConnectedAsync();
        using var browser = await OnTheWayBackAsync(login);
        var back = browser.Destination!.AbsoluteUri;
        await RefusedAsync(browser, back + "x");
        await RefusedAsync(browser, back);
    }

    [Fact]
    public async Task A_way_back_counts_once()
    {
        var (_, login) = await ConnectedAsync();
        using var browser = await OnTheWayBackAsync(login);
        var back = browser.Destination!.AbsoluteUri;
        await browser.OpenAsync(back);
        Assert.NotNull(browser.SessionCookie);
        browser.Forget("portal");
        await RefusedAsync(browser, back);
    }

    [Fact]
    public async Task A_way_back_counts_only_in_the_browser_that_left()
    {
        var (_, login) = await ConnectedAsync();
        using var left = await OnTheWayBackAsync(login);
        using var other = new Browser(host.Home);
        await RefusedAsync(other, left.Destination!.AbsoluteUri);
        // Nor in one that left for itself: the other's state is not its own.
        using var third = await OnTheWayBackAsync(login);
        await RefusedAsync(third, left.Destination!.AbsoluteUri);
    }

    [Fact]
    public async Task A_code_of_somebody_elses_journey_lets_nobody_in()
    {
        var (_, mine) = await ConnectedAsync();
        var (_, theirs) = await ConnectedAsync();
        using var my = await OnTheWayBackAsync(mine);
        using var their = await OnTheWayBackAsync(theirs);
        var stolen = Code(their.Destination!);
        await RefusedAsync(my, my.Destination!.AbsoluteUri.Replace(Code(my.Destination!), stolen, StringComparison.Ordinal), "Begin again");

        static string Code(Uri back) => back.Query.Split("code=")[1].Split('&')[0];
    }

    [Fact]
    public async Task A_disabled_person_is_told_the_same_as_with_a_password()
    {
        var (email, login) = await ConnectedAsync();
        await using (var db = host.Database.CreateDbContext())
        {
            await db.Users.Where(u => u.Email == email).ExecuteUpdateAsync(s => s.SetProperty(u => u.DisabledAt, DateTimeOffset.UnixEpoch), Now);
        }
        using var browser = new Browser(host.Home);
        await (await host.ThroughGitHubAsync(browser, host.GitHubPath, login)).FollowAsync();
        Assert.Equal("This account is disabled. Ask a platform admin.", Assert.Single(browser.Errors));
        Assert.Null(browser.SessionCookie);
    }

    [Fact]
    public async Task A_person_who_does_not_agree_is_not_signed_in()
    {
        var login = NewLogin();
        using var browser = new Browser(host.Home);
        await browser.OpenAsync(host.GitHubPath);
        await browser.OpenAsync($"{browser.Destination!.AbsoluteUri}&login={login}");
        await browser.SubmitAsync(new Uri(host.GitHub.Url, "/login/oauth/authorize").AbsoluteUri, fields: ("authorize", "0"));
        await browser.FollowAsync();
        Assert.Equal("You did not allow it at GitHub, so nothing happened.", Assert.Single(browser.Errors));
    }

    [Theory]
    [InlineData("/login/oauth/access_token")]
    [InlineData("/api/v3/user")]
    public async Task A_GitHub_that_is_away_is_said(string path)
    {
        var (_, login) = await ConnectedAsync();
        using var browser = await OnTheWayBackAsync(login);
        host.GitHub.Outage.Answer(500, path: path);
        try
        {
            await RefusedAsync(browser, browser.Destination!.AbsoluteUri, "does not answer as it should");
        }
        finally
        {
            host.GitHub.Outage.End();
        }
    }

    [Fact]
    public async Task A_disconnected_account_leads_nowhere()
    {
        var (email, login) = await ConnectedAsync();
        using var browser = await host.SignedInAsync(email);
        var actor = await ActorAsync(email);
        var methods = host.Services.GetRequiredService<SignInMethods>();
        var connected = Assert.Single((await methods.ListAsync(actor, Now)).Connected);
        Assert.Equal(login, connected.Account);
        await methods.DisconnectAsync(actor, connected.Provider, connected.Key, [], Now);
        using var another = new Browser(host.Home);
        await (await host.ThroughGitHubAsync(another, host.GitHubPath, login)).FollowAsync();
        Assert.Contains("connect it under Me", Assert.Single(another.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Me_shows_what_is_connected()
    {
        var (email, login) = await ConnectedAsync();
        using var browser = await host.SignedInAsync(email);
        await browser.OpenAsync("/me");
        Assert.Contains(login, browser.Html, StringComparison.Ordinal);
        Assert.Contains("Connect Company account", browser.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("Connect GitHub", browser.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_accounts_of_Portal_do_not_share_one_of_GitHub()
    {
        var (_, login) = await ConnectedAsync();
        var second = await host.PersonAsync();
        using var browser = await host.SignedInAsync(second);
        await (await host.ThroughGitHubAsync(browser, await host.ConnectAddressAsync(host.GitHubPath, second), login)).FollowAsync();
        Assert.Contains("connected to another account", Assert.Single(browser.Errors), StringComparison.Ordinal);
        Assert.Empty(await host.LoginsAsync(second));
    }

    [Fact]
    public async Task A_connection_that_was_removed_is_said()
    {
        using var browser = new Browser(host.Home);
        await (await browser.OpenAsync($"/connect/github/{Guid.NewGuid()}/sign-in")).FollowAsync();
        Assert.Contains("not connected to Portal any more", Assert.Single(browser.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void The_App_that_Portal_registers_may_ask_for_the_address_and_send_people_back()
    {
        var manifest = GitHubManifest.Write("https://portal.example.org", Guid.NewGuid(), webhook: true);
        Assert.Contains("\"emails\":\"read\"", manifest, StringComparison.Ordinal);
        Assert.Contains("https://portal.example.org/connect/github/signed-in", manifest, StringComparison.Ordinal);
    }

    private string NewLogin()
    {
        var login = $"person-{Guid.NewGuid():N}";
        host.GitHub.AddUser(login);
        return login;
    }

    private async Task<(string Email, string Login)> ConnectedAsync()
    {
        var login = NewLogin();
        var email = await host.PersonAsync();
        using var browser = await host.SignedInAsync(email);
        await host.ThroughGitHubAsync(browser, await host.ConnectAddressAsync(host.GitHubPath, email), login);
        await browser.OpenAsync(browser.Destination!.AbsoluteUri);
        Assert.Equal("/me", browser.SentTo);
        Assert.Single(await host.LoginsAsync(email));
        return (email, login);
    }

    private async Task<Browser> OnTheWayBackAsync(string login)
    {
        var browser = new Browser(host.Home);
        await host.ThroughGitHubAsync(browser, host.GitHubPath, login);
        Assert.Equal(GitHubDoors.SignedIn, browser.Destination!.AbsolutePath);
        return browser;
    }

    private async Task<string> InvitationAsync() =>
        (await host.Services.GetRequiredService<InvitationService>().CreateAsync(await host.MaintainerAsync(), host.TeamId, TeamRole.Developer, Now)).Token;

    private async Task<Actor> ActorAsync(string email)
    {
        await using var db = host.Database.CreateDbContext();
        var user = await db.Users.SingleAsync(u => u.Email == email, Now);
        var session = await db.Set<Session>().Where(s => s.UserId == user.Id).OrderByDescending(s => s.StartedAt).FirstAsync(Now);
        return (await host.Services.GetRequiredService<ActorFactory>().ForSessionAsync(user.Id, session.Id, user.SecurityStamp, null, Now))!;
    }

    private static async Task RefusedAsync(Browser browser, string back, string sentence = "another browser")
    {
        await (await browser.OpenAsync(back)).FollowAsync();
        Assert.Contains(sentence, Assert.Single(browser.Errors), StringComparison.Ordinal);
        Assert.Null(browser.SessionCookie);
    }
}
