using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Teams;

/// <summary>What a printed link leads to.</summary>
public enum LinkUse
{
    /// <summary>Unknown, used or too old.</summary>
    None,

    /// <summary>Nobody is there yet: its bearer becomes the first platform admin.</summary>
    FirstPerson,

    /// <summary>Its bearer signs in as the platform admin who set Portal up.</summary>
    SignIn,

    /// <summary>Its bearer forgot their password and sets a new one.</summary>
    NewPassword,
}

/// <summary>
/// Sign-in links that the launcher prints for whoever may run it on this machine: single use, 15 minutes. Looking at a
/// link does not use it up, so that a preview of it does no harm.
/// </summary>
public sealed class SignInLinks(IDbContextFactory<PortalDbContext> contexts, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <returns>The token that belongs into the link.</returns>
    public async Task<string> CreateAsync(CancellationToken cancellationToken)
    {
        await using var db = contexts.CreateDbContext();
        var token = await AddAsync(db, null, cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        return token;
    }

    /// <summary>The caller saves.</summary>
    internal async Task<string> AddAsync(PortalDbContext db, Guid? userId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var token = SecretTokens.Create("");
        await db.Set<SignInLink>().Where(l => l.ExpiresAt < now).ExecuteDeleteAsync(cancellationToken);
        db.Add(new SignInLink { Id = Guid.CreateVersion7(now), UserId = userId, TokenHash = SecretTokens.Hash(token), ExpiresAt = now + Lifetime });
        return token;
    }

    public async Task<LinkUse> LookAsync(string? token, CancellationToken cancellationToken)
    {
        if (token is not { Length: > 0 and <= 100 })
        {
            return LinkUse.None;
        }
        await using var db = contexts.CreateDbContext();
        if (await Usable(db, token).AsNoTracking().FirstOrDefaultAsync(cancellationToken) is not { } link)
        {
            return LinkUse.None;
        }
        if (link.UserId is not null)
        {
            return LinkUse.NewPassword;
        }
        return await db.Users.AnyAsync(u => !u.IsService, cancellationToken) ? LinkUse.SignIn : LinkUse.FirstPerson;
    }

    /// <summary>True for exactly one caller. Takes part in the transaction of <paramref name="db"/>, if there is one.</summary>
    internal async Task<bool> UseAsync(PortalDbContext db, string? token, Guid? userId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return token is { Length: > 0 and <= 100 }
            && await Usable(db, token).Where(l => l.UserId == userId).ExecuteUpdateAsync(s => s.SetProperty(l => l.UsedAt, now), cancellationToken) == 1;
    }

    internal IQueryable<SignInLink> Usable(PortalDbContext db, string token)
    {
        var now = time.GetUtcNow();
        var hash = SecretTokens.Hash(token);
        return db.Set<SignInLink>().Where(l => l.TokenHash == hash && l.UsedAt == null && l.ExpiresAt > now);
    }
}
