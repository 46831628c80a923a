using System.Text.RegularExpressions;
using MudBlazor.Utilities;
using Portal.Web.Components.Theme;
using Xunit;

namespace Portal.Web.Tests.Layout;

public sealed class ThemeTests
{
    [Theory]
    [InlineData("light", "light")]
    [InlineData("dark", "dark")]
    [InlineData("\"><script>", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_cookie_that_is_no_choice_follows_the_system(string? cookie, string? expected) =>
        Assert.Equal(expected, ThemeChoice.FromCookie(cookie));

    [Fact]
    public void MudBlazor_and_the_style_sheet_have_the_same_colours()
    {
        var css = File.ReadAllText(Path.Combine(Root(), "Portal.Web/wwwroot/css/tokens.css"));
        var light = PortalTheme.Instance.PaletteLight;
        var dark = PortalTheme.Instance.PaletteDark;
        (string Token, MudColor Light, MudColor Dark)[] pairs =
        [
            ("background", light.Background, dark.Background), ("surface", light.Surface, dark.Surface),
            ("text", light.TextPrimary, dark.TextPrimary), ("muted", light.TextSecondary, dark.TextSecondary),
            ("accent", light.Primary, dark.Primary), ("ok", light.Success, dark.Success), ("working", light.Info, dark.Info),
            ("warning", light.Warning, dark.Warning), ("failed", light.Error, dark.Error),
        ];

        foreach (var (token, lightColour, darkColour) in pairs)
        {
            var match = Regex.Match(css, $@"--{token}: light-dark\((#\w+), (#\w+)\)");
            Assert.True(match.Success, token);
            Assert.Equal(new MudColor(match.Groups[1].Value), lightColour);
            Assert.Equal(new MudColor(match.Groups[2].Value), darkColour);
        }
    }

    [Theory]
    [InlineData("text", "surface", 4.5)]
    [InlineData("muted", "background", 4.5)]
    [InlineData("accent", "surface", 4.5)]
    [InlineData("ok", "surface", 4.5)]
    [InlineData("working", "surface", 4.5)]
    [InlineData("warning", "surface", 4.5)]
    [InlineData("failed", "surface", 4.5)]
    [InlineData("control", "surface", 3.0)]
    public void Colours_are_readable_on_what_they_stand_on(string fore, string back, double atLeast)
    {
        var css = File.ReadAllText(Path.Combine(Root(), "Portal.Web/wwwroot/css/tokens.css"));
        for (var theme = 1; theme <= 2; theme++)
        {
            var one = Luminance(Regex.Match(css, $@"--{fore}: light-dark\((#\w+), (#\w+)\)").Groups[theme].Value);
            var two = Luminance(Regex.Match(css, $@"--{back}: light-dark\((#\w+), (#\w+)\)").Groups[theme].Value);
            Assert.True((Math.Max(one, two) + 0.05) / (Math.Min(one, two) + 0.05) >= atLeast);
        }
    }

    private static double Luminance(string hex)
    {
        var colour = new MudColor(hex);
        return (0.2126 * Linear(colour.R)) + (0.7152 * Linear(colour.G)) + (0.0722 * Linear(colour.B));
        static double Linear(byte channel) => channel / 255.0 is var c && c <= 0.03928 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4);
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Portal.sln")))
        {
            folder = folder.Parent ?? throw new DirectoryNotFoundException("Portal.sln is in no parent folder.");
        }

        return folder.FullName;
    }
}
