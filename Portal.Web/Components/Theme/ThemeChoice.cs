namespace Portal.Web.Components.Theme;

/// <summary>Light or dark as the person chose it; without a choice the system decides. Kept in a cookie so that
/// the first byte of a page is already right.</summary>
public static class ThemeChoice
{
    /// <summary>Not sensitive, and written by the browser's script: therefore neither HttpOnly nor <c>__Host-</c>.</summary>
    public const string CookieName = "portal-theme";

    /// <summary>The value of <c>data-theme</c> on the document, or null to follow the system. Anything unknown is no choice.</summary>
    public static string? FromCookie(string? value) => value is "light" or "dark" ? value : null;
}
