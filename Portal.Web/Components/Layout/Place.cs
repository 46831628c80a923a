using Portal.Core.Common;

namespace Portal.Web.Components.Layout;

/// <summary>Where in the portal an address leads: which team, which app, which section. Pure; the shell reads it to mark its entries.</summary>
/// <param name="Team">The team's slug, or null on pages of the portal itself.</param>
/// <param name="App">The app's slug, when the address is below an app.</param>
/// <param name="Section">"apps", "activity", "team", "admin", "me" or "".</param>
public sealed record Place(string? Team, string? App, string Section)
{
    /// <param name="relative">Path relative to the base address, query and fragment allowed: <c>acme/shop/logs?env=staging</c>.</param>
    public static Place Of(string relative)
    {
        var end = relative.IndexOfAny(['?', '#']);
        var segments = (end < 0 ? relative : relative[..end]).Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (segments.Length == 0)
        {
            return new Place(null, null, "apps");
        }

        if (Slug.ProblemForTeam(segments[0]) is not null)
        {
            return new Place(null, null, segments[0] is "admin" or "me" ? segments[0] : "");
        }

        return segments.Length == 1
            ? new Place(segments[0], null, "apps")
            : segments[1] switch
            {
                "activity" or "team" => new Place(segments[0], null, segments[1]),
                "new" => new Place(segments[0], null, "apps"),
                var app => new Place(segments[0], Slug.IsValid(app) ? app : null, "apps"),
            };
    }
}
