using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Teams;

/// <param name="Lifetime">Null: 90 days.</param>
public sealed record NewToken(string Name, TokenScope Scope, Guid? TeamId = null, Guid? AppId = null, TimeSpan? Lifetime = null);

/// <param name="Value">Shown this once; only its hash is kept.</param>
public sealed record CreatedToken(TokenRow Token, string Value);

/// <param name="Team">The slug of the one team that it is limited to.</param>
public sealed record TokenRow(
    Guid Id, string Name, TokenScope Scope, string Prefix, string Owner, Guid OwnerId, string? Team, Guid? AppId,
    DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt);

/// <summary>
/// API and push tokens: made by a person (or by a token with all of its owner's rights) for themselves, shown once,
/// kept as a hash, always with an end. A token never may more than its owner may at the moment it is used, and one that a
/// token made ends with its maker at the latest.
/// </summary>
public sealed class TokenService(IDbContextFactory<PortalDbContext> contexts, TokenDoor door, AuditTrail trail, TimeProvider time)
{
    public const int MaxPerPerson = 100;

    public static readonly TimeSpan DefaultLifetime = TimeSpan.FromDays(90);
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(365);

    /// <summary>Of the push token that the page "New app" shows.</summary>
    public static readonly TimeSpan PushLifetime = TimeSpan.FromHours(1);

    private static readonly TimeSpan KeptAfterEnd = TimeSpan.FromDays(30);

    /// <summary>The same answer as <see cref="TokenDoor.AuthenticateAsync"/>.</summary>
    public Task<Actor?> AuthenticateAsync(string? token, string? address, CancellationToken cancellationToken) =>
        door.AuthenticateAsync(token, address, cancellationToken);

    public async Task<CreatedToken> CreateAsync(Actor actor, NewToken wanted, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManageOwnTokens, Resource.Platform);
        if (actor.UserId is not { } owner)
        {
            throw new PortalException(Refusal.Denied, "Only a person has tokens.");
        }
        var name = wanted.Name.Trim();
        var lifetime = wanted.Lifetime ?? DefaultLifetime;
        new FieldErrors()
            .Add("name", name.Length == 0 ? "Give the token a name to recognise it by." : name.Length > 80 ? $"At most 80 characters; this has {name.Length}." : null)
            .Add("expiresInDays", lifetime <= TimeSpan.Zero || lifetime > MaxLifetime ? $"A token lives at least a day and at most {MaxLifetime.Days} days." : null)
            .Add("app", wanted is { AppId: not null, TeamId: null } ? "An app is named together with its team." : null)
            .ThrowIfAny();
        if (wanted.TeamId is { } team)
        {
            AccessPolicy.Demand(actor, wanted.Scope == TokenScope.Push ? Permission.PushCode : Permission.ViewTeam, new Resource(team, wanted.AppId), "team");
        }

        var now = time.GetUtcNow();
        await using var db = contexts.CreateDbContext();
        if (actor.Kind == ActorKind.Token && await db.Set<ApiToken>().Where(t => t.Id == actor.Id).Select(t => t.ExpiresAt).FirstOrDefaultAsync(cancellationToken) is { } end && now + lifetime > end)
        {
            lifetime = wanted.Lifetime is null ? end - now : throw PortalException.Invalid("expiresInDays",
                $"The token that makes this one ends on {end:yyyy-MM-dd HH:mm} UTC; one that it makes cannot live longer. Ask for less, or sign in and make it there.");
        }
        await db.Set<ApiToken>().Where(t => t.UserId == owner && t.ExpiresAt < now - KeptAfterEnd).ExecuteDeleteAsync(cancellationToken);
        if (await db.Set<ApiToken>().CountAsync(t => t.UserId == owner && t.RevokedAt == null && (t.ExpiresAt == null || t.ExpiresAt > now), cancellationToken) >= MaxPerPerson)
        {
            throw PortalException.Conflict($"There are {MaxPerPerson} tokens already. Revoke those that are no longer used.");
        }
        var value = SecretTokens.Create(TokenDoor.Prefix);
        var token = new ApiToken
        {
            Id = Guid.CreateVersion7(now),
            UserId = owner,
            Name = name,
            Scope = wanted.Scope,
            Hash = SecretTokens.Hash(value),
            Prefix = value[..10],
            TeamId = wanted.TeamId,
            AppId = wanted.AppId,
            MadeBy = actor.Kind == ActorKind.Token ? actor.Id : null,
            CreatedAt = now,
            ExpiresAt = now + lifetime,
        };
        db.Add(token);
        trail.Record(db, actor, "token.create", $"token {name}", wanted.TeamId, wanted.AppId,
            after: new { token.Scope, token.Prefix, token.ExpiresAt });
        await db.SaveChangesAsync(cancellationToken);
        return new CreatedToken(await Rows(db, db.Set<ApiToken>().Where(t => t.Id == token.Id)).SingleAsync(cancellationToken), value);
    }

    /// <summary>The actor's own tokens that still work, newest first.</summary>
    public async Task<IReadOnlyList<TokenRow>> ListOwnAsync(Actor actor, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManageOwnTokens, Resource.Platform);
        await using var db = contexts.CreateDbContext();
        return await Rows(db, Live(db).Where(t => t.UserId == actor.UserId)).ToListAsync(cancellationToken);
    }

    /// <summary>Tokens of any member that are limited to this team.</summary>
    public async Task<IReadOnlyList<TokenRow>> ListOfTeamAsync(Actor actor, Guid teamId, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManageTeam, Resource.Team(teamId), "team");
        await using var db = contexts.CreateDbContext();
        return await Rows(db, Live(db).Where(t => t.TeamId == teamId)).ToListAsync(cancellationToken);
    }

    /// <summary>By its owner, a maintainer of the one team that it is limited to, or a platform admin. Twice is harmless.</summary>
    public async Task RevokeAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        await using var db = contexts.CreateDbContext();
        var token = await db.Set<ApiToken>().FirstOrDefaultAsync(t => t.Id == id, cancellationToken) ?? throw PortalException.NotFound("token");
        var allowed = (token.UserId == actor.UserId && AccessPolicy.Allows(actor, Permission.ManageOwnTokens, Resource.Platform))
            || (token.TeamId is { } team && AccessPolicy.Allows(actor, Permission.ManageTeam, Resource.Team(team)))
            || AccessPolicy.Allows(actor, Permission.ManagePeople, Resource.Platform);
        if (!allowed)
        {
            throw token.UserId == actor.UserId
                ? new PortalException(Refusal.Denied, "This token may not revoke tokens. Use one with full rights, or the page of your account.")
                : PortalException.NotFound("token");
        }
        if (token.RevokedAt is null)
        {
            // Those that it made end with it: whoever found it may have made some.
            for (var ending = new List<ApiToken> { token }; ending.Count > 0;)
            {
                foreach (var one in ending)
                {
                    one.RevokedAt = time.GetUtcNow();
                    trail.Record(db, actor, "token.revoke", $"token {one.Name}", one.TeamId, one.AppId, before: new { one.Scope, one.Prefix });
                }
                var makers = ending.Select(t => (Guid?)t.Id).ToList();
                ending = await db.Set<ApiToken>().Where(t => makers.Contains(t.MadeBy) && t.RevokedAt == null).ToListAsync(cancellationToken);
            }
            await db.SaveChangesAsync(cancellationToken);
        }
        door.Forget();
    }

    private IQueryable<ApiToken> Live(PortalDbContext db)
    {
        var now = time.GetUtcNow();
        return db.Set<ApiToken>().Where(t => t.RevokedAt == null && (t.ExpiresAt == null || t.ExpiresAt > now));
    }

    private static IQueryable<TokenRow> Rows(PortalDbContext db, IQueryable<ApiToken> tokens) =>
        from t in tokens.AsNoTracking()
        join u in db.Users on t.UserId equals u.Id
        from team in db.Set<Team>().Where(team => team.Id == t.TeamId).DefaultIfEmpty()
        orderby t.CreatedAt descending, t.Id
        select new TokenRow(t.Id, t.Name, t.Scope, t.Prefix, u.DisplayName, u.Id, team == null ? null : team.Slug, t.AppId, t.CreatedAt, t.ExpiresAt, t.LastUsedAt);
}
