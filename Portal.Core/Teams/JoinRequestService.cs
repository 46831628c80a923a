using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Core.Access;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Live;

namespace Portal.Core.Teams;

/// <summary>Somebody without a link asks to join a team; one of its maintainers answers.</summary>
public sealed class JoinRequestService(IDbContextFactory<PortalDbContext> contexts, TokenDoor door, AuditTrail trail, TimeProvider time)
{
    /// <summary>Open questions of one person, so that nobody floods all teams.</summary>
    public const int MaxOpen = 20;

    /// <summary>Tells nothing about whether there is such a team: a name that leads nowhere is accepted as silently.</summary>
    public async Task AskAsync(Actor actor, string slug, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManageOwnMembership, Resource.Platform);
        new FieldErrors().Add("team", Slug.ProblemForTeam(slug)).ThrowIfAny();
        if (actor.UserId is not { } userId)
        {
            throw new PortalException(Refusal.Denied, "Only a person can join a team.");
        }
        await using var db = contexts.CreateDbContext();
        if (await db.Set<JoinRequest>().CountAsync(r => r.UserId == userId && r.AnsweredAt == null, cancellationToken) >= MaxOpen)
        {
            throw PortalException.Conflict($"You asked {MaxOpen} teams already. Wait for an answer.");
        }
        var team = await db.Set<Team>().AsNoTracking().FirstOrDefaultAsync(t => t.Slug == slug, cancellationToken);
        if (team is null)
        {
            return;
        }
        if (await db.Set<Membership>().AnyAsync(m => m.TeamId == team.Id && m.UserId == userId, cancellationToken))
        {
            throw PortalException.Conflict("You are in this team already.");
        }
        db.Add(new JoinRequest { Id = Guid.CreateVersion7(time.GetUtcNow()), TeamId = team.Id, UserId = userId, AskedAt = time.GetUtcNow() });
        trail.Record(db, actor, "join.ask", team.Slug, team.Id);
        db.Signal(LiveTopics.Team, team.Id);
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // Asked before and not answered yet: once is enough.
        }
    }

    /// <param name="role">Given when accepted.</param>
    public async Task AnswerAsync(Actor actor, Guid teamId, Guid id, bool accept, TeamRole role, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManageTeam, Resource.Team(teamId), "team");
        await using var db = contexts.CreateDbContext();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var team = await MemberService.LockAsync(db, teamId, cancellationToken);
        var request = await db.Set<JoinRequest>().FirstOrDefaultAsync(r => r.Id == id && r.TeamId == teamId, cancellationToken) ?? throw PortalException.NotFound("request");
        if (request.AnsweredAt is not null)
        {
            throw PortalException.Conflict("Somebody answered this request already.");
        }
        var user = await db.Users.FirstAsync(u => u.Id == request.UserId, cancellationToken);
        request.AnsweredAt = time.GetUtcNow();
        request.Accepted = accept;
        if (!accept)
        {
            trail.Record(db, actor, "join.decline", $"{team.Slug} {user.DisplayName}", teamId);
            db.Signal(LiveTopics.Team, teamId);
        }
        else if (!await db.Set<Membership>().AnyAsync(m => m.TeamId == teamId && m.UserId == user.Id, cancellationToken))
        {
            MemberService.Join(db, trail, actor, team, user, role, time.GetUtcNow(), "join.accept");
        }
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        door.Forget();
    }
}
