using MudBlazor;

namespace Portal.Web.Components.Theme;

/// <summary>
/// The one theme. The values are those of <c>wwwroot/css/tokens.css</c>, which decides light or dark by
/// <c>color-scheme</c> before any circuit exists; here they are for the MudBlazor components that want them in code.
/// </summary>
public static class PortalTheme
{
    public static MudTheme Instance { get; } = new()
    {
        PaletteLight = new PaletteLight
        {
            Background = "#FAFAFA",
            Surface = "#FFFFFF",
            TextPrimary = "#18181B",
            TextSecondary = "#5B5B66",
            LinesInputs = "#8A8A94",
            Primary = "#5B4BDB",
            Success = "#15803D",
            Info = "#1D4ED8",
            Warning = "#A8500A",
            Error = "#B91C1C",
        },
        PaletteDark = new PaletteDark
        {
            Background = "#0F1012",
            Surface = "#17191C",
            TextPrimary = "#EDEEF0",
            TextSecondary = "#A0A5AD",
            LinesInputs = "#6B7078",
            Primary = "#A99CFF",
            Success = "#4ADE80",
            Info = "#60A5FA",
            Warning = "#FBBF24",
            Error = "#F87171",
        },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "6px" },
        Typography = new Typography
        {
            Default = new DefaultTypography
            {
                FontFamily = ["Inter", "system-ui", "sans-serif"],
                FontSize = "14px",
                LineHeight = "20px",
                FontWeight = "400",
                LetterSpacing = "normal",
            },
            Button = new ButtonTypography { FontSize = "14px", FontWeight = "600", TextTransform = "none", LetterSpacing = "normal" },
        },
    };
}
