using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Playwright;
using Portal.Testing;
using static Microsoft.Playwright.Assertions;

namespace Portal.Browser.Tests;

/// <summary>The product set up by its admin, with a team "shop", for tests that each make their own app in it.</summary>
public class BusyProduct : ProductFixture
{
    public const string Collection = "busy product";

    private readonly Dictionary<string, Task> _done = [];
    private string _admin = "";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        var page = await PageAsync();
        await page.GotoAsync((await Host.SignInLinkAsync()).ToString());
        await page.GetByLabel("Your name").FillAsync("Nora Newcomer");
        await page.GetByLabel("E-mail address").FillAsync("nora@example.org");
        await page.GetByLabel("Password").FillAsync("purple tractor evening");
        await page.GetByLabel("Your first team").FillAsync("shop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set up Portal" }).ClickAsync();
        await page.ArriveAsync("**/shop");
        _admin = await page.Context.StorageStateAsync();
        await page.Context.CloseAsync();
    }

    /// <summary>A page of Nora, who set Portal up.</summary>
    public Task<IPage> AdminAsync(ColorScheme scheme = ColorScheme.Light, int width = 1440, int height = 900) => PageAsync(_admin, scheme, width, height);

    /// <summary>Somebody of another browser joins by an invitation to the team "shop".</summary>
    public async Task<IPage> JoinAsync(string name, string role)
    {
        using var api = Host.Client();
        var made = await api.PostAsJsonAsync("/api/v1/teams/shop/invitations", new { role });
        var link = (await made.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("url").GetString()!;
        var page = await PageAsync();
        await page.GotoAsync(link);
        await page.GetByLabel("Your name").FillAsync(name);
        await page.GetByLabel("E-mail address").FillAsync($"{name.ToLowerInvariant()}@example.org");
        await page.GetByLabel("Password").FillAsync("orange bicycle morning");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create account and join" }).ClickAsync();
        await page.ArriveAsync("**/shop");
        return page;
    }

    /// <summary>An app of the Node sample, live.</summary>
    public async Task<string> AppAsync(string name)
    {
        using var api = Host.Client();
        (await api.PostAsJsonAsync("/api/v1/teams/shop/apps", new { name, source = new { kind = "portal", sample = "node" } })).EnsureSuccessStatusCode();
        await LiveAsync(name, 1);
        return name;
    }

    /// <summary>For rows of one test that share an app.</summary>
    public Task OnceAsync(string what, Func<Task> work) => _done.TryGetValue(what, out var done) ? done : _done[what] = work();

    /// <summary>Waits until this version, or a later one, is live.</summary>
    public async Task LiveAsync(string app, int version, string environment = "production")
    {
        using var api = Host.Client();
        await Eventually.True(async () =>
        {
            var read = await api.GetFromJsonAsync<JsonElement>($"/api/v1/teams/shop/apps/{app}/environments/{environment}/releases");
            return read.GetProperty("items").EnumerateArray().Any(r => r.GetProperty("version").GetInt32() >= version && r.GetProperty("state").GetString() == "live");
        }, TimeSpan.FromMinutes(4), $"v{version} of {app} is live in {environment}");
    }

    /// <summary>Opens a page and waits until what is clicked is answered: what the server sent first is then made anew.</summary>
    public static async Task OpenAsync(IPage page, string address)
    {
        await page.AddInitScriptAsync("document.addEventListener('DOMContentLoaded', () => document.querySelector('main')?.setAttribute('data-sent', ''))");
        await page.GotoAsync(address);
        await Expect(page.Locator("main[data-sent]")).ToHaveCountAsync(0);
    }
}

[CollectionDefinition(BusyProduct.Collection)]
public sealed class BusyProductCollection : ICollectionFixture<BusyProduct>;
