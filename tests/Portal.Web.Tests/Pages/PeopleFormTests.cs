using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Data;
using Portal.Core.Teams;
using Portal.Web.Components.Pages.Account;
using Portal.Web.Components.Pages.Admin;
using Portal.Web.Components.Pages.TeamDetail;
using Portal.Web.Components.Pages.Teams;
using Portal.Web.Tests.Api;
using Xunit;

namespace Portal.Web.Tests.Pages;

/// <summary>The forms of Team, Me and Admin with the boring rows first: empty, too long, twice, without the right.</summary>
public sealed class PeopleFormTests(ApiHost host) : PageContext(host), IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_viewer_is_offered_nothing_that_only_maintainers_may()
    {
        await BeAsync("viewer");

        var page = Team();

        Assert.Empty(page.FindAll("select, #tokens, #settings"));
        Assert.DoesNotContain(page.FindAll("button"), b => b.TextContent.Trim() is "Invite" or "Remove" or "Delete team");
        Assert.Single(page.FindAll("button"), b => b.TextContent.Trim() == "Leave");
    }

    [Theory]
    [InlineData("", "Give the team a name")]
    [InlineData("long", "At most 80 characters; this has 81")]
    public async Task A_team_is_not_given_a_name_that_cannot_be(string name, string says)
    {
        await BeAsync("maintainer");
        var page = Team();

        await OnAsync(page, "#team-name", e => e.Change(name == "long" ? new string('x', 81) : name));
        await OnAsync(page, "section[aria-labelledby=settings] form", e => e.Submit());

        page.WaitForAssertion(() => Assert.Contains(says, Told, StringComparison.Ordinal));
        await using var db = Host.Database.CreateDbContext();
        Assert.Equal("Shop", await db.Set<Team>().Where(t => t.Id == Host.TeamId).Select(t => t.Name).SingleAsync(Now));
    }

    [Fact]
    public async Task Who_lost_the_right_while_the_page_was_open_is_refused_and_the_trail_keeps_it()
    {
        await BeAsync("maintainer");
        var page = Team();
        await BeAsync("viewer");

        await OnAsync(page, "#team-name", e => e.Change("Mine now"));
        await OnAsync(page, "section[aria-labelledby=settings] form", e => e.Submit());

        page.WaitForAssertion(() => Assert.Contains("needs the role maintainer", Told, StringComparison.Ordinal));
        Assert.Contains(("viewer", "rename", "shop"), await RefusedAsync());
    }

    [Fact]
    public async Task An_invitation_is_made_as_often_as_asked_and_each_link_is_another()
    {
        await BeAsync("maintainer");
        var page = Team();
        await page.InvokeAsync(() => page.FindAll("button").First(b => b.TextContent.Trim() == "Invite").Click());

        await OnAsync(page, "form.form-row", e => e.Submit());
        page.WaitForElement(".copy-block");
        var first = page.Find(".copy-block pre").TextContent;
        await OnAsync(page, "form.form-row", e => e.Submit());
        page.WaitForAssertion(() => Assert.NotEqual(first, page.Find(".copy-block pre").TextContent));

        Assert.Contains("/join/", first, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "Give the token a name")]
    [InlineData("long", "At most 80 characters")]
    public async Task A_token_without_a_proper_name_is_not_made(string name, string says)
    {
        await BeAsync("maintainer");
        var page = Team();

        await OnAsync(page, "#token-name", e => e.Change(name == "long" ? new string('x', 81) : name));
        await OnAsync(page, "section[aria-labelledby=tokens] form", e => e.Submit());

        page.WaitForAssertion(() => Assert.Contains(says, page.Find("#token-error").TextContent, StringComparison.Ordinal));
        Assert.Empty(page.FindAll(".copy-block"));
    }

    [Fact]
    public async Task A_token_is_shown_once_and_then_only_its_beginning()
    {
        await BeAsync("developer");
        var page = Me();
        await OnAsync(page, "#token-name", e => e.Change("ci"));
        await OnAsync(page, "section[aria-labelledby=tokens] form", e => e.Submit());
        page.WaitForElement(".copy-block");
        var value = page.Find(".copy-block pre").TextContent;
        Assert.StartsWith("ptl_", value, StringComparison.Ordinal);

        var again = Me();

        Assert.DoesNotContain(value, again.Markup, StringComparison.Ordinal);
        Assert.Contains(value[..10], again.Markup, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "nora@example.org", "Say your name.")]
    [InlineData("long", "nora@example.org", "At most 80 characters; this has 81.")]
    [InlineData("Nora", "not an address", "Write an e-mail address such as")]
    [InlineData("Nora", "taken@example.org", "Somebody has an account with this e-mail address already")]
    public async Task A_profile_that_cannot_be_is_said_beside_its_field(string name, string email, string says)
    {
        await AddTakenAsync();
        await BeAsync("outsider");
        var page = Me();

        await OnAsync(page, "#my-name", e => e.Change(name == "long" ? new string('x', 81) : name));
        await OnAsync(page, "#my-email", e => e.Change(email));
        await OnAsync(page, "section[aria-labelledby=profile] form", e => e.Submit());

        page.WaitForAssertion(() => Assert.Contains(page.FindAll("section[aria-labelledby=profile] .error"), e => e.TextContent.Contains(says, StringComparison.Ordinal)));
        Assert.Equal("", Told);
    }

    [Theory]
    [InlineData("", "a brand new password", "Type the password you have now.")]
    [InlineData("wrong", "a brand new password", "This is not the password you have now.")]
    [InlineData("whatever", "short", "At least 10 characters")]
    public async Task A_password_is_not_changed_by_mistake(string current, string next, string says)
    {
        await using (var db = Host.Database.CreateDbContext())
        {
            var hash = new Microsoft.AspNetCore.Identity.PasswordHasher<PortalUser>().HashPassword(new PortalUser(), "nanoseconds are short");
            await db.Users.Where(u => u.UserName == "outsider").ExecuteUpdateAsync(s => s.SetProperty(u => u.PasswordHash, hash), Xunit.TestContext.Current.CancellationToken);
        }
        await BeAsync("outsider");
        var page = Me();

        await OnAsync(page, "#my-current", e => e.Change(current));
        await OnAsync(page, "#my-next", e => e.Change(next));
        await OnAsync(page, "section[aria-labelledby=password] form", e => e.Submit());

        page.WaitForAssertion(() => Assert.Contains(page.FindAll("section[aria-labelledby=password] .error"), e => e.TextContent.Contains(says, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Who_has_no_password_is_not_asked_for_it()
    {
        await BeAsync("viewer");
        var page = Me();

        Assert.Empty(page.FindAll("#my-current"));
        await OnAsync(page, "#my-next", e => e.Change("short"));
        await OnAsync(page, "section[aria-labelledby=password] form", e => e.Submit());

        page.WaitForAssertion(() => Assert.Contains(page.FindAll("section[aria-labelledby=password] .error"), e => e.TextContent.Contains("At least 10 characters", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task This_browser_is_told_from_the_others()
    {
        await BeAsync("auditor");
        await BeAsync("auditor");

        var page = Me();

        Assert.Single(page.FindAll("ul[aria-label=Sessions] .tag"));
        Assert.NotEmpty(page.FindAll("ul[aria-label=Sessions] button"));
        Assert.Single(page.FindAll("button"), b => b.TextContent.Trim() == "Sign out all others");
    }

    [Fact]
    public async Task An_auditor_reads_people_and_changes_none()
    {
        await BeAsync("auditor");

        var page = People();

        Assert.Contains("developer", page.Markup, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("table select, table button"));
    }

    [Fact]
    public async Task The_last_admin_stays_one()
    {
        await BeAsync("admin");
        var page = People();

        // In the renderer's turn: between finding and changing, a live change could draw the list anew.
        await page.InvokeAsync(() => page.FindAll("select").First(s => s.GetAttribute("aria-label") == "Role of admin").Change("person"));

        page.WaitForAssertion(() => Assert.Contains("admin", Told, StringComparison.OrdinalIgnoreCase));
        await using var db = Host.Database.CreateDbContext();
        Assert.True(await db.Users.AnyAsync(u => u.UserName == "admin" && u.IsPlatformAdmin, Now));
    }

    [Theory]
    [InlineData("shop", "already")]
    [InlineData("admin", "word that the portal uses itself")]
    [InlineData("a--b", "Hyphens stand alone")]
    [InlineData("9lives", "Start with a letter")]
    public async Task A_team_whose_name_cannot_be_is_not_made(string slug, string says)
    {
        await BeAsync("outsider");
        var form = Render<CreateTeam>();

        await OnAsync(form, "#team-slug", e => e.Input(slug));
        await OnAsync(form, "form", e => e.Submit());

        form.WaitForAssertion(() => Assert.Contains(says, form.Find(".error").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_auditor_who_makes_a_team_is_refused_and_the_trail_keeps_it()
    {
        await BeAsync("auditor");
        var form = Render<CreateTeam>();

        await OnAsync(form, "#team-slug", e => e.Input("mine"));
        await OnAsync(form, "form", e => e.Submit());

        form.WaitForAssertion(() => Assert.Contains("changes nothing", form.Find(".error").TextContent, StringComparison.Ordinal));
        Assert.Contains(("auditor", "create-team", "portal"), await RefusedAsync());
    }

    [Fact]
    public async Task Asking_to_join_tells_nothing_of_whether_there_is_such_a_team()
    {
        await BeAsync("outsider");
        foreach (var slug in new[] { "shop", "nothing-here" })
        {
            var form = Render<JoinTeam>();
            await OnAsync(form, "#join-slug", e => e.Input(slug));
            await OnAsync(form, "form", e => e.Submit());
            form.WaitForAssertion(() => Assert.Contains($"If there is a team “{slug}”", form.Markup, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Who_is_in_the_team_need_not_ask()
    {
        await BeAsync("developer");
        var form = Render<JoinTeam>();

        await OnAsync(form, "#join-slug", e => e.Input("shop"));
        await OnAsync(form, "form", e => e.Submit());

        form.WaitForAssertion(() => Assert.Contains("You are in this team already", form.Find(".error").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Teams_are_one_s_own_first_and_only_an_auditor_sees_the_others()
    {
        await BeAsync("viewer");
        var mine = Teams();
        Assert.Equal("Shop", Assert.Single(mine.FindAll("ul[aria-label='Your teams'] b")).TextContent);
        Assert.Empty(mine.FindAll("#other-teams"));

        await BeAsync("auditor");
        var all = Teams();
        Assert.NotEmpty(all.FindAll("#other-teams"));
        Assert.Empty(all.FindAll("#make-team"));
    }

    private IRenderedComponent<TeamPage> Team()
    {
        Services.GetRequiredService<NavigationManager>().NavigateTo("/shop/team");
        var page = Render<TeamPage>(p => p.Add(c => c.TeamSlug, "shop"));
        page.WaitForElement("#members");
        return page;
    }

    private IRenderedComponent<MePage> Me()
    {
        var page = Render<MePage>();
        page.WaitForElement("#token-name");
        return page;
    }

    private IRenderedComponent<PeoplePage> People()
    {
        var page = Render<PeoplePage>();
        page.WaitForElement("table");
        return page;
    }

    private IRenderedComponent<TeamsPage> Teams()
    {
        var page = Render<TeamsPage>();
        page.WaitForElement("#join-team");
        return page;
    }

    private async Task AddTakenAsync()
    {
        await using var db = Host.Database.CreateDbContext();
        if (!await db.Users.AnyAsync(u => u.NormalizedEmail == "TAKEN@EXAMPLE.ORG", Now))
        {
            await Host.Database.AddAsync(new PortalUser
            {
                Id = Guid.NewGuid(),
                UserName = "taken@example.org",
                NormalizedUserName = "TAKEN@EXAMPLE.ORG",
                Email = "taken@example.org",
                NormalizedEmail = "TAKEN@EXAMPLE.ORG",
                DisplayName = "Taken",
                SecurityStamp = "taken",
                CreatedAt = DateTimeOffset.UnixEpoch,
            });
        }
    }
}
