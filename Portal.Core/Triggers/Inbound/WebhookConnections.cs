using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Portal.Core.Apps;
using Portal.Core.Data;
using Portal.Core.Git.GitHub;

namespace Portal.Core.Triggers.Inbound;

/// <param name="Id">Of the app, or of the <see cref="GitConnection"/> that many apps share.</param>
/// <param name="TeamId">Of the app; null: a shared connection, whose deliveries say by themselves which repository they are about.</param>
/// <param name="IsVerified">A delivery with a good proof came in before.</param>
/// <param name="Secrets">The current one first, then the one before it while both are accepted; empty: nothing can be signed.</param>
public sealed record WebhookConnection(Guid Id, Guid? TeamId, bool IsVerified, IReadOnlyList<byte[]> Secrets);

/// <summary>
/// From the unguessable id in a webhook's address to its secrets. Remembered for two seconds, which is how long a
/// replaced secret may still be accepted; unknown ids are never remembered.
/// </summary>
public sealed class WebhookConnections(IDbContextFactory<PortalDbContext> contexts, SecretBox box, TimeProvider time, ILogger<WebhookConnections> logger)
{
    private const int MostRemembered = 10_000;

    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<Guid, (WebhookConnection Connection, long At)> _known = new();

    public async ValueTask<WebhookConnection?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(id, out var known) && time.GetElapsedTime(known.At) < Remembered)
        {
            return known.Connection;
        }
        var at = time.GetTimestamp();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var connection = await OfAppAsync(db, id, cancellationToken) ?? await SharedAsync(db, id, cancellationToken);
        if (connection is null)
        {
            return null;
        }
        if (_known.Count >= MostRemembered)
        {
            _known.Clear();
        }
        _known[id] = (connection, at);
        return connection;
    }

    private async Task<WebhookConnection?> OfAppAsync(PortalDbContext db, Guid id, CancellationToken cancellationToken)
    {
        var app = await db.Set<App>().AsNoTracking().Where(a => a.Id == id && a.DeletedAt == null)
            .Select(a => new { a.Id, a.TeamId, a.WebhookSecret, a.PreviousWebhookSecret, a.WebhookSecretChangedAt, a.WebhookVerifiedAt }).SingleOrDefaultAsync(cancellationToken);
        if (app is null)
        {
            return null;
        }
        var overlaps = app.WebhookSecretChangedAt + App.WebhookSecretOverlap > time.GetUtcNow();
        return new WebhookConnection(app.Id, app.TeamId, app.WebhookVerifiedAt is not null, [.. Open(id, app.WebhookSecret), .. overlaps ? Open(id, app.PreviousWebhookSecret) : []]);
    }

    private async Task<WebhookConnection?> SharedAsync(PortalDbContext db, Guid id, CancellationToken cancellationToken)
    {
        var shared = await db.Set<GitConnection>().AsNoTracking().Where(c => c.Id == id).Select(c => new { c.WebhookSecret, c.PreviousWebhookSecret, c.WebhookSecretChangedAt, c.WebhookVerifiedAt }).SingleOrDefaultAsync(cancellationToken);
        return shared is null ? null : new WebhookConnection(id, null, shared.WebhookVerifiedAt is not null,
            [.. Open(id, shared.WebhookSecret), .. shared.WebhookSecretChangedAt + App.WebhookSecretOverlap > time.GetUtcNow() ? Open(id, shared.PreviousWebhookSecret) : []]);
    }

    /// <summary>A delivery came in with a good proof; the first one of a connection, or the sender's greeting.</summary>
    public async Task VerifiedAsync(WebhookConnection connection, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await (connection.TeamId is not null
            ? db.Set<App>().Where(a => a.Id == connection.Id).ExecuteUpdateAsync(set => set.SetProperty(a => a.WebhookVerifiedAt, now), cancellationToken)
            : db.Set<GitConnection>().Where(c => c.Id == connection.Id).ExecuteUpdateAsync(set => set.SetProperty(c => c.WebhookVerifiedAt, now), cancellationToken));
        _known.TryRemove(connection.Id, out _);
    }

    private IEnumerable<byte[]> Open(Guid id, byte[]? sealedSecret)
    {
        if (sealedSecret is null)
        {
            return [];
        }
        try
        {
            return box.Open(SecretPurposes.WebhookSecret, sealedSecret) is { Length: > 0 } secret ? [WebhookSignature.Secret(secret)] : [];
        }
        catch (CryptographicException e)
        {
            logger.LogError(e, "The webhook secret of {Connection} was sealed under another master key; make a new secret", id);
            return [];
        }
    }
}
