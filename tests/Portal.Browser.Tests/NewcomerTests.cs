using System.Net.Http.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Portal.Browser.Tests;

/// <summary>What people do wrong, and what a moment later should still be all right.</summary>
[Collection(BusyProduct.Collection)]
[Trait("Duration", "Long")]
public sealed class NewcomerTests(BusyProduct product)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/shop/nothing-here")]
    [InlineData("/shop/nothing-here/logs")]
    [InlineData("/nobodys/team")]
    [InlineData("/shop/activity/more")]
    public async Task An_address_of_something_that_is_gone_says_so_and_leads_back(string address)
    {
        var page = await product.AdminAsync();
        var answer = await page.GotoAsync(address);

        Assert.Equal(404, answer!.Status);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link).First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task An_invitation_that_was_used_says_what_to_do()
    {
        var page = await product.PageAsync();
        await page.GotoAsync("/join/used-long-ago");

        await Expect(page.GetByText("Ask whoever sent it for another one")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_wrong_address_of_a_repository_is_explained_while_it_is_typed()
    {
        var page = await product.AdminAsync();
        await BusyProduct.OpenAsync(page, "/shop/new");
        await page.GetByText("Any git address").ClickAsync();
        await page.Locator("#new-url").FillAsync("https://127.0.0.1/a/b.git");
        await page.Locator("#new-name").FocusAsync();
        await Expect(page.GetByText("within Portal's own network")).ToBeVisibleAsync();

        await page.Locator("#new-url").FillAsync("file:///etc/passwd");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create app" }).ClickAsync();
        await Expect(page.GetByText("Use an https:// or ssh:// address")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Whose_session_ends_elsewhere_signs_in_again_and_comes_back()
    {
        var page = await product.JoinAsync("Sonja", "developer");
        await BusyProduct.OpenAsync(page, "/shop/new");
        await page.Locator("#new-name").FillAsync("half-typed");
        var other = await product.PageAsync();
        await other.GotoAsync("/sign-in");
        await other.GetByLabel("E-mail address").FillAsync("sonja@example.org");
        await other.GetByLabel("Password").FillAsync("orange bicycle morning");
        await other.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await other.ArriveAsync("**/shop");
        await BusyProduct.OpenAsync(other, "/me");
        await Expect(other.GetByLabel("Sessions").GetByRole(AriaRole.Listitem)).ToHaveCountAsync(2);
        await other.GetByRole(AriaRole.Button, new() { Name = "Sign out all others" }).ClickAsync();
        await other.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Sign out all others" }).ClickAsync();
        await Expect(other.GetByLabel("Sessions").GetByRole(AriaRole.Listitem)).ToHaveCountAsync(1);

        await page.GetByRole(AriaRole.Button, new() { Name = "Create app" }).ClickAsync();
        await page.ArriveAsync("**/sign-in?returnUrl=**");
        await page.GetByLabel("E-mail address").FillAsync("sonja@example.org");
        await page.GetByLabel("Password").FillAsync("orange bicycle morning");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.ArriveAsync("**/shop/new");
        await Expect(page.Locator("#new-name")).ToHaveValueAsync("half-typed");
    }

    [Fact]
    public async Task What_is_typed_stays_while_another_saves_and_a_deleted_app_says_so()
    {
        using var api = product.Host.Client();
        (await api.PostAsJsonAsync("/api/v1/teams/shop/apps", new { name = "shared" }, Token)).EnsureSuccessStatusCode();
        var page = await product.AdminAsync();
        await BusyProduct.OpenAsync(page, "/shop/shared/settings");
        await page.Locator("#set-branch").FillAsync("typed");
        (await api.PatchAsJsonAsync("/api/v1/teams/shop/apps/shared/environments/production", new { scale = new { memoryMb = 256 } }, Token)).EnsureSuccessStatusCode();
        await Expect(page.Locator("#set-memory")).ToHaveValueAsync("256");
        await Expect(page.Locator("#set-branch")).ToHaveValueAsync("typed");

        (await api.DeleteAsync("/api/v1/teams/shop/apps/shared", Token)).EnsureSuccessStatusCode();
        await Expect(page.GetByText("The settings could not be read")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task The_trail_grows_behind_a_button_while_somebody_reads_it()
    {
        var page = await product.AdminAsync();
        await BusyProduct.OpenAsync(page, "/admin/audit");
        var first = await page.Locator("ul.audit > li").First.InnerTextAsync();
        await product.JoinAsync("Tilda", "viewer");

        await page.GetByRole(AriaRole.Button, new() { NameRegex = new System.Text.RegularExpressions.Regex("^\\d+ new$") }).ClickAsync();

        await Expect(page.Locator("ul.audit").GetByText("Tilda").First).ToBeVisibleAsync();
        Assert.NotEqual(first, await page.Locator("ul.audit > li").First.InnerTextAsync());
    }
}
