using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Teams;
using Portal.Testing;

namespace Portal.Web.Tests.SignIn;

/// <summary>Signing in with OpenID Connect providers, through the real host and redirects.</summary>
public sealed class OidcSignInTests(OutsideHost host) : IClassFixture<OutsideHost>
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_page_offers_every_way_as_a_plain_link()
    {
        using var browser = new Browser(host.Home);
        await browser.OpenAsync("/sign-in?returnUrl=/shop/apps");
        Assert.Contains($"href=\"{host.Home.AbsoluteUri.TrimEnd('/')}{host.CompanyPath}?returnUrl=%2Fshop%2Fapps\"", browser.Html, StringComparison.Ordinal);
        Assert.Contains("Sign in with Company account", browser.Html, StringComparison.Ordinal);
        Assert.Contains($"Sign in with GitHub at {host.GitHub.Url.Authority}", browser.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connected_person_comes_in_and_where_they_wanted()
    {
        var email = await ConnectedAsync("comes-in");
        using var browser = new Browser(host.Home);
        await browser.OpenAsync($"{host.CompanyPath}?returnUrl=/me");
        await browser.OpenAsync(browser.Destination!.AbsoluteUri);
        await browser.OpenAsync(browser.Destination!.AbsoluteUri);

        Assert.Equal((HttpStatusCode.Found, "/me"), (browser.Status, browser.SentTo));
        Assert.Contains(email.Split('@')[0], await OutsideHost.WhoAsync(browser), StringComparison.Ordinal);
        await using var db = host.Database.CreateDbContext();
        Assert.True(await db.Set<AuditEntry>().AnyAsync(e => e.Action == "person.sign-in" && e.Target == $"{email.Split('@')[0]} with Company account", Now));
        Assert.False(await db.UserTokens.AnyAsync(Now));
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example")]
    public async Task Coming_in_leads_to_no_other_site(string returnUrl)
    {
        await ConnectedAsync("no-other-site-" + returnUrl.Length);
        using var browser = new Browser(host.Home);
        await browser.OpenAsync($"{host.CompanyPath}?returnUrl={Uri.EscapeDataString(returnUrl)}");
        await browser.OpenAsync(browser.Destination!.AbsoluteUri);
        await browser.OpenAsync(browser.Destination!.AbsoluteUri);
        Assert.Equal(host.Home, browser.Destination);
    }

    [Fact]
    public async Task The_same_e_mail_address_opens_no_account()
    {
        var email = await host.PersonAsync();
        host.Company.Person = new OidcPerson("an-intruder", email);
        using var browser = new Browser(host.Home);
        await (await browser.OpenAsync(host.CompanyPath)).FollowAsync();

        Assert.Contains("connect it under Me", Assert.Single(browser.Errors), StringComparison.Ordinal);
        Assert.Null(await OutsideHost.WhoAsync(browser));
        Assert.Empty(await host.LoginsAsync(email));
    }

    [Fact]
    public async Task The_same_e_mail_address_opens_no_account_where_accounts_are_made_by_themselves()
    {
        var email = await host.PersonAsync($"{Guid.NewGuid():N}@acme.example");
        host.Staff.Person = new OidcPerson("a-double", email);
        using var browser = new Browser(host.Home);
        await (await browser.OpenAsync(host.StaffPath)).FollowAsync();

        Assert.Contains("has an account with this e-mail address already", Assert.Single(browser.Errors), StringComparison.Ordinal);
        Assert.Null(await OutsideHost.WhoAsync(browser));
        Assert.Empty(await host.LoginsAsync(email));
    }

    [Fact]
    public async Task A_disabled_person_is_told_the_same_as_with_a_password()
    {
        var email = await ConnectedAsync("disabled");
        await using (var db = host.Database.CreateDbContext())
        {
            await db.Users.Where(u => u.Email == email).ExecuteUpdateAsync(s => s.SetProperty(u => u.DisabledAt, DateTimeOffset.UnixEpoch), Now);
        }
        using var browser = new Browser(host.Home);
        await (await browser.OpenAsync(host.CompanyPath)).FollowAsync();
        Assert.Equal("This account is disabled. Ask a platform admin.", Assert.Single(browser.Errors));
        Assert.Null(browser.SessionCookie);
    }

    [Fact]
    public async Task A_state_that_was_changed_is_refused()
    {
        using var browser = await OnTheWayBackAsync("state-changed");
        var back = browser.Destination!.AbsoluteUri;
        await RefusedAsync(browser, back[..^6] + "AAAAAA", "Begin again");
    }

    [Fact]
    public async Task A_way_back_counts_once()
    {
        using var browser = await OnTheWayBackAsync("replayed");
        var back = browser.Destination!.AbsoluteUri;
        await browser.OpenAsync(back);
        Assert.NotNull(browser.SessionCookie);
        browser.Forget("portal");
        await RefusedAsync(browser, back, "Begin again");
    }

    [Fact]
    public async Task A_way_back_counts_only_in_the_browser_that_left()
    {
        using var left = await OnTheWayBackAsync("other-browser");
        using var other = new Browser(host.Home);
        await RefusedAsync(other, left.Destination!.AbsoluteUri, "another browser");
    }

    [Theory]
    [InlineData("nonce")]
    [InlineData("iss")]
    [InlineData("aud")]
    [InlineData("exp")]
    [InlineData("key")]
    public async Task An_answer_that_does_not_prove_it_is_refused(string lie)
    {
        using var browser = await OnTheWayBackAsync("liar-" + lie);
        host.Company.Lie = lie switch
        {
            "exp" => claims => claims["exp"] = DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeSeconds(),
            "key" => null,
            _ => claims => claims[lie] = "https://evil.example",
        };
        host.Company.SignsWithAnotherKey = lie == "key";
        try
        {
            await RefusedAsync(browser, browser.Destination!.AbsoluteUri, "cannot be trusted");
        }
        finally
        {
            (host.Company.Lie, host.Company.SignsWithAnotherKey) = (null, false);
        }
    }

    [Fact]
    public async Task A_refusal_is_said_in_our_words()
    {
        using var browser = new Browser(host.Home);
        host.Company.Refusal = "access_denied";
        try
        {
            await (await browser.OpenAsync(host.CompanyPath)).FollowAsync();
        }
        finally
        {
            host.Company.Refusal = null;
        }
        Assert.Equal("You did not allow it at Company account, so nothing happened.", Assert.Single(browser.Errors));
    }

    [Fact]
    public async Task Any_other_error_of_the_provider_shows_nothing_of_it()
    {
        using var browser = new Browser(host.Home);
        host.Company.Refusal = "server_error";
        try
        {
            await (await browser.OpenAsync(host.CompanyPath)).FollowAsync();
        }
        finally
        {
            host.Company.Refusal = null;
        }
        Assert.Contains("does not answer as it should", Assert.Single(browser.Errors), StringComparison.Ordinal);
        Assert.DoesNotContain("as the provider says it", browser.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_that_is_away_is_said_before_leaving()
    {
        using var browser = new Browser(host.Home);
        await (await browser.OpenAsync(host.AbsentPath)).FollowAsync();
        Assert.Equal("Absent does not answer. Try again in a moment.", Assert.Single(browser.Errors));
    }

    [Fact]
    public async Task A_provider_that_goes_away_in_between_is_said_afterwards()
    {
        using var browser = await OnTheWayBackAsync("goes-away");
        host.Company.IsDown = true;
        try
        {
            await RefusedAsync(browser, browser.Destination!.AbsoluteUri, "does not answer as it should");
        }
        finally
        {
            host.Company.IsDown = false;
        }
    }

    [Fact]
    public async Task Staff_get_an_account_without_a_team()
    {
        var email = $"{Guid.NewGuid():N}@acme.example";
        host.Staff.Person = new OidcPerson("new-staff", email, Name: "Grace Hopper");
        using var browser = new Browser(host.Home);
        await (await browser.OpenAsync(host.StaffPath)).FollowAsync();
        Assert.Contains("Grace Hopper", await OutsideHost.WhoAsync(browser), StringComparison.Ordinal);
        Assert.Equal([$"oidc:{host.Staff.Authority} new-staff"], await host.LoginsAsync(email));
        await using var db = host.Database.CreateDbContext();
        Assert.False(await db.Set<Membership>().AnyAsync(m => db.Users.Any(u => u.Id == m.UserId && u.Email == email), Now));
    }

    [Fact]
    public async Task An_e_mail_address_that_is_told_elsewhere_counts_as_well()
    {
        host.Staff.Person = new OidcPerson("thin", $"{Guid.NewGuid():N}@acme.example");
        host.Staff.ThinTokens = true;
        using var browser = new Browser(host.Home);
        try
        {
            await (await browser.OpenAsync(host.StaffPath)).FollowAsync();
        }
        finally
        {
            host.Staff.ThinTokens = false;
        }
        Assert.Contains(host.Staff.Person.Email!.Split('@')[0], await OutsideHost.WhoAsync(browser), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("somebody@elsewhere.example", true)]
    [InlineData("somebody@notacme.example", true)]
    [InlineData("unverified@acme.example", false)]
    [InlineData("silent@acme.example", null)]
    [InlineData(null, true)]
    public async Task Nobody_else_gets_one(string? email, bool? verified)
    {
        host.Staff.Person = new OidcPerson($"nobody-{email}", email, verified);
        using var browser = new Browser(host.Home);
        await (await browser.OpenAsync(host.StaffPath)).FollowAsync();
        Assert.Contains("verified e-mail address of acme.example", Assert.Single(browser.Errors), StringComparison.Ordinal);
        Assert.Null(await OutsideHost.WhoAsync(browser));
    }

    [Fact]
    public async Task A_verified_address_at_one_place_does_not_vouch_for_another()
    {
        host.Staff.Person = new OidcPerson("two-faced", "real@elsewhere.example", true);
        host.Staff.Lie = claims =>
        {
            claims["email"] = "boss@acme.example";
            claims.Remove("email_verified");
        };
        using var browser = new Browser(host.Home);
        try
        {
            await (await browser.OpenAsync(host.StaffPath)).FollowAsync();
        }
        finally
        {
            host.Staff.Lie = null;
        }
        Assert.Null(await OutsideHost.WhoAsync(browser));
    }

    [Fact]
    public async Task An_invitation_makes_the_account_and_leads_to_the_team()
    {
        var email = $"{Guid.NewGuid():N}@example.org";
        host.Company.Person = new OidcPerson("invited", email, Name: "Invited Person");
        var made = await host.Services.GetRequiredService<InvitationService>().CreateAsync(await host.MaintainerAsync(), host.TeamId, TeamRole.Developer, Now);
        using var browser = new Browser(host.Home);
        await browser.OpenAsync($"/join/{made.Token}");
        Assert.Contains($"{host.CompanyPath}?invitation={made.Token}", browser.Html, StringComparison.Ordinal);
        await browser.OpenAsync($"{host.CompanyPath}?invitation={made.Token}");
        await browser.OpenAsync(browser.Destination!.AbsoluteUri);
        await browser.OpenAsync(browser.Destination!.AbsoluteUri);
        Assert.Equal("/shop", browser.SentTo);
        Assert.Contains("Invited Person", (await browser.OpenAsync("/shop/team")).Html, StringComparison.Ordinal);
        Assert.Null(await host.Services.GetRequiredService<InvitationService>().LookAsync(made.Token, Now));
    }

    [Fact]
    public async Task An_invitation_is_not_used_up_by_whoever_has_no_verified_address()
    {
        host.Company.Person = new OidcPerson("no-address", "unverified@example.org", EmailVerified: false);
        var made = await host.Services.GetRequiredService<InvitationService>().CreateAsync(await host.MaintainerAsync(), host.TeamId, TeamRole.Developer, Now);
        using var browser = new Browser(host.Home);
        await (await browser.OpenAsync($"{host.CompanyPath}?invitation={made.Token}")).FollowAsync();
        Assert.Contains("no verified e-mail address", Assert.Single(browser.Errors), StringComparison.Ordinal);
        Assert.Contains("Join Shop", browser.Html, StringComparison.Ordinal);
        Assert.NotNull(await host.Services.GetRequiredService<InvitationService>().LookAsync(made.Token, Now));
    }

    [Theory]
    [InlineData("cross-site")]
    [InlineData("same-site")]
    public async Task Another_site_only_gets_as_far_as_the_button(string from)
    {
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = host.Home };
        client.DefaultRequestHeaders.Add("Sec-Fetch-Site", from);
        using var answer = await client.GetAsync(host.CompanyPath, Now);
        Assert.StartsWith("/sign-in", answer.Headers.Location!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Somebody_elses_click_connects_nothing()
    {
        var mine = await host.PersonAsync();
        var theirs = await host.PersonAsync();
        using var my = await host.SignedInAsync(mine);
        using var their = await host.SignedInAsync(theirs);
        host.Company.Person = new OidcPerson("a-trap", "trap@example.org");
        await (await their.OpenAsync(await host.ConnectAddressAsync(host.CompanyPath, mine))).FollowAsync();
        Assert.Contains("too old", Assert.Single(their.Errors), StringComparison.Ordinal);
        Assert.Empty(await host.LoginsAsync(theirs));
        Assert.Empty(await host.LoginsAsync(mine));
    }

    [Fact]
    public async Task Signed_out_in_between_connects_nothing()
    {
        var email = await host.PersonAsync();
        using var browser = await host.SignedInAsync(email);
        host.Company.Person = new OidcPerson("left", "left@example.org");
        await browser.OpenAsync(await host.ConnectAddressAsync(host.CompanyPath, email));
        await browser.OpenAsync(browser.Destination!.AbsoluteUri);
        var back = browser.Destination!.AbsoluteUri;
        await using (var db = host.Database.CreateDbContext())
        {
            await db.Set<Session>().Where(s => db.Users.Any(u => u.Id == s.UserId && u.Email == email)).ExecuteUpdateAsync(s => s.SetProperty(x => x.EndedAt, DateTimeOffset.UtcNow), Now);
        }
        await browser.OpenAsync(back);
        Assert.StartsWith("/me?told=", browser.SentTo, StringComparison.Ordinal);
        Assert.Empty(await host.LoginsAsync(email));
    }

    /// <summary>Somebody with a password who connected the company's account under Me.</summary>
    private async Task<string> ConnectedAsync(string subject)
    {
        var email = await host.PersonAsync();
        host.Company.Person = new OidcPerson(subject, $"{subject}@company.example");
        using var browser = await host.SignedInAsync(email);
        await browser.OpenAsync(await host.ConnectAddressAsync(host.CompanyPath, email));
        await browser.OpenAsync(browser.Destination!.AbsoluteUri);
        await browser.OpenAsync(browser.Destination!.AbsoluteUri);
        Assert.Equal("/me", browser.SentTo);
        Assert.Equal([$"oidc:{host.Company.Authority} {subject}"], await host.LoginsAsync(email));
        return email;
    }

    /// <summary>Of a connected person: at the provider, about to be sent back with what would let them in.</summary>
    private async Task<Browser> OnTheWayBackAsync(string subject)
    {
        await ConnectedAsync(subject);
        var browser = new Browser(host.Home);
        await browser.OpenAsync(host.CompanyPath);
        await browser.OpenAsync(browser.Destination!.AbsoluteUri);
        Assert.Equal("/connect/oidc/0/signed-in", browser.Destination!.AbsolutePath);
        return browser;
    }

    private static async Task RefusedAsync(Browser browser, string back, string sentence)
    {
        await (await browser.OpenAsync(back)).FollowAsync();
        Assert.Contains(sentence, Assert.Single(browser.Errors), StringComparison.Ordinal);
        Assert.Null(browser.SessionCookie);
    }
}
