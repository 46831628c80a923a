using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Audit;

/// <summary>
/// Keeps that somebody known tried a change they have no right to. Bounded, because a refusal costs its cause nothing:
/// the same try counts once in ten minutes, and all together at most <see cref="PerMinute"/> a minute per process.
/// </summary>
public sealed class AuditRefusals(IDbContextFactory<PortalDbContext> contexts, AuditTrail audit, TimeProvider time)
{
    public const int PerMinute = 60;

    private const int Remembered = 10_000;
    private static readonly TimeSpan Again = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<(Guid? Actor, string Action, string Target), long> _seen = new();
    private readonly Lock _counting = new();
    private long _minute;
    private int _count;

    /// <param name="action">As it would have been recorded, where known.</param>
    /// <param name="team">The slug of the team it was about, where there is one.</param>
    /// <param name="reason">The sentence that the actor was answered.</param>
    /// <returns>False when it was one too many to keep.</returns>
    public async Task<bool> RecordAsync(Actor actor, string action, string target, string? team, string reason, CancellationToken cancellationToken)
    {
        if (!IsWorthKeeping((actor.Id, action, target)))
        {
            return false;
        }
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var teamId = team is null ? null : await db.Database.SqlQuery<Guid?>($"select id as \"Value\" from teams where slug = {team}").FirstOrDefaultAsync(cancellationToken);
        audit.Record(db, actor, action, target, teamId, after: new { reason }, outcome: "refused");
        await db.SaveChangesAsync(cancellationToken);
        return true;
    }

    private bool IsWorthKeeping((Guid? Actor, string Action, string Target) what)
    {
        var now = time.GetTimestamp();
        if (_seen.TryGetValue(what, out var last) && time.GetElapsedTime(last, now) < Again)
        {
            return false;
        }
        lock (_counting)
        {
            if (time.GetElapsedTime(_minute, now) >= TimeSpan.FromMinutes(1) || _minute == 0)
            {
                (_minute, _count) = (now, 0);
            }
            if (++_count > PerMinute)
            {
                return false;
            }
        }
        if (_seen.Count >= Remembered)
        {
            _seen.Clear();
        }
        _seen[what] = now;
        return true;
    }
}
