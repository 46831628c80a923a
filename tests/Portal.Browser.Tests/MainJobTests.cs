using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Playwright;
using Portal.Testing;
using static Microsoft.Playwright.Assertions;

namespace Portal.Browser.Tests;

/// <summary>
/// What Portal is for, through its real doors: a newcomer sets it up, makes an app, pushes, sees it live; pushes a
/// mend without one failed request; breaks it, reads why, and goes back; the admin finds all of it in the trail.
/// </summary>
public sealed class MainJobTests(ProductFixture product) : IClassFixture<ProductFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_newcomer_pushes_sees_it_live_breaks_it_and_goes_back()
    {
        var page = await product.PageAsync();
        await page.GotoAsync((await product.Host.SignInLinkAsync()).ToString());
        await page.GetByLabel("Your name").FillAsync("Nora Newcomer");
        await page.GetByLabel("E-mail address").FillAsync("nora@example.org");
        await page.GetByLabel("Password").FillAsync("purple tractor evening");
        await page.GetByLabel("Your first team").FillAsync("shop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set up Portal" }).ClickAsync();

        await page.ArriveAsync("**/shop");
        await page.GotoAsync("/shop/new");
        // Typed at once, before the page is live.
        await page.Locator("#new-name").FillAsync("hello");
        await Expect(page.GetByText("It answers at http://hello--shop.localhost")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create app" }).ClickAsync();
        await Expect(page.GetByText("Push your code")).ToBeVisibleAsync();
        await page.NothingSeriousAsync("the created app");

        using var sample = await SampleRepository.OfAsync("node");
        var url = $"{product.Host.Url}git/shop/hello.git";
        var story = await sample.PushAsync(url, product.Host.AdminToken);
        Assert.Contains("v1 is live", story, StringComparison.Ordinal);
        await page.ArriveAsync("**/shop/hello/builds/1");
        await Expect(page.GetByText("package.json has a start script").First).ToBeAttachedAsync();
        await page.NothingSeriousAsync("a build");

        using var app = product.Host.AppClient("hello--shop");
        Assert.Equal(HttpStatusCode.OK, (await app.GetAsync("/", Token)).StatusCode);

        using var visitor = new SteadyVisitor(product.Host.AppClient("hello--shop"));
        sample.Write("server.js", sample.Read("server.js") + "\n// mended\n");
        await sample.CommitAsync("mend it");
        Assert.Contains("v2 is live", await sample.PushAsync(url, product.Host.AdminToken), StringComparison.Ordinal);
        sample.Write("server.js", "console.error('no database'); process.exit(3);");
        await sample.CommitAsync("break it");
        Assert.Contains("v3 did not start", await sample.PushAsync(url, product.Host.AdminToken), StringComparison.Ordinal);
        var visits = await visitor.StopAsync();
        Assert.True(visits.Answered > 20, $"only {visits.Answered} visits");
        Assert.Equal([], visits.Failures);

        await page.GotoAsync("/shop/hello");
        await Expect(page.GetByText("v3 did not start: it exited with code 3").First).ToBeVisibleAsync();
        await Expect(page.GetByText("v2 still serves").First).ToBeVisibleAsync();
        await page.NothingSeriousAsync("an app whose release failed");

        using var api = product.Host.Client();
        var back = await api.PostAsync("/api/v1/teams/shop/apps/hello/environments/production/releases/1/rollback", null, Token);
        Assert.Equal(HttpStatusCode.Created, back.StatusCode);
        await Expect(page.GetByText("Running v4").First).ToBeVisibleAsync(new() { Timeout = 60_000 });

        await page.GotoAsync("/admin/audit");
        await Expect(page.Locator("main").GetByText("shop/hello production").First).ToBeVisibleAsync();
        await page.NothingSeriousAsync("the audit trail");
        var verdict = await api.GetFromJsonAsync<JsonElement>("/api/v1/audit/verify", Token);
        Assert.True(verdict.GetProperty("intact").GetBoolean());

        await page.GotoAsync("/shop/activity?kind=pushes");
        await page.Locator("a[href*='/pushes/']").First.ClickAsync();
        await Expect(page.GetByText("By git push to Portal's own repository")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Decide again" })).ToBeVisibleAsync();
        var push = new Uri(page.Url).AbsolutePath;

        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        foreach (var address in new[] { push, "/shop", "/shop/new", "/shop/hello", "/shop/hello/deploys", "/shop/hello/logs", "/shop/hello/variables", "/shop/activity", "/shop/team", "/me", "/admin/system" })
        {
            await page.GotoAsync(address);
            await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
            await page.NothingSeriousAsync(address + " in dark");
            await page.NoForbiddenWordAsync(address);
        }
    }
}
