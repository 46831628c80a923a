using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Core.Access;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Live;

namespace Portal.Core.Teams;

/// <summary>Changes teams. A team's slug is part of every address of its apps and never changes; its name may.</summary>
public sealed class TeamService(IDbContextFactory<PortalDbContext> contexts, TokenDoor door, AuditTrail trail, TimeProvider time)
{
    /// <summary>The creator becomes its first maintainer; made by the installation's own token it has no member yet.</summary>
    /// <param name="name">Null: the slug.</param>
    public async Task<Team> CreateAsync(Actor actor, string slug, string? name, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.CreateTeam, Resource.Platform);
        var shown = string.IsNullOrWhiteSpace(name) ? slug : name.Trim();
        new FieldErrors().Add("name", Slug.ProblemForTeam(slug)).Add("displayName", NameProblem(shown)).ThrowIfAny();
        await using var db = contexts.CreateDbContext();
        var isPerson = await db.Users.AnyAsync(u => u.Id == actor.UserId && !u.IsService, cancellationToken);
        var team = Add(db, trail, actor, slug, shown, time.GetUtcNow(), isPerson);
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            throw PortalException.Invalid("name", $"A team is already called “{slug}”; choose another name or ask to join it.");
        }
        door.Forget();
        return team;
    }

    /// <param name="version">Of what was read; null changes it whatever it is now.</param>
    public async Task<Team> RenameAsync(Actor actor, Guid teamId, string name, uint? version, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManageTeam, Resource.Team(teamId), "team");
        new FieldErrors().Add("displayName", NameProblem(name.Trim())).ThrowIfAny();
        await using var db = contexts.CreateDbContext();
        var team = await FindAsync(db, teamId, cancellationToken);
        if (version is { } read && team.Version != read)
        {
            throw new PortalException(Refusal.Changed, "Somebody changed the team in the meantime. Look again, then change it.");
        }
        var before = team.Name;
        team.Name = name.Trim();
        trail.Record(db, actor, "team.rename", team.Slug, team.Id, before: new { Name = before }, after: new { team.Name });
        db.Signal(LiveTopics.Team, team.Id);
        await SaveAsync(db, cancellationToken);
        return team;
    }

    /// <param name="typed">The team's slug, typed by whoever wants it gone.</param>
    public async Task DeleteAsync(Actor actor, Guid teamId, string typed, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManageTeam, Resource.Team(teamId), "team");
        await using var db = contexts.CreateDbContext();
        var team = await FindAsync(db, teamId, cancellationToken);
        if (typed.Trim() != team.Slug)
        {
            throw PortalException.Invalid("name", $"Type “{team.Slug}” to delete the team.");
        }
        var now = time.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Set<ApiToken>().Where(t => t.TeamId == teamId && t.RevokedAt == null)
            .ExecuteUpdateAsync(s => s.SetProperty(t => t.RevokedAt, now), cancellationToken);
        db.Remove(team);
        trail.Record(db, actor, "team.delete", team.Slug, team.Id, before: new { team.Name });
        db.Signal(LiveTopics.Team, team.Id);
        try
        {
            await SaveAsync(db, cancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation })
        {
            throw PortalException.Conflict("The team still has apps, or they are still being taken down. Delete its apps first.");
        }
        await transaction.CommitAsync(cancellationToken);
        door.Forget();
    }

    internal static Team Add(PortalDbContext db, AuditTrail trail, Actor actor, string slug, string name, DateTimeOffset now, bool withMember = true)
    {
        var team = new Team { Id = Guid.CreateVersion7(now), Slug = slug, Name = name, CreatedAt = now };
        db.Add(team);
        if (withMember && actor.UserId is { } creator)
        {
            db.Add(new Membership { TeamId = team.Id, UserId = creator, Role = TeamRole.Maintainer, Since = now });
        }
        trail.Record(db, actor, "team.create", slug, team.Id, after: new { Name = name });
        db.Signal(LiveTopics.Team, team.Id);
        return team;
    }

    internal static async Task<Team> FindAsync(PortalDbContext db, Guid teamId, CancellationToken cancellationToken) =>
        await db.Set<Team>().FirstOrDefaultAsync(t => t.Id == teamId, cancellationToken) ?? throw PortalException.NotFound("team");

    internal static async Task SaveAsync(PortalDbContext db, CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            throw new PortalException(Refusal.Changed, "Somebody changed the team at the same moment. Look again, then change it.");
        }
    }

    private static string? NameProblem(string name) =>
        name.Length == 0 ? "Give the team a name." : name.Length > 80 ? $"At most 80 characters; this has {name.Length}." : null;
}
