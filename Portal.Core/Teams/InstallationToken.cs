using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Teams;

/// <summary>
/// The platform-admin token of a fresh installation, there before the first person is. It belongs to a service user
/// without password and e-mail address: nobody can sign in as it, and it counts as no person.
/// </summary>
public sealed class InstallationToken(IDbContextFactory<PortalDbContext> contexts, TokenDoor door, AuditTrail trail, TimeProvider time)
{
    private const string ServiceName = "portal-administrator";

    /// <summary>Makes a new one; earlier ones, whose value is in no file any more, end.</summary>
    /// <returns>The value.</returns>
    public async Task<string> RenewAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = contexts.CreateDbContext();
        var service = await db.Users.FirstOrDefaultAsync(u => u.IsService, cancellationToken);
        if (service is null)
        {
            service = new PortalUser
            {
                Id = Guid.CreateVersion7(now),
                UserName = ServiceName,
                NormalizedUserName = ServiceName.ToUpperInvariant(),
                DisplayName = "Portal administrator",
                SecurityStamp = Guid.NewGuid().ToString("N"),
                IsPlatformAdmin = true,
                IsService = true,
                CreatedAt = now,
            };
            db.Add(service);
        }
        foreach (var old in await db.Set<ApiToken>().Where(t => t.UserId == service.Id && t.ExpiresAt == null && t.RevokedAt == null).ToListAsync(cancellationToken))
        {
            old.RevokedAt = now;
        }
        var value = SecretTokens.Create(TokenDoor.Prefix);
        db.Add(new ApiToken
        {
            Id = Guid.CreateVersion7(now),
            UserId = service.Id,
            Name = "admin",
            Scope = TokenScope.Full,
            Hash = SecretTokens.Hash(value),
            Prefix = value[..10],
            CreatedAt = now,
        });
        trail.Record(db, Actor.Machine("installation"), "token.create", "token admin", after: new { Scope = TokenScope.Full, Prefix = value[..10] });
        await db.SaveChangesAsync(cancellationToken);
        door.Forget();
        return value;
    }

    public async Task<bool> WorksAsync(string value, CancellationToken cancellationToken) =>
        await door.AuthenticateAsync(value, null, cancellationToken) is { IsPlatformAdmin: true };
}
