using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Teams;

/// <param name="Role">Of the actor; null for an admin or auditor who is no member.</param>
public sealed record TeamRow(Guid Id, string Slug, string Name, int Members, TeamRole? Role, DateTimeOffset CreatedAt, uint Version);

public sealed record MemberRow(Guid UserId, string Name, string Email, TeamRole Role, DateTimeOffset Since, bool Disabled);

public sealed record InvitationRow(Guid Id, TeamRole Role, string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

public sealed record JoinRequestRow(Guid Id, Guid UserId, string Name, string Email, DateTimeOffset AskedAt);

/// <summary>What pages and the API show of teams.</summary>
public sealed class TeamReader(IDbContextFactory<PortalDbContext> contexts, TimeProvider time)
{
    /// <summary>The teams that the actor has a part in, by name; all of them for platform admins and auditors.</summary>
    public async Task<IReadOnlyList<TeamRow>> ListAsync(Actor actor, CancellationToken cancellationToken)
    {
        await using var db = contexts.CreateDbContext();
        var teams = db.Set<Team>().AsNoTracking();
        if (!actor.IsPlatformAdmin && !actor.IsAuditor)
        {
            var own = actor.Teams.Keys.ToList();
            teams = teams.Where(t => own.Contains(t.Id));
        }
        var rows = await Rows(db, teams).ToListAsync(cancellationToken);
        return [.. rows.Where(r => AccessPolicy.Allows(actor, Permission.ViewTeam, Resource.Team(r.Id))).Select(r => WithRole(r, actor))];
    }

    /// <summary>For the switcher: one's own teams; for admins and auditors all, by name, at most 200.</summary>
    public async Task<IReadOnlyList<Team>> MineAsync(Actor actor, CancellationToken cancellationToken)
    {
        var all = actor is { OnlyTeamId: null } && (actor.IsPlatformAdmin || actor.IsAuditor);
        var own = actor.Teams.Keys.Where(t => actor.OnlyTeamId is null || t == actor.OnlyTeamId).ToList();
        await using var db = contexts.CreateDbContext();
        return await db.Set<Team>().AsNoTracking().Where(t => all || own.Contains(t.Id)).OrderBy(t => t.Name).Take(200).ToListAsync(cancellationToken);
    }

    /// <exception cref="PortalException">NotFound, also when the actor has no part in it.</exception>
    public async Task<Team> GetAsync(Actor actor, string slug, CancellationToken cancellationToken)
    {
        await using var db = contexts.CreateDbContext();
        var team = Slug.IsValid(slug) ? await db.Set<Team>().AsNoTracking().SingleOrDefaultAsync(t => t.Slug == slug, cancellationToken) : null;
        if (team is null)
        {
            throw PortalException.NotFound("team");
        }
        AccessPolicy.Demand(actor, Permission.ViewTeam, Resource.Team(team.Id), "team");
        return team;
    }

    /// <exception cref="PortalException">NotFound, also when the actor has no part in it.</exception>
    public async Task<TeamRow> FindAsync(Actor actor, string slug, CancellationToken cancellationToken)
    {
        await using var db = contexts.CreateDbContext();
        var row = Slug.IsValid(slug) ? await Rows(db, db.Set<Team>().AsNoTracking().Where(t => t.Slug == slug)).FirstOrDefaultAsync(cancellationToken) : null;
        if (row is null)
        {
            throw PortalException.NotFound("team");
        }
        AccessPolicy.Demand(actor, Permission.ViewTeam, Resource.Team(row.Id), "team");
        return WithRole(row, actor);
    }

    /// <summary>Maintainers first, then by name.</summary>
    public async Task<IReadOnlyList<MemberRow>> MembersAsync(Actor actor, Guid teamId, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ViewTeam, Resource.Team(teamId), "team");
        await using var db = contexts.CreateDbContext();
        var rows = await (
            from m in db.Set<Membership>().AsNoTracking()
            join u in db.Users on m.UserId equals u.Id
            where m.TeamId == teamId
            orderby u.DisplayName, u.Id
            select new MemberRow(u.Id, u.DisplayName, u.Email ?? "", m.Role, m.Since, u.DisabledAt != null)).ToListAsync(cancellationToken);
        return [.. rows.OrderByDescending(r => r.Role)];
    }

    /// <summary>Those that still work, newest first.</summary>
    public async Task<IReadOnlyList<InvitationRow>> InvitationsAsync(Actor actor, Guid teamId, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManageTeam, Resource.Team(teamId), "team");
        var now = time.GetUtcNow();
        await using var db = contexts.CreateDbContext();
        return await (
            from i in db.Set<Invitation>().AsNoTracking()
            join u in db.Users on i.CreatedBy equals u.Id
            where i.TeamId == teamId && i.AcceptedAt == null && i.RevokedAt == null && i.ExpiresAt > now
            orderby i.CreatedAt descending
            select new InvitationRow(i.Id, i.Role, u.DisplayName, i.CreatedAt, i.ExpiresAt)).ToListAsync(cancellationToken);
    }

    /// <summary>Those that wait for an answer, oldest first.</summary>
    public async Task<IReadOnlyList<JoinRequestRow>> JoinRequestsAsync(Actor actor, Guid teamId, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManageTeam, Resource.Team(teamId), "team");
        await using var db = contexts.CreateDbContext();
        return await (
            from r in db.Set<JoinRequest>().AsNoTracking()
            join u in db.Users on r.UserId equals u.Id
            where r.TeamId == teamId && r.AnsweredAt == null && u.DisabledAt == null
            orderby r.AskedAt
            select new JoinRequestRow(r.Id, u.Id, u.DisplayName, u.Email ?? "", r.AskedAt)).ToListAsync(cancellationToken);
    }

    private static IQueryable<TeamRow> Rows(PortalDbContext db, IQueryable<Team> teams) =>
        teams.OrderBy(t => t.Name).ThenBy(t => t.Slug)
            .Select(t => new TeamRow(t.Id, t.Slug, t.Name, db.Set<Membership>().Count(m => m.TeamId == t.Id), null, t.CreatedAt, t.Version));

    private static TeamRow WithRole(TeamRow row, Actor actor) => actor.Teams.TryGetValue(row.Id, out var role) ? row with { Role = role } : row;
}
