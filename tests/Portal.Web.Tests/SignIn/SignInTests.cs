using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Common;
using Portal.Core.Teams;
using Portal.Web.Auth;
using Portal.Web.Tests.Api;

namespace Portal.Web.Tests.SignIn;

/// <summary>The ways in through the real pages.</summary>
public sealed class SignInTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Password = "correct horse battery";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_page_sends_a_stranger_to_sign_in_and_back()
    {
        using var browser = new Browser(host.Url);
        await browser.OpenAsync("/shop/team?x=1");
        Assert.Equal((HttpStatusCode.Found, "/sign-in?returnUrl=%2Fshop%2Fteam%3Fx%3D1"), (browser.Status, browser.SentTo));

        var email = await PersonAsync();
        await browser.OpenAsync(browser.SentTo!);
        await browser.SubmitAsync(fields: [("Form.Email", email), ("Form.Password", Password)]);

        Assert.Equal("/shop/team?x=1", browser.SentTo);
        Assert.True(browser.SessionCookie!.HttpOnly);
        Assert.Equal(HttpStatusCode.OK, (await browser.OpenAsync("/me")).Status);
    }

    [Fact]
    public async Task An_address_that_leads_nowhere_is_told_on_a_page()
    {
        using var browser = await SignedInAsync(await PersonAsync());
        await browser.OpenAsync("/shop/activity/more");
        Assert.Equal(HttpStatusCode.NotFound, browser.Status);
        Assert.Contains("There is nothing here", browser.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_and_an_unknown_person_are_told_the_same()
    {
        var email = await PersonAsync();
        using var browser = new Browser(host.Url);
        await browser.OpenAsync("/sign-in");
        await browser.SubmitAsync(fields: [("Form.Email", email), ("Form.Password", "not the password")]);
        var wrong = browser.Errors.ToList();
        await browser.SubmitAsync(fields: [("Form.Email", "nobody@example.org"), ("Form.Password", "not the password")]);
        Assert.Equal(wrong, browser.Errors);
        Assert.Single(wrong);
        Assert.Null(browser.SessionCookie);
    }

    [Fact]
    public async Task A_disabled_persons_open_session_is_over()
    {
        var email = await PersonAsync();
        using var browser = await SignedInAsync(email);
        await using (var db = host.Database.CreateDbContext())
        {
            await db.Users.Where(u => u.Email == email).ExecuteUpdateAsync(s => s.SetProperty(u => u.DisabledAt, DateTimeOffset.UnixEpoch), Now);
        }
        Assert.StartsWith("/sign-in", (await browser.OpenAsync("/me")).SentTo, StringComparison.Ordinal);
        await browser.OpenAsync("/sign-in");
        await browser.SubmitAsync(fields: [("Form.Email", email), ("Form.Password", Password)]);
        Assert.Contains("disabled", Assert.Single(browser.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_wrong_passwords_lock_for_a_while()
    {
        var email = await PersonAsync();
        using var browser = new Browser(host.Url);
        await browser.OpenAsync("/sign-in");
        await using (var db = host.Database.CreateDbContext())
        {
            // The eighth wrong one locks; earlier ones are not sent here, because the door limits the rate as well.
            await db.Users.Where(u => u.Email == email).ExecuteUpdateAsync(s => s.SetProperty(u => u.AccessFailedCount, 7), Now);
        }
        await browser.SubmitAsync(fields: [("Form.Email", email), ("Form.Password", "wrong wrong wrong")]);
        await browser.SubmitAsync(fields: [("Form.Email", email), ("Form.Password", Password)]);
        Assert.Contains("five minutes", Assert.Single(browser.Errors), StringComparison.Ordinal);
        Assert.Null(browser.SessionCookie);
    }

    [Fact]
    public async Task Signing_out_ends_the_session_and_takes_more_than_a_link()
    {
        using var browser = await SignedInAsync(await PersonAsync());
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.SubmitAsync("/sign-out", "http://evil.localhost:1")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.SubmitAsync("/sign-out", fields: ("__RequestVerificationToken", "x"))).Status);
        await browser.OpenAsync("/me");
        await browser.SubmitAsync("/sign-out");
        Assert.Equal("/sign-in", browser.SentTo);
        Assert.StartsWith("/sign-in", (await browser.OpenAsync("/me")).SentTo, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Looking_at_a_link_does_not_use_it_up_and_clicking_does()
    {
        var admin = await PersonAsync(admin: true);
        var link = "/link?token=" + await host.Services.GetRequiredService<SignInLinks>().CreateAsync(Now);
        using var browser = new Browser(host.Url);
        await browser.OpenAsync(link);
        await browser.OpenAsync(link);
        await browser.SubmitAsync("/link");
        Assert.Equal((HttpStatusCode.Found, "/"), (browser.Status, browser.SentTo));
        Assert.NotNull(browser.SessionCookie);

        using var other = new Browser(host.Url);
        Assert.Contains("does not work any more", (await other.OpenAsync(link)).Html, StringComparison.Ordinal);
        Assert.NotEmpty(admin);
    }

    [Fact]
    public async Task An_invitation_makes_an_account_and_leads_to_the_team()
    {
        Actor maintainer;
        await using (var db = host.Database.CreateDbContext())
        {
            var user = await db.Users.SingleAsync(u => u.UserName == "maintainer", Now);
            var session = await host.Services.GetRequiredService<SessionService>().StartAsync(user.Id, null, null, Now);
            maintainer = (await host.Services.GetRequiredService<ActorFactory>().ForSessionAsync(user.Id, session, user.SecurityStamp, null, Now))!;
        }
        var made = await host.Services.GetRequiredService<InvitationService>().CreateAsync(maintainer, host.TeamId, TeamRole.Developer, Now);
        using var browser = new Browser(host.Url);
        await browser.OpenAsync($"/join/{made.Token}");
        Assert.Contains("Join Shop", browser.Html, StringComparison.Ordinal);
        await browser.SubmitAsync(fields: [("Form.Name", ""), ("Form.Email", "x"), ("Form.Password", "short")]);
        Assert.Equal(3, browser.Errors.Count());
        await browser.SubmitAsync(fields: [("Form.Name", "Grace"), ("Form.Email", "grace@example.org"), ("Form.Password", Password)]);
        Assert.Equal("/shop", browser.SentTo);
        Assert.Contains("Grace", (await browser.OpenAsync("/shop/team")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cookie_opens_the_API_for_reading_only_and_a_token_opens_no_page()
    {
        using var browser = await SignedInAsync(await PersonAsync());
        Assert.Equal(HttpStatusCode.OK, (await browser.OpenAsync("/api/v1/me")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.SubmitAsync("/api/v1/teams/shop/join-requests")).Status);
        using var machine = host.As("admin");
        Assert.Contains("Sign in", await machine.GetStringAsync("/me", Now), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/shop/api", "/shop/api")]
    [InlineData("//evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("https://evil.example", "/")]
    [InlineData("/\tevil", "/")]
    [InlineData("", "/")]
    [InlineData(null, "/")]
    public void Coming_back_leads_to_a_page_of_the_portal(string? asked, string led) => Assert.Equal(led, SignIns.Local(asked));

    private async Task<Browser> SignedInAsync(string email)
    {
        var browser = new Browser(host.Url);
        await browser.OpenAsync("/sign-in");
        await browser.SubmitAsync(fields: [("Form.Email", email), ("Form.Password", Password)]);
        Assert.Equal("/", browser.SentTo);
        await browser.OpenAsync("/me");
        return browser;
    }

    private async Task<string> PersonAsync(bool admin = false)
    {
        await using var scope = host.Services.CreateAsyncScope();
        var email = $"{Guid.NewGuid():N}@example.org";
        var people = scope.ServiceProvider.GetRequiredService<Microsoft.AspNetCore.Identity.UserManager<Portal.Core.Data.PortalUser>>();
        var made = await people.CreateAsync(new Portal.Core.Data.PortalUser { Id = Guid.NewGuid(), UserName = email, Email = email, DisplayName = "Somebody", IsPlatformAdmin = admin, LockoutEnabled = true }, Password);
        Assert.True(made.Succeeded);
        return email;
    }
}
