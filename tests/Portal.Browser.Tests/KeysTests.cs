using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Portal.Browser.Tests;

/// <summary>The product without a mouse.</summary>
[Collection(BusyProduct.Collection)]
[Trait("Duration", "Long")]
public sealed class KeysTests(BusyProduct product)
{
    [Fact]
    public async Task Keys_lead_everywhere()
    {
        var name = await product.AppAsync("keyed");
        var page = await product.AdminAsync();
        await BusyProduct.OpenAsync(page, "/shop/activity");

        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("a");
        // The address changes before the page does.
        await Expect(page.GetByRole(AriaRole.Searchbox, new() { Name = "Search apps" })).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("/");
        await Expect(page.Locator("[data-search]")).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("nothing-like-it");
        await Expect(page.GetByText("No app of this team is called")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Clear filters" }).First.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true }).First).ToBeVisibleAsync();

        await page.Keyboard.PressAsync("Control+k");
        await Expect(page.GetByRole(AriaRole.Combobox, new() { Name = "Jump to an app or a page" })).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("keyed");
        await Expect(page.GetByRole(AriaRole.Option, new() { Name = "keyed" }).First).ToHaveAttributeAsync("aria-selected", "true");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1, Name = name })).ToBeVisibleAsync();

        await page.Keyboard.PressAsync("Control+k");
        await Expect(page.GetByRole(AriaRole.Combobox, new() { Name = "Jump to an app or a page" })).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("deploy");
        await Expect(page.GetByRole(AriaRole.Option, new() { Name = "keyed: Deploy this app", Exact = true })).ToHaveAttributeAsync("aria-selected", "true");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Deploy to production" })).ToBeVisibleAsync();
        await Expect(page.Locator("#deploy-ref")).ToBeFocusedAsync();
        Assert.DoesNotContain("ask=", page.Url, StringComparison.Ordinal);
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.Locator("#deploy-ref")).ToHaveCountAsync(0);

        await page.Keyboard.PressAsync("?");
        await Expect(page.GetByRole(AriaRole.Dialog, new() { Name = "Keyboard" })).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.GetByRole(AriaRole.Dialog, new() { Name = "Keyboard" })).ToBeHiddenAsync();
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("l");
        await page.ArriveAsync("**/shop/keyed/logs");
    }

    [Fact]
    public async Task An_app_is_made_and_deployed_without_a_mouse()
    {
        var page = await product.AdminAsync();
        await BusyProduct.OpenAsync(page, "/shop/new");
        await page.Locator("input[name=source]").First.FocusAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("ArrowDown");
        await Expect(page.GetByRole(AriaRole.Radiogroup, new() { Name = "Sample" })).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Space");
        await Expect(page.GetByText("Found: Node")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.Locator("#new-name")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Control+a");
        await page.Keyboard.TypeAsync("typed");
        await page.Keyboard.PressAsync("Enter");
        await page.ArriveAsync("**/shop/typed/builds/1", 60_000);
        await product.LiveAsync("typed", 1);
    }
}
