using Portal.Web.Components.Layout;
using Xunit;

namespace Portal.Web.Tests.Layout;

public sealed class PlaceTests
{
    [Theory]
    [InlineData("", null, null, "apps")]
    [InlineData("admin/audit", null, null, "admin")]
    [InlineData("me", null, null, "me")]
    [InlineData("sign-in?x=1", null, null, "")]
    [InlineData("acme", "acme", null, "apps")]
    [InlineData("acme/new", "acme", null, "apps")]
    [InlineData("acme/activity?q=x", "acme", null, "activity")]
    [InlineData("acme/team", "acme", null, "team")]
    [InlineData("acme/shop", "acme", "shop", "apps")]
    [InlineData("acme/shop/builds/3#L7", "acme", "shop", "apps")]
    [InlineData("acme/..%2F", "acme", null, "apps")]
    public void An_address_tells_team_app_and_section(string address, string? team, string? app, string section) =>
        Assert.Equal(new Place(team, app, section), Place.Of(address));

    [Fact]
    public void The_palette_puts_the_app_at_hand_first_and_finds_by_every_word()
    {
        PaletteEntry[] apps = [new("shop", "/acme/shop", "apps", "app"), new("shop-api", "/acme/shop-api", "apps", "app")];

        var all = PaletteEntry.Matching(PaletteEntry.For(Place.Of("acme/shop"), mayDeploy: true, apps), "");
        var found = PaletteEntry.Matching(PaletteEntry.For(Place.Of("acme"), mayDeploy: true, apps), "api shop");

        Assert.Equal("shop: Deploy", all[0].Text);
        Assert.DoesNotContain(PaletteEntry.For(Place.Of("acme/shop"), mayDeploy: false, apps), e => e.Text == "shop: Deploy");
        Assert.Equal("/acme/shop-api", Assert.Single(found).Href);
    }

    [Fact]
    public void Only_who_may_see_the_platform_is_led_to_it()
    {
        Assert.DoesNotContain(Sections.Entries("acme", admin: false), e => e.Section == "admin");
        Assert.Contains(Sections.Entries(null, admin: true), e => e.Section == "admin");
    }
}
