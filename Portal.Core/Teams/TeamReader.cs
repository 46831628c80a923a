using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Teams;

/// <summary>Teams as an actor may see them.</summary>
public sealed class TeamReader(IDbContextFactory<PortalDbContext> contexts)
{
    /// <summary>For the switcher: one's own teams; for admins and auditors all, by name, at most 200.</summary>
    public async Task<IReadOnlyList<Team>> MineAsync(Actor actor, CancellationToken cancellationToken)
    {
        var all = actor is { OnlyTeamId: null } && (actor.IsPlatformAdmin || actor.IsAuditor);
        var own = actor.Teams.Keys.ToList();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Set<Team>().AsNoTracking().Where(t => all || own.Contains(t.Id)).OrderBy(t => t.Name).Take(200).ToListAsync(cancellationToken);
    }

    /// <exception cref="PortalException">NotFound, also when the actor has no part in it.</exception>
    public async Task<Team> GetAsync(Actor actor, string slug, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var team = Slug.IsValid(slug) ? await db.Set<Team>().AsNoTracking().SingleOrDefaultAsync(t => t.Slug == slug, cancellationToken) : null;
        if (team is null)
        {
            throw PortalException.NotFound("such team");
        }
        AccessPolicy.Demand(actor, Permission.ViewTeam, Resource.Team(team.Id), "such team");
        return team;
    }
}
