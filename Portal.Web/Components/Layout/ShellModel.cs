using Portal.Core.Access;
using Portal.Core.Common;
using Portal.Core.Teams;
using Portal.Web.Auth;

namespace Portal.Web.Components.Layout;

/// <summary>What the frame around every page shows: who is here, their teams, which team the address is about.</summary>
/// <param name="MayDeploy">The apps of the current team.</param>
public sealed record Shell(Actor? Actor, IReadOnlyList<TeamEntry> Teams, TeamEntry? Current, bool MayDeploy)
{
    public static readonly Shell Empty = new(null, [], null, false);

    public bool IsAdmin => Actor is { IsPlatformAdmin: true } or { IsAuditor: true };
}

public sealed class ShellModel(ICurrentActor current, TeamReader teams)
{
    public async Task<Shell> ReadAsync(Place place, Shell before, CancellationToken cancellationToken)
    {
        if (await current.GetAsync(cancellationToken) is not { } actor)
        {
            return Shell.Empty;
        }

        var mine = await teams.MineAsync(actor, cancellationToken);
        // On pages of no team (one's account, Admin) the entries of the last one stay at hand.
        var wanted = place.Team ?? before.Current?.Slug;
        var team = mine.FirstOrDefault(t => t.Slug == wanted) ?? (place.Team is null ? mine.FirstOrDefault() : null);
        return new Shell(actor, [.. mine.Select(Entry)], team is null ? null : Entry(team), team is not null && AccessPolicy.Allows(actor, Permission.Deploy, Resource.Team(team.Id)));
    }

    private static TeamEntry Entry(Team team) => new(team.Slug, team.Name);
}
