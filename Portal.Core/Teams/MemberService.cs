using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Live;

namespace Portal.Core.Teams;

/// <summary>
/// Who is in a team and as what. Each change locks the team first, so that two maintainers who remove each other at the
/// same moment cannot leave it without one.
/// </summary>
public sealed class MemberService(IDbContextFactory<PortalDbContext> contexts, TokenDoor door, AuditTrail trail, TimeProvider time)
{
    /// <summary>Adds somebody who has an account. Others are invited by link.</summary>
    public async Task<MemberRow> AddAsync(Actor actor, Guid teamId, string email, TeamRole role, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManageTeam, Resource.Team(teamId), "team");
        await using var db = contexts.CreateDbContext();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var team = await LockAsync(db, teamId, cancellationToken);
        var normalized = email.Trim().ToUpperInvariant();
        var user = await db.Users.FirstOrDefaultAsync(u => u.NormalizedEmail == normalized && u.DisabledAt == null, cancellationToken)
            ?? throw PortalException.Invalid("email", "Nobody here has this e-mail address. Invite them with a link instead.");
        if (await db.Set<Membership>().AnyAsync(m => m.TeamId == teamId && m.UserId == user.Id, cancellationToken))
        {
            throw PortalException.Conflict($"{user.DisplayName} is in the team already.");
        }
        var membership = Join(db, trail, actor, team, user, role, time.GetUtcNow(), "member.add");
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        door.Forget();
        return new MemberRow(user.Id, user.DisplayName, user.Email ?? "", membership.Role, membership.Since, false);
    }

    public async Task ChangeAsync(Actor actor, Guid teamId, Guid userId, TeamRole role, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManageTeam, Resource.Team(teamId), "team");
        await using var db = contexts.CreateDbContext();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var team = await LockAsync(db, teamId, cancellationToken);
        var (membership, user) = await FindAsync(db, teamId, userId, cancellationToken);
        if (membership.Role == role)
        {
            return;
        }
        if (role < TeamRole.Maintainer)
        {
            await KeepOneMaintainerAsync(db, membership, cancellationToken);
        }
        var before = membership.Role;
        membership.Role = role;
        trail.Record(db, actor, "member.change", $"{team.Slug} {user.DisplayName}", teamId, before: new { Role = before }, after: new { Role = role });
        db.Signal(LiveTopics.Team, teamId);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        door.Forget();
    }

    /// <summary>A maintainer removes anybody, everybody may leave.</summary>
    public async Task RemoveAsync(Actor actor, Guid teamId, Guid userId, CancellationToken cancellationToken)
    {
        if (userId == actor.UserId && actor.Teams.ContainsKey(teamId))
        {
            AccessPolicy.Demand(actor, Permission.ManageOwnMembership, Resource.Team(teamId), "team");
        }
        else
        {
            AccessPolicy.Demand(actor, Permission.ManageTeam, Resource.Team(teamId), "team");
        }
        await using var db = contexts.CreateDbContext();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var team = await LockAsync(db, teamId, cancellationToken);
        var (membership, user) = await FindAsync(db, teamId, userId, cancellationToken);
        await KeepOneMaintainerAsync(db, membership, cancellationToken);
        db.Remove(membership);
        trail.Record(db, actor, "member.remove", $"{team.Slug} {user.DisplayName}", teamId, before: new { membership.Role });
        db.Signal(LiveTopics.Team, teamId);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        door.Forget();
    }

    internal static Membership Join(PortalDbContext db, AuditTrail trail, Actor actor, Team team, PortalUser user, TeamRole role, DateTimeOffset now, string action)
    {
        var membership = new Membership { TeamId = team.Id, UserId = user.Id, Role = role, Since = now };
        db.Add(membership);
        trail.Record(db, actor, action, $"{team.Slug} {user.DisplayName}", team.Id, after: new { Role = role });
        db.Signal(LiveTopics.Team, team.Id);
        return membership;
    }

    internal static async Task<Team> LockAsync(PortalDbContext db, Guid teamId, CancellationToken cancellationToken) =>
        await db.LockAsync<Team>(teamId, cancellationToken) ?? throw PortalException.NotFound("team");

    private static async Task<(Membership, PortalUser)> FindAsync(PortalDbContext db, Guid teamId, Guid userId, CancellationToken cancellationToken)
    {
        var found = await (
            from m in db.Set<Membership>()
            join u in db.Users on m.UserId equals u.Id
            where m.TeamId == teamId && m.UserId == userId
            select new { Membership = m, User = u }).FirstOrDefaultAsync(cancellationToken) ?? throw PortalException.NotFound("member");
        return (found.Membership, found.User);
    }

    private static async Task KeepOneMaintainerAsync(PortalDbContext db, Membership leaving, CancellationToken cancellationToken)
    {
        var others = leaving.Role < TeamRole.Maintainer || await (
            from m in db.Set<Membership>()
            join u in db.Users on m.UserId equals u.Id
            where m.TeamId == leaving.TeamId && m.UserId != leaving.UserId && m.Role == TeamRole.Maintainer && u.DisabledAt == null
            select m).AnyAsync(cancellationToken);
        if (!others)
        {
            throw PortalException.Conflict("This is the last maintainer of the team. Make somebody else a maintainer first.");
        }
    }
}
