using Bunit;
using Portal.Web.Components.Layout;
using Portal.Web.Tests.Api;

namespace Portal.Web.Tests.Pages;

public sealed class PaletteTests(ApiHost host) : PageContext(host), IClassFixture<ApiHost>
{
    [Fact]
    public async Task Every_app_of_the_team_is_found_by_words_in_it_and_none_is_read_before()
    {
        for (var i = 0; i < PaletteEntry.Shown + 5; i++)
        {
            await Host.AppAsync($"many-{i}");
        }
        await Host.AppAsync("zebra-orders");
        await Host.AppAsync("orders");
        await BeAsync("viewer");
        var palette = Open("shop");
        Assert.DoesNotContain(Hits(palette), h => h.Contains("many", StringComparison.Ordinal));

        await OnAsync(palette, "input", e => e.Input("ORDERS"));
        palette.WaitForAssertion(() => Assert.Equal(["/shop/orders", "/shop/zebra-orders"], Hits(palette)));

        await OnAsync(palette, "input", e => e.Input("orders zeb"));
        palette.WaitForAssertion(() => Assert.Equal(["/shop/zebra-orders"], Hits(palette)));

        await OnAsync(palette, "input", e => e.Input("100%_\\"));
        palette.WaitForAssertion(() => Assert.Contains("Nothing is called", palette.Markup, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Apps_of_a_team_that_one_has_no_part_in_are_not_found()
    {
        await Host.AppAsync("hidden");
        await BeAsync("outsider");
        var palette = Open("shop");

        await OnAsync(palette, "input", e => e.Input("hidden"));

        palette.WaitForAssertion(() => Assert.Contains("Nothing is called", palette.Markup, StringComparison.Ordinal));
    }

    private IRenderedComponent<Palette> Open(string team) => Render<Palette>(p => p.Add(x => x.Place, Place.Of(team)).Add(x => x.TeamSlug, team));

    private static IReadOnlyList<string> Hits(IRenderedComponent<Palette> palette) =>
        palette.FindAll("[role=option]").Select(o => o.GetAttribute("href")!).ToList();
}
