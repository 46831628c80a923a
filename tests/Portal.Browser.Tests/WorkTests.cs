using System.Net;
using System.Net.Http.Json;
using Microsoft.Playwright;
using Portal.Testing;
using static Microsoft.Playwright.Assertions;

namespace Portal.Browser.Tests;

/// <summary>What a team does day by day, clicked in a real browser through the real product.</summary>
[Collection(BusyProduct.Collection)]
[Trait("Duration", "Long")]
public sealed class WorkTests(BusyProduct product)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sample_is_live_after_a_few_clicks_and_without_a_terminal()
    {
        var page = await product.AdminAsync();
        await BusyProduct.OpenAsync(page, "/shop/new");
        await page.GetByText("A sample").ClickAsync();
        await page.GetByText("A web server without any packages.").ClickAsync();
        await Expect(page.GetByText("Found: Node")).ToBeVisibleAsync();
        await Expect(page.GetByLabel("Start the web process")).ToHaveAttributeAsync("placeholder", "node server.js");
        await page.Locator("#new-name").FillAsync("sampled");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create app" }).DblClickAsync();
        await page.ArriveAsync("**/shop/sampled/builds/1", 60_000);
        await product.LiveAsync("sampled", 1);
        using var app = product.Host.AppClient("sampled--shop");
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/", Token)).StatusCode);

        await BusyProduct.OpenAsync(page, "/shop/activity?app=sampled");
        await Expect(page.GetByText("The Node sample").First).ToBeVisibleAsync();
        await Expect(page.GetByText("made the app")).ToBeVisibleAsync();
        await page.GetByLabel("Everything").SelectOptionAsync("people");
        await page.ArriveAsync("**kind=people**");
        await Expect(page.GetByText("The Node sample")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_database_is_added_by_a_click_and_removed_by_typing_the_name()
    {
        var name = await product.AppAsync("stored");
        var page = await product.AdminAsync();
        await BusyProduct.OpenAsync(page, $"/shop/{name}/settings");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add PostgreSQL" }).ClickAsync();
        var addOns = page.Locator("section[aria-labelledby=set-addons]");
        await Expect(addOns.GetByText("Ready")).ToBeVisibleAsync(new() { Timeout = 90_000 });
        await BusyProduct.OpenAsync(page, $"/shop/{name}/variables");
        await Expect(page.GetByText("DATABASE_URL").First).ToBeVisibleAsync();

        await BusyProduct.OpenAsync(page, $"/shop/{name}/settings");
        await page.GetByLabel("Remove the database").ClickAsync();
        var remove = page.GetByRole(AriaRole.Button, new() { Name = "Remove database" });
        await Expect(remove).ToBeDisabledAsync();
        await page.Locator("#confirm-name").FillAsync("another");
        await Expect(remove).ToBeDisabledAsync();
        await page.Locator("#confirm-name").FillAsync(name);
        await remove.ClickAsync();
        await Expect(addOns.GetByRole(AriaRole.Button, new() { Name = "Add PostgreSQL" })).ToBeVisibleAsync(new() { Timeout = 90_000 });
    }

    [Fact]
    public async Task An_environment_is_made_filled_by_a_promotion_and_deleted()
    {
        var name = await product.AppAsync("staged");
        var page = await product.AdminAsync();
        await BusyProduct.OpenAsync(page, $"/shop/{name}/settings");
        await page.Locator("#env-name").FillAsync("staging");
        await page.Locator("#env-branch").FillAsync("next");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add environment" }).ClickAsync();
        await Expect(page.GetByText("follows next")).ToBeVisibleAsync();

        await BusyProduct.OpenAsync(page, $"/shop/{name}/deploys");
        await page.GetByRole(AriaRole.Button, new() { Name = "Promote v1 here" }).ClickAsync();
        await product.LiveAsync(name, 1, "staging");
        using var app = product.Host.AppClient($"staging--{name}--shop");
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/", Token)).StatusCode);

        await BusyProduct.OpenAsync(page, $"/shop/{name}/settings");
        await page.GetByLabel("Delete staging").ClickAsync();
        await page.Locator("#confirm-name").FillAsync("staging");
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete environment" }).ClickAsync();
        await Expect(page.GetByText("follows next")).ToHaveCountAsync(0, new() { Timeout = 60_000 });
    }

    [Fact]
    public async Task A_pasted_file_shows_what_will_change_before_it_does()
    {
        var name = await product.AppAsync("pasted");
        using (var api = product.Host.Client())
        {
            (await api.PutAsJsonAsync($"/api/v1/teams/shop/apps/{name}/environments/production/variables/LOG_LEVEL", new { value = "info" }, Token)).EnsureSuccessStatusCode();
        }
        var page = await product.AdminAsync();
        await BusyProduct.OpenAsync(page, $"/shop/{name}/variables");
        await page.GetByRole(AriaRole.Button, new() { Name = "Paste a .env" }).ClickAsync();
        await page.Locator("#paste-env").FillAsync("LOG_LEVEL=debug\nSTRIPE_KEY=sk_live_12345678\nnot a line");
        var understood = page.GetByLabel("Understood").GetByRole(AriaRole.Listitem);
        await Expect(understood).ToHaveCountAsync(2);
        await Expect(understood.First).ToContainTextAsync("replaces the present value");
        await Expect(understood.Last.GetByRole(AriaRole.Checkbox)).ToBeCheckedAsync();
        await Expect(page.GetByText("Line 3")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Save 2 variables" }).ClickAsync();

        await Expect(page.GetByText("debug")).ToBeVisibleAsync();
        await Expect(page.GetByText("STRIPE_KEY").First).ToBeVisibleAsync();
        Assert.DoesNotContain("sk_live_12345678", await page.ContentAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_is_made_used_and_revoked()
    {
        var page = await product.AdminAsync();
        await BusyProduct.OpenAsync(page, "/me");
        await page.Locator("#token-name").FillAsync("by click");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create token" }).ClickAsync();
        var value = await page.Locator("section[aria-labelledby=tokens] .copy-block pre").InnerTextAsync();
        using (var api = product.Host.Client(value.Trim()))
        {
            Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/api/v1/teams", Token)).StatusCode);
        }

        await page.GetByLabel("Revoke by click").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke", Exact = true }).Last.ClickAsync();
        await Expect(page.GetByLabel("Revoke by click")).ToHaveCountAsync(0);
        using var gone = product.Host.Client(value.Trim());
        Assert.Equal(HttpStatusCode.Unauthorized, (await gone.GetAsync("/api/v1/teams", Token)).StatusCode);
    }

    [Fact]
    public async Task A_viewer_joins_by_a_link_sees_no_forbidden_button_and_is_refused_where_one_was_left_open()
    {
        var name = await product.AppAsync("looked-at");
        var viewer = await product.JoinAsync("Vera", "viewer");
        foreach (var address in new[] { "/shop", $"/shop/{name}", $"/shop/{name}/deploys", $"/shop/{name}/variables", $"/shop/{name}/settings", "/shop/team" })
        {
            await BusyProduct.OpenAsync(viewer, address);
            foreach (var forbidden in new[] { "Deploy", "New app", "Add variable", "Save", "Delete app", "Add PostgreSQL", "Add environment", "Invite" })
            {
                await Expect(viewer.Locator("main").GetByRole(AriaRole.Button, new() { Name = forbidden, Exact = true })).ToHaveCountAsync(0);
            }
        }

        // The page was opened by a developer whose role ends while it is open.
        var developer = await product.JoinAsync("Dora", "developer");
        await BusyProduct.OpenAsync(developer, $"/shop/{name}");
        await developer.GetByRole(AriaRole.Button, new() { Name = "Deploy" }).ClickAsync();
        using (var api = product.Host.Client())
        {
            var members = await api.GetFromJsonAsync<System.Text.Json.JsonElement>("/api/v1/teams/shop/members", Token);
            var dora = members.GetProperty("items").EnumerateArray().Single(m => m.GetProperty("name").GetString() == "Dora").GetProperty("id").GetString();
            (await api.PatchAsJsonAsync($"/api/v1/teams/shop/members/{dora}", new { role = "viewer" }, Token)).EnsureSuccessStatusCode();
        }
        await developer.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Deploy" }).ClickAsync();
        await Expect(developer.GetByText("needs the role developer")).ToBeVisibleAsync();

        var admin = await product.AdminAsync();
        await BusyProduct.OpenAsync(admin, "/admin/audit?outcome=refused");
        await Expect(admin.Locator("main").GetByText("Dora").First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task On_a_phone_one_reads_a_failing_app_s_output_and_rolls_it_back()
    {
        using var sample = await SampleRepository.OfAsync("node");
        using (var api = product.Host.Client())
        {
            (await api.PostAsJsonAsync("/api/v1/teams/shop/apps", new { name = "pocket" }, Token)).EnsureSuccessStatusCode();
        }
        var url = $"{product.Host.Url}git/shop/pocket.git";
        Assert.Contains("v1 is live", await sample.PushAsync(url, product.Host.AdminToken), StringComparison.Ordinal);
        sample.Write("server.js", sample.Read("server.js") + "\n// second\n");
        await sample.CommitAsync("second");
        Assert.Contains("v2 is live", await sample.PushAsync(url, product.Host.AdminToken), StringComparison.Ordinal);
        sample.Write("server.js", "console.error('no database'); process.exit(3);");
        await sample.CommitAsync("break it");
        Assert.Contains("v3 did not start", await sample.PushAsync(url, product.Host.AdminToken), StringComparison.Ordinal);

        var page = await product.AdminAsync(width: 390, height: 844);
        await BusyProduct.OpenAsync(page, "/shop");
        await page.GetByLabel("Needs somebody").GetByText("pocket").ClickAsync();
        await Expect(page.GetByText("v3 did not start: it exited with code 3").First).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Logs" }).ClickAsync();
        await Expect(page.GetByText("no database").First).ToBeVisibleAsync();
        Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the phone");

        await page.GetByRole(AriaRole.Link, new() { Name = "Deploys" }).ClickAsync();
        await page.Locator("summary[aria-label='What to do with v1']").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Roll back to v1" }).ClickAsync();
        await Expect(page.GetByText("Secrets stay as they are now.")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Roll back to v1" }).ClickAsync();
        await product.LiveAsync("pocket", 4);
    }
}
