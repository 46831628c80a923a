using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Live;

namespace Portal.Core.Teams;

/// <param name="Current">The one that asks.</param>
public sealed record SessionRow(Guid Id, string Device, string? Address, DateTimeOffset StartedAt, DateTimeOffset LastSeenAt, bool Current);

/// <summary>Where a person is signed in. Ending a session works at its next request and at the next act of a page that is open in it.</summary>
public sealed class SessionService(IDbContextFactory<PortalDbContext> contexts, AuditTrail trail, TimeProvider time)
{
    /// <summary>Without a visit it ends.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromDays(14);

    /// <summary>The oldest ends when one more begins.</summary>
    public const int MaxPerPerson = 50;

    /// <summary>How long after signing in a person may change how they come in: an open page of somebody who went for lunch is no proof.</summary>
    public static readonly TimeSpan Recent = TimeSpan.FromMinutes(15);

    /// <summary>How exactly "last seen" is kept.</summary>
    internal static readonly TimeSpan SeenGranularity = TimeSpan.FromMinutes(1);

    /// <summary>After the person was identified by password, link or invitation, which is in the trail by itself.</summary>
    /// <returns>What the cookie has to carry.</returns>
    public async Task<Guid> StartAsync(Guid userId, string? address, string? userAgent, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var session = new Session
        {
            Id = Guid.NewGuid(),
            UserId = userId,
            StartedAt = now,
            LastSeenAt = now,
            Address = address,
            Device = Device.Of(userAgent),
        };
        await using var db = contexts.CreateDbContext();
        await db.Set<Session>().Where(s => s.UserId == userId && s.LastSeenAt < now - Length).ExecuteDeleteAsync(cancellationToken);
        var surplus = await db.Set<Session>().Where(s => s.UserId == userId).OrderByDescending(s => s.LastSeenAt).Skip(MaxPerPerson - 1).Select(s => s.Id).ToListAsync(cancellationToken);
        await db.Set<Session>().Where(s => surplus.Contains(s.Id)).ExecuteDeleteAsync(cancellationToken);
        db.Add(session);
        db.Signal(LiveTopics.Person, userId);
        await db.SaveChangesAsync(cancellationToken);
        return session.Id;
    }

    /// <summary>False ends the cookie that named it.</summary>
    public async Task<bool> IsOpenAsync(Guid userId, Guid? id, CancellationToken cancellationToken)
    {
        await using var db = contexts.CreateDbContext();
        return id is not null && await Open(db, userId).AnyAsync(s => s.Id == id, cancellationToken);
    }

    /// <summary>Whether the session that asks began lately.</summary>
    public async Task<bool> IsRecentAsync(Actor actor, CancellationToken cancellationToken)
    {
        var userId = Demand(actor);
        var since = time.GetUtcNow() - Recent;
        await using var db = contexts.CreateDbContext();
        return await Open(db, userId).AnyAsync(s => s.Id == actor.SessionId && s.StartedAt > since, cancellationToken);
    }

    /// <exception cref="PortalException">The session that asks is older.</exception>
    public async Task DemandRecentAsync(Actor actor, CancellationToken cancellationToken)
    {
        if (!await IsRecentAsync(actor, cancellationToken))
        {
            throw new PortalException(Refusal.Denied, $"For this you must have signed in during the last {Recent.TotalMinutes:0} minutes. Sign in again, then repeat it.");
        }
    }

    /// <summary>The actor's own, the one that asks first, then the last seen.</summary>
    public async Task<IReadOnlyList<SessionRow>> ListAsync(Actor actor, CancellationToken cancellationToken)
    {
        var userId = Demand(actor);
        await using var db = contexts.CreateDbContext();
        return await Open(db, userId).OrderBy(s => s.Id == actor.SessionId ? 0 : 1).ThenByDescending(s => s.LastSeenAt)
            .Select(s => new SessionRow(s.Id, s.Device, s.Address, s.StartedAt, s.LastSeenAt, s.Id == actor.SessionId)).ToListAsync(cancellationToken);
    }

    /// <summary>Ends one of the actor's own sessions.</summary>
    public async Task EndAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        var userId = Demand(actor);
        await using var db = contexts.CreateDbContext();
        var session = await Open(db, userId).FirstOrDefaultAsync(s => s.Id == id, cancellationToken) ?? throw PortalException.NotFound("session");
        session.EndedAt = time.GetUtcNow();
        trail.Record(db, actor, "session.end", $"{actor.Name}: {session.Device}", before: new { session.Address, session.StartedAt });
        db.Signal(LiveTopics.Person, userId);
        await db.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Ends all of the actor's sessions but the one that asks.</summary>
    /// <returns>How many ended.</returns>
    public async Task<int> EndOthersAsync(Actor actor, CancellationToken cancellationToken)
    {
        var userId = Demand(actor);
        var now = time.GetUtcNow();
        await using var db = contexts.CreateDbContext();
        var others = await Open(db, userId).Where(s => s.Id != actor.SessionId).ToListAsync(cancellationToken);
        if (others.Count > 0)
        {
            others.ForEach(s => s.EndedAt = now);
            trail.Record(db, actor, "session.end-others", actor.Name, after: new { ended = others.Count });
            db.Signal(LiveTopics.Person, userId);
            await db.SaveChangesAsync(cancellationToken);
        }
        return others.Count;
    }

    /// <summary>With a change of the security stamp, in the caller's unit of work.</summary>
    internal static Task EndAllAsync(PortalDbContext db, Guid userId, DateTimeOffset now, CancellationToken cancellationToken) =>
        db.Set<Session>().Where(s => s.UserId == userId && s.EndedAt == null).ExecuteUpdateAsync(set => set.SetProperty(s => s.EndedAt, now), cancellationToken);

    private IQueryable<Session> Open(PortalDbContext db, Guid userId)
    {
        var since = time.GetUtcNow() - Length;
        return db.Set<Session>().Where(s => s.UserId == userId && s.EndedAt == null && s.LastSeenAt > since);
    }

    private static Guid Demand(Actor actor)
    {
        AccessPolicy.Demand(actor, Permission.ManageOwnTokens, Resource.Platform);
        return actor is { Kind: ActorKind.Person, UserId: { } userId } ? userId
            : throw new PortalException(Refusal.Denied, "Sessions are ended by their person, signed in.");
    }
}
