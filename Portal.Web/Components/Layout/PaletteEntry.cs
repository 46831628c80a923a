namespace Portal.Web.Components.Layout;

/// <summary>One thing the palette leads to.</summary>
public sealed record PaletteEntry(string Text, string Href, string Icon, string Group)
{
    public const int Shown = 30;

    /// <summary>First what belongs to the app one is in, then the team's pages, then its apps.</summary>
    public static IEnumerable<PaletteEntry> For(Place place, bool mayDeploy, IEnumerable<PaletteEntry> apps)
    {
        if (place is { Team: { } t, App: { } app })
        {
            var root = $"/{t}/{app}";
            if (mayDeploy)
            {
                yield return new PaletteEntry($"{app}: Deploy", $"{root}?ask=deploy", "deploy", "this app");
            }
            yield return new PaletteEntry($"{app}: Deploys, roll back", $"{root}/deploys", "deploy", "this app");
            yield return new PaletteEntry($"{app}: Logs", $"{root}/logs", "logs", "this app");
            yield return new PaletteEntry($"{app}: Variables", $"{root}/variables", "key", "this app");
            yield return new PaletteEntry($"{app}: Settings", $"{root}/settings", "settings", "this app");
            yield return new PaletteEntry($"{app}: Overview", root, "apps", "this app");
        }

        if (place.Team is { } team)
        {
            yield return new PaletteEntry("Apps", $"/{team}", "apps", "team");
            yield return new PaletteEntry("New app", $"/{team}/new", "plus", "team");
            yield return new PaletteEntry("Activity", $"/{team}/activity", "activity", "team");
            yield return new PaletteEntry("Team", $"/{team}/team", "team", "team");
        }

        foreach (var entry in apps)
        {
            yield return entry;
        }

        yield return new PaletteEntry("Teams: create, join", "/teams", "team", "portal");
        yield return new PaletteEntry("My account", "/me", "me", "portal");
    }

    public static string[] WordsOf(string filter) => filter.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Every word of the filter has to occur; entries that start with it come first.</summary>
    public static IReadOnlyList<PaletteEntry> Matching(IEnumerable<PaletteEntry> entries, string filter)
    {
        var words = WordsOf(filter);
        return entries
            .DistinctBy(e => e.Href)
            .Where(e => words.All(w => e.Text.Contains(w, StringComparison.OrdinalIgnoreCase)))
            .OrderBy(e => words.Length > 0 && e.Text.StartsWith(words[0], StringComparison.OrdinalIgnoreCase) ? 0 : 1)
            .Take(Shown)
            .ToList();
    }
}
