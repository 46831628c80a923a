using Microsoft.Playwright;
using Portal.Testing;
using static Microsoft.Playwright.Assertions;

namespace Portal.Browser.Tests;

/// <summary>Connecting a GitHub, and what a team has of it afterwards: through the browser on both sides.</summary>
public sealed class GitHubTests(ConnectedProduct product) : IClassFixture<ConnectedProduct>
{
    [Fact]
    public async Task An_admin_connects_GitHub_and_a_team_deploys_from_a_list_by_pushing()
    {
        var page = await product.AdminAsync();
        await ConnectAsync(page);

        await BusyProduct.OpenAsync(page, "/shop/new");
        await page.GetByLabel("From GitHub").CheckAsync();
        await page.GetByLabel("Repository", new() { Exact = true }).FillAsync("acme/shop");
        await page.GetByRole(AriaRole.Radio, new() { Name = "acme/shop private" }).CheckAsync();
        await Expect(page.GetByText("Found: Node")).ToBeVisibleAsync();
        await Expect(page.Locator("#new-name")).ToHaveValueAsync("shop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create app" }).ClickAsync();
        await page.ArriveAsync("**/shop/shop/builds/1", 60_000);
        await product.LiveAsync("shop", 1);
        Assert.Equal("Hello from GitHub", await AnswerAsync());

        await product.GitHub.CommitAsync(product.Shop, "main", ConnectedProduct.Files("Hello again"), "a new greeting", "ada");
        await product.LiveAsync("shop", 2);
        Assert.Equal("Hello again", await AnswerAsync());

        await page.GotoAsync("/admin/git");
        await Expect(page.GetByText("Deliveries of 127.0.0.1 come in and are verified.")).ToBeVisibleAsync();
    }

    /// <summary>From nothing to "Connected", as an admin clicks it.</summary>
    private async Task ConnectAsync(IPage page)
    {
        await page.GotoAsync("/admin/git");
        await page.GetByRole(AriaRole.Link, new() { Name = "Connect GitHub" }).ClickAsync();
        await page.GetByLabel("Organization").FillAsync("acme");
        await page.GetByLabel("GitHub server").FillAsync(product.GitHub.Url.ToString().TrimEnd('/'));
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();

        // At GitHub.
        await page.GetByRole(AriaRole.Button, new() { Name = "Create GitHub App for acme" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Install" }).ClickAsync();

        await page.ArriveAsync("**/admin/git");
        await Expect(page.GetByText("No team may use acme yet")).ToBeVisibleAsync();
        await page.GetByLabel("Who may choose from acme").ClickAsync();
        await page.GetByLabel("Every team, also new ones").CheckAsync();
        await Expect(page.GetByText("301 repositories")).ToBeVisibleAsync();
        await Expect(page.GetByText("Connected", new() { Exact = true })).ToBeVisibleAsync();
    }

    private async Task<string> AnswerAsync()
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, product.Host.Url);
        request.Headers.Host = $"shop--shop.localhost:{product.Host.Port}";
        return await (await client.SendAsync(request)).EnsureSuccessStatusCode().Content.ReadAsStringAsync();
    }
}
