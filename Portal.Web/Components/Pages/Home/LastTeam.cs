namespace Portal.Web.Components.Pages.Home;

/// <summary>The team one looked at last, remembered by the browser (wwwroot/js/last-team.js) so that "/" leads back to it. A convenience, never a right.</summary>
public static class LastTeam
{
    public const string CookieName = "portal-team";
}
