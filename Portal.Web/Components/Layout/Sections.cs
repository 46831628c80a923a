namespace Portal.Web.Components.Layout;

/// <summary>An entry of the sidebar and the bottom bar. <paramref name="Key"/> is the letter after <c>g</c>.</summary>
public sealed record NavEntry(string Section, string Text, string Icon, string Href, string Key);

public static class Sections
{
    /// <summary>The entries for a person: those of the team, and the platform's for who may see it.</summary>
    public static IReadOnlyList<NavEntry> Entries(string? team, bool admin)
    {
        var entries = new List<NavEntry>();
        if (team is not null)
        {
            entries.Add(new NavEntry("apps", "Apps", "apps", $"/{team}", "a"));
            entries.Add(new NavEntry("activity", "Activity", "activity", $"/{team}/activity", "y"));
            entries.Add(new NavEntry("team", "Team", "team", $"/{team}/team", "t"));
        }

        if (admin)
        {
            entries.Add(new NavEntry("admin", "Admin", "admin", "/admin", "p"));
        }

        return entries;
    }
}
