using Portal.Core.Common;
using Portal.Core.Releases;
using Portal.Core.Teams;
using Portal.Web.Auth;

namespace Portal.Web.Components.Layout;

/// <summary>What the frame around every page shows: who is here, their teams, which team the address is about, its apps for the palette.</summary>
public sealed record Shell(Actor? Actor, IReadOnlyList<TeamEntry> Teams, TeamEntry? Current, IReadOnlyList<PaletteEntry> Apps)
{
    public static readonly Shell Empty = new(null, [], null, []);

    public bool IsAdmin => Actor is { IsPlatformAdmin: true } or { IsAuditor: true };
}

/// <summary>Reads the frame. The apps are read anew only when the team changed: they only feed the palette.</summary>
public sealed class ShellModel(ICurrentActor current, TeamReader teams, AppReader apps)
{
    public async Task<Shell> ReadAsync(Place place, Shell before, CancellationToken cancellationToken)
    {
        if (await current.GetAsync(cancellationToken) is not { } actor)
        {
            return Shell.Empty;
        }

        var mine = (await teams.MineAsync(actor, cancellationToken)).Select(t => new TeamEntry(t.Slug, t.Name)).ToList();
        // On pages of no team (one's account, Admin) the entries of the last one stay at hand.
        var wanted = place.Team ?? before.Current?.Slug;
        var team = mine.FirstOrDefault(t => t.Slug == wanted) ?? (place.Team is null ? mine.FirstOrDefault() : null);
        var known = team is null ? [] : team.Slug == before.Current?.Slug && before.Apps.Count > 0 ? before.Apps : await AppsAsync(actor, team.Slug, cancellationToken);
        return new Shell(actor, mine, team, known);
    }

    private async Task<IReadOnlyList<PaletteEntry>> AppsAsync(Actor actor, string team, CancellationToken cancellationToken)
    {
        var page = await apps.ListAsync(actor, team, null, new PageRequest(limit: PageRequest.MaxLimit), cancellationToken);
        return page.Items.Select(row => new PaletteEntry(row.App.Slug, $"/{team}/{row.App.Slug}", "apps", "app")).ToList();
    }
}
