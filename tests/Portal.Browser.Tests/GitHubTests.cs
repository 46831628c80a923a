using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Playwright;
using Portal.Testing;
using static Microsoft.Playwright.Assertions;

namespace Portal.Browser.Tests;

/// <summary>Connecting a GitHub, and what a team has of it afterwards: through the browser on both sides.</summary>
public sealed class GitHubTests(ConnectedProduct product) : IClassFixture<ConnectedProduct>
{
    private string? _token;

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

        var commit = await product.GitHub.CommitAsync(product.Shop, "main", ConnectedProduct.Files("Hello again"), "a new greeting", "ada");
        await product.LiveAsync("shop", 2);
        Assert.Equal("Hello again", await AnswerAsync());
        await ReportedAsync(commit, "v2 is live");

        await page.GotoAsync("/admin/git");
        await Expect(page.GetByText("Deliveries of 127.0.0.1 come in and are verified.")).ToBeVisibleAsync();

        await PreviewAsync(page);
        await ChecksAsync(page);

        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            foreach (var address in new[] { "/shop/shop", "/shop/shop/settings", "/shop/shop/variables?env=previews", "/admin/git", "/me", "/shop/new" })
            {
                await BusyProduct.OpenAsync(page, address);
                if (address == "/shop/new")
                {
                    await page.GetByLabel("From GitHub").CheckAsync();
                    await Expect(page.GetByRole(AriaRole.Radio, new() { Name = "acme/shop private" })).ToBeVisibleAsync();
                }
                await page.NothingSeriousAsync($"{address} in {scheme}");
                await page.NoForbiddenWordAsync(address);
            }
        }

        // Known to GitHub, but to nobody here.
        var stranger = await product.PageAsync();
        await stranger.GotoAsync("/sign-in");
        await stranger.NothingSeriousAsync("signing in");
        await stranger.GetByRole(AriaRole.Link, new() { Name = "GitHub" }).ClickAsync();
        await stranger.GetByRole(AriaRole.Button).First.ClickAsync();
        await Expect(stranger.GetByText("No account of Portal is connected to your")).ToBeVisibleAsync();
    }

    /// <summary>"Only when the commit's checks passed": built at once, released when the other CI is green, not when it is red.</summary>
    private async Task ChecksAsync(IPage page)
    {
        await BusyProduct.OpenAsync(page, "/shop/shop/settings");
        await page.GetByLabel("Only when the commit's checks passed").CheckAsync();
        await page.GetByLabel("Which checks").FillAsync("ci / test");
        await page.Locator("section[aria-labelledby=set-deploy]").GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(page.GetByText("Saved", new() { Exact = true })).ToBeVisibleAsync();

        var green = await product.GitHub.CommitAsync(product.Shop, "main", ConnectedProduct.Files("Hello, checked"), "to be checked", "ada");
        product.GitHub.SetCommitCheck(product.Shop, green, "ci / test", null);
        await BuiltAsync("released when “ci / test” passed");
        product.GitHub.SetCommitCheck(product.Shop, green, "ci / test", "success");
        await product.LiveAsync("shop", 4);
        Assert.Equal("Hello, checked", await AnswerAsync());

        var red = await product.GitHub.CommitAsync(product.Shop, "main", ConnectedProduct.Files("Hello, broken"), "to be refused", "ada");
        product.GitHub.SetCommitCheck(product.Shop, red, "ci / test", "failure");
        await BuiltAsync("“ci / test” failed on this commit");
        Assert.Equal("Hello, checked", await AnswerAsync());
    }

    private Task BuiltAsync(string reason) => Eventually.True(async () =>
    {
        using var api = product.Host.Client();
        var newest = (await api.GetFromJsonAsync<JsonElement>("/api/v1/teams/shop/apps/shop/builds")).GetProperty("items")[0];
        return newest.GetProperty("state").GetString() == "succeeded" && newest.GetProperty("reason").GetString()?.Contains(reason, StringComparison.Ordinal) == true;
    }, TimeSpan.FromSeconds(90), $"the newest build says “{reason}”");

    /// <summary>A stranger's pull request: nothing runs, it is approved, runs, a new commit asks again, it is merged and gone.</summary>
    private async Task PreviewAsync(IPage page)
    {
        await BusyProduct.OpenAsync(page, "/shop/shop/settings");
        await page.GetByLabel("Every pull request gets an environment of its own").CheckAsync();
        await page.Locator("section[aria-labelledby=set-previews]").GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(page.GetByText("variables of their own")).ToBeVisibleAsync();

        product.GitHub.AddUser("mallory");
        var fork = await product.GitHub.ForkAsync(product.Shop, "mallory");
        await product.GitHub.CommitAsync(fork, "idea", ConnectedProduct.Files("Hello from a stranger"), "an idea", "mallory");
        var pull = await product.GitHub.OpenPullRequestAsync(product.Shop, fork, "idea", "main", "An idea");
        await BusyProduct.OpenAsync(page, "/shop/shop");
        await Expect(page.GetByText("from a fork: nothing of it runs before somebody approves it")).ToBeVisibleAsync();
        await CommentedAsync(pull.Number, "comes from a fork and waits");
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve " }).ClickAsync();
        await product.LiveAsync("shop", 1, "pr-1");
        Assert.Equal("Hello from a stranger", await AnswerAsync("pr-1--shop--shop"));
        await BusyProduct.OpenAsync(page, "/shop/shop");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Visit" })).ToBeVisibleAsync();
        await page.NothingSeriousAsync("an app with a preview");
        await CommentedAsync(pull.Number, $"http://pr-1--shop--shop.localhost:{product.Host.Port}");

        await product.GitHub.CommitAsync(fork, "idea", ConnectedProduct.Files("Hello, changed"), "second thoughts", "mallory");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Approve " })).ToBeVisibleAsync();
        Assert.Equal("Hello from a stranger", await AnswerAsync("pr-1--shop--shop"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve " }).ClickAsync();
        await product.LiveAsync("shop", 2, "pr-1");
        Assert.Equal("Hello, changed", await AnswerAsync("pr-1--shop--shop"));

        await product.GitHub.MergePullRequestAsync(pull, "ada");
        await product.LiveAsync("shop", 3);
        Assert.Equal("Hello, changed", await AnswerAsync());
        await CommentedAsync(pull.Number, "The pull request was closed.");
        Assert.Empty(product.GitHub.Requests.Faults);
    }

    /// <summary>Exactly one comment of Portal, which says this now.</summary>
    private Task CommentedAsync(int number, string text) => Eventually.True(async () =>
        await ReadAsync($"issues/{number}/comments") is { } comments && comments.GetArrayLength() == 1 && comments[0].GetProperty("body").GetString()!.Contains(text, StringComparison.Ordinal),
        TimeSpan.FromSeconds(60), $"the comment says “{text}”");

    /// <summary>A check on the commit, and a deployment that is active.</summary>
    private Task ReportedAsync(string commit, string title) => Eventually.True(async () =>
    {
        var runs = (await ReadAsync($"commits/{commit}/check-runs")).GetProperty("check_runs");
        var deployments = await ReadAsync($"deployments?sha={commit}");
        return runs.GetArrayLength() == 1 && runs[0].GetProperty("conclusion").GetString() == "success" && runs[0].GetProperty("output").GetProperty("title").GetString() == title
            && deployments.GetArrayLength() == 1
            && (await ReadAsync($"deployments/{deployments[0].GetProperty("id").GetInt64()}/statuses"))[0].GetProperty("state").GetString() == "success";
    }, TimeSpan.FromSeconds(60), $"GitHub shows “{title}”");

    private async Task<JsonElement> ReadAsync(string path)
    {
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", _token ??= product.GitHub.CreatePersonToken("ada"));
        client.DefaultRequestHeaders.UserAgent.ParseAdd("tests");
        return await client.GetFromJsonAsync<JsonElement>($"{product.GitHub.Url}api/v3/repos/acme/shop/{path}");
    }

    /// <summary>From nothing to "Connected", as an admin clicks it.</summary>
    private async Task ConnectAsync(IPage page)
    {
        await page.GotoAsync("/admin/git");
        await page.GetByRole(AriaRole.Link, new() { Name = "Connect GitHub" }).ClickAsync();
        await page.NothingSeriousAsync("connecting");
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

    private async Task<string> AnswerAsync(string label = "shop--shop")
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, product.Host.Url);
        request.Headers.Host = $"{label}.localhost:{product.Host.Port}";
        return await (await client.SendAsync(request)).EnsureSuccessStatusCode().Content.ReadAsStringAsync();
    }
}
