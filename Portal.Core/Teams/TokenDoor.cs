using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Teams;

/// <summary>
/// Who a token stands for. Answers are remembered for <see cref="Remembered"/>, which is also how long a token that was
/// revoked through another process may still be answered; in this process <see cref="Forget"/> ends it at once.
/// Unknown tokens are never remembered: guesses must not fill the memory.
/// </summary>
public sealed class TokenDoor(IDbContextFactory<PortalDbContext> contexts, TimeProvider time)
{
    public const string Prefix = "ptl_";

    public static readonly TimeSpan Remembered = TimeSpan.FromSeconds(2);

    /// <summary>Prefix and 43 characters of base64url.</summary>
    private const int Length = 47;

    private const int MostRemembered = 10_000;

    private static readonly TimeSpan UseGranularity = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, (Actor Actor, long At)> _known = new(StringComparer.Ordinal);
    private int _generation;

    /// <param name="address">Where the request came from, for the trail.</param>
    /// <returns>Null when the token is unknown, expired or revoked, or its owner is disabled.</returns>
    public async Task<Actor?> AuthenticateAsync(string? token, string? address, CancellationToken cancellationToken)
    {
        if (token is not { Length: Length } || !token.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }
        var hash = SecretTokens.Hash(token);
        var key = Convert.ToHexString(hash);
        if (_known.TryGetValue(key, out var known) && time.GetElapsedTime(known.At) < Remembered)
        {
            return known.Actor with { Address = address };
        }
        var generation = Volatile.Read(ref _generation);
        var at = time.GetTimestamp();
        var actor = await ReadAsync(hash, address, cancellationToken);
        if (actor is null)
        {
            _known.TryRemove(key, out _);
            return null;
        }
        if (_known.Count >= MostRemembered)
        {
            _known.Clear();
        }
        _known[key] = (actor, at);
        // Something was revoked while this was read: do not remember what may be old.
        if (generation != Volatile.Read(ref _generation))
        {
            _known.TryRemove(key, out _);
        }
        return actor;
    }

    /// <summary>Called after every change of tokens, people and memberships.</summary>
    public void Forget()
    {
        Interlocked.Increment(ref _generation);
        _known.Clear();
    }

    private async Task<Actor?> ReadAsync(byte[] hash, string? address, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = contexts.CreateDbContext();
        var found = await (
            from t in db.Set<ApiToken>().AsNoTracking()
            join u in db.Users.AsNoTracking() on t.UserId equals u.Id
            where t.Hash == hash && t.RevokedAt == null && (t.ExpiresAt == null || t.ExpiresAt > now) && u.DisabledAt == null
            select new { Token = t, User = u }).FirstOrDefaultAsync(cancellationToken);
        if (found is null)
        {
            return null;
        }
        if (found.Token.LastUsedAt is not { } last || now - last >= UseGranularity)
        {
            await db.Set<ApiToken>().Where(t => t.Id == found.Token.Id).ExecuteUpdateAsync(s => s.SetProperty(t => t.LastUsedAt, now), cancellationToken);
        }
        return await ActorFactory.OfTokenAsync(db, found.User, found.Token, address, cancellationToken);
    }
}
