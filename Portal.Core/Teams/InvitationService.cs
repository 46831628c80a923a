using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Access;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Live;

namespace Portal.Core.Teams;

/// <param name="Token">Belongs into the link, shown this once.</param>
public sealed record CreatedInvitation(InvitationRow Invitation, string Token);

/// <summary>What its bearer is shown before accepting.</summary>
public sealed record InvitationView(string Team, string TeamName, TeamRole Role, string InvitedBy, DateTimeOffset ExpiresAt);

/// <summary>Links that let their bearer join a team: for one person, for seven days, with the role that was chosen.</summary>
public sealed class InvitationService(
    IDbContextFactory<PortalDbContext> contexts, IServiceScopeFactory scopes, AccountService accounts, TokenDoor door, AuditTrail trail, TimeProvider time)
{
    public const int MaxOpen = 50;

    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    public async Task<CreatedInvitation> CreateAsync(Actor actor, Guid teamId, TeamRole role, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManageTeam, Resource.Team(teamId), "team");
        if (actor.UserId is not { } creator)
        {
            throw new PortalException(Refusal.Denied, "Only a person can invite.");
        }
        var now = time.GetUtcNow();
        await using var db = contexts.CreateDbContext();
        var team = await TeamService.FindAsync(db, teamId, cancellationToken);
        if (await db.Set<Invitation>().CountAsync(i => i.TeamId == teamId && i.AcceptedAt == null && i.RevokedAt == null && i.ExpiresAt > now, cancellationToken) >= MaxOpen)
        {
            throw PortalException.Conflict($"There are {MaxOpen} open invitations already. Revoke some first.");
        }
        var token = SecretTokens.Create("");
        var invitation = new Invitation
        {
            Id = Guid.CreateVersion7(now),
            TeamId = teamId,
            Role = role,
            TokenHash = SecretTokens.Hash(token),
            CreatedBy = creator,
            CreatedAt = now,
            ExpiresAt = now + Lifetime,
        };
        db.Add(invitation);
        trail.Record(db, actor, "invitation.create", team.Slug, teamId, after: new { Role = role, invitation.ExpiresAt });
        db.Signal(LiveTopics.Team, teamId);
        await db.SaveChangesAsync(cancellationToken);
        return new CreatedInvitation(new InvitationRow(invitation.Id, role, actor.Name, now, invitation.ExpiresAt), token);
    }

    public async Task RevokeAsync(Actor actor, Guid teamId, Guid id, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManageTeam, Resource.Team(teamId), "team");
        await using var db = contexts.CreateDbContext();
        var team = await TeamService.FindAsync(db, teamId, cancellationToken);
        var invitation = await db.Set<Invitation>().FirstOrDefaultAsync(i => i.Id == id && i.TeamId == teamId, cancellationToken) ?? throw PortalException.NotFound("invitation");
        if (invitation.AcceptedAt is not null)
        {
            throw PortalException.Conflict("The invitation was accepted already. Remove the member instead.");
        }
        if (invitation.RevokedAt is null)
        {
            invitation.RevokedAt = time.GetUtcNow();
            trail.Record(db, actor, "invitation.revoke", team.Slug, teamId, before: new { invitation.Role });
            db.Signal(LiveTopics.Team, teamId);
            await db.SaveChangesAsync(cancellationToken);
        }
    }

    /// <summary>For whoever holds the link. Null when it is unknown, used, revoked or too old.</summary>
    public async Task<InvitationView?> LookAsync(string? token, CancellationToken cancellationToken)
    {
        await using var db = contexts.CreateDbContext();
        return token is not { Length: > 0 and <= 100 } ? null : await (
            from i in Open(db, token)
            join t in db.Set<Team>() on i.TeamId equals t.Id
            join u in db.Users on i.CreatedBy equals u.Id
            select new InvitationView(t.Slug, t.Name, i.Role, u.DisplayName, i.ExpiresAt)).FirstOrDefaultAsync(cancellationToken);
    }

    /// <summary>Uses the link up. Whoever is in the team already gets the higher of both roles.</summary>
    /// <returns>The team's slug.</returns>
    public async Task<string> AcceptAsync(Actor actor, string? token, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManageOwnMembership, Resource.Platform);
        await using var db = contexts.CreateDbContext();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var user = await db.Users.FirstOrDefaultAsync(u => u.Id == actor.UserId && !u.IsService, cancellationToken)
            ?? throw new PortalException(Refusal.Denied, "Only a person can join a team.");
        var team = await AcceptAsync(db, actor, user, token, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        door.Forget();
        return team.Slug;
    }

    /// <summary>Uses the link up and makes its bearer's account, both or neither.</summary>
    /// <returns>The new person and the team's slug.</returns>
    public Task<(Guid UserId, string Team)> AcceptAsNewAsync(string? token, NewPerson person, string? address, CancellationToken cancellationToken) =>
        AcceptAsNewAsync(token, scope => accounts.CreateInvitedAsync(scope, person, address), address, cancellationToken);

    /// <param name="create">In the scope and transaction of the acceptance.</param>
    internal async Task<(Guid UserId, string Team)> AcceptAsNewAsync(string? token, Func<IServiceProvider, Task<PortalUser>> create, string? address, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PortalDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (token is not { Length: > 0 and <= 100 } || !await Open(db, token).AnyAsync(cancellationToken))
        {
            throw Stale();
        }
        var user = await create(scope.ServiceProvider);
        var actor = await ActorFactory.OfUserAsync(db, user, address, cancellationToken);
        var team = await AcceptAsync(db, actor, user, token, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return (user.Id, team.Slug);
    }

    private async Task<Team> AcceptAsync(PortalDbContext db, Actor actor, PortalUser user, string? token, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var invitation = token is { Length: > 0 and <= 100 } ? await Open(db, token).AsNoTracking().FirstOrDefaultAsync(cancellationToken) : null;
        // The conditional update decides between two bearers who click at the same moment.
        if (invitation is null || await Open(db, token!).ExecuteUpdateAsync(s => s.SetProperty(i => i.AcceptedAt, now).SetProperty(i => i.AcceptedBy, user.Id), cancellationToken) != 1)
        {
            throw Stale();
        }
        var team = await MemberService.LockAsync(db, invitation.TeamId, cancellationToken);
        var existing = await db.Set<Membership>().FirstOrDefaultAsync(m => m.TeamId == team.Id && m.UserId == user.Id, cancellationToken);
        if (existing is null)
        {
            MemberService.Join(db, trail, actor, team, user, invitation.Role, now, "invitation.accept");
        }
        else if (existing.Role < invitation.Role)
        {
            trail.Record(db, actor, "member.change", $"{team.Slug} {user.DisplayName}", team.Id, before: new { existing.Role }, after: new { invitation.Role });
            existing.Role = invitation.Role;
            db.Signal(LiveTopics.Team, team.Id);
        }
        await db.SaveChangesAsync(cancellationToken);
        return team;
    }

    private IQueryable<Invitation> Open(PortalDbContext db, string token)
    {
        var now = time.GetUtcNow();
        var hash = SecretTokens.Hash(token);
        return db.Set<Invitation>().Where(i => i.TokenHash == hash && i.AcceptedAt == null && i.RevokedAt == null && i.ExpiresAt > now);
    }

    private static PortalException Stale() =>
        new(Refusal.Conflict, "This invitation was used, revoked, or is older than seven days. Ask for another one.");
}
