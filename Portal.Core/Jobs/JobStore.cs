using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Core.Data;

namespace Portal.Core.Jobs;

/// <summary>The queue's SQL. All times are the database's clock: workers' clocks may differ.</summary>
internal sealed class JobStore(IDbContextFactory<PortalDbContext> contexts)
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(20);

    /// <summary>Claims the next job: teams with fewer running jobs first, then the oldest. Null: nothing to do.</summary>
    public async Task<Job?> ClaimAsync(Guid owner, string[] kinds, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        // A lane taken by another worker between look and claim shows as a unique violation; then look again.
        for (var attempt = 0; attempt < 5; attempt++)
        {
            try
            {
                var claimed = await db.Set<Job>().FromSql($"""
                    with next as (
                        select j.id from jobs j
                        where j.state = 'Queued' and j.run_after <= now() and j.kind = any({kinds})
                            and (j.lane is null or not exists (select 1 from jobs r where r.lane = j.lane and r.state = 'Running'))
                        order by (select count(*) from jobs r where r.state = 'Running' and r.team_id = j.team_id), j.run_after, j.id
                        limit 1
                        for update of j skip locked)
                    update jobs set state = 'Running', attempt = attempt + 1, fence = fence + 1, lease_owner = {owner},
                        lease_until = now() + {Lease}, started_at = now(), reason = null
                    from next where jobs.id = next.id
                    returning jobs.*
                    """).AsNoTracking().ToListAsync(cancellationToken);
                return claimed.SingleOrDefault();
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
            {
            }
        }
        return null;
    }

    /// <returns>Whether the lease still holds, and whether somebody asked the job to stop.</returns>
    public async Task<(bool Held, string? CancelReason)> HeartbeatAsync(Job job, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await db.Set<Job>().FromSql($"""
            update jobs set lease_until = now() + {Lease}
            where id = {job.Id} and fence = {job.Fence} and state = 'Running' returning *
            """).AsNoTracking().ToListAsync(cancellationToken);
        return (rows.Count == 1, rows.SingleOrDefault()?.CancelReason);
    }

    public async Task CompleteAsync(Job job, JobState state, string? reason, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"""
            update jobs set state = {state.ToString()}, reason = {reason}, ended_at = now(), lease_owner = null, lease_until = null
            where id = {job.Id} and fence = {job.Fence} and state = 'Running'
            """, cancellationToken);
    }

    /// <summary>Puts a job back. When a newer one with the same key waits already, this one ends instead.</summary>
    public async Task ReturnAsync(PortalDbContext db, Job job, TimeSpan delay, bool countAttempt, string? reason, CancellationToken cancellationToken)
    {
        var back = countAttempt ? 0 : 1;
        await db.Database.ExecuteSqlAsync($"""
            update jobs set
                state = case when exists (select 1 from jobs q where q.kind = jobs.kind and q.key = jobs.key and q.state = 'Queued') then 'Cancelled' else 'Queued' end,
                ended_at = case when exists (select 1 from jobs q where q.kind = jobs.kind and q.key = jobs.key and q.state = 'Queued') then now() else null end,
                run_after = now() + {delay}, attempt = attempt - {back}, lease_owner = null, lease_until = null, reason = {reason}
            where id = {job.Id} and fence = {job.Fence} and state = 'Running'
            """, cancellationToken);
        await db.Database.ExecuteSqlAsync($"select pg_notify({Signals.JobsChannel}, '')", cancellationToken);
    }

    /// <summary>Locks a job whose lease ran out, for the rest of the transaction; null when there is none.</summary>
    public static async Task<Job?> LockExpiredAsync(PortalDbContext db, CancellationToken cancellationToken) =>
        (await db.Set<Job>().FromSql($"""
            select * from jobs where state = 'Running' and lease_until < now() order by lease_until limit 1 for update skip locked
            """).AsNoTracking().ToListAsync(cancellationToken)).SingleOrDefault();

    /// <summary>Lets other expired jobs go first.</summary>
    public async Task PostponeAsync(Job job, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"update jobs set lease_until = now() + {Lease} where id = {job.Id} and fence = {job.Fence} and state = 'Running'", cancellationToken);
    }

    public async Task<int> PruneAsync(TimeSpan keep, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Database.ExecuteSqlAsync($"delete from jobs where ended_at < now() - {keep}", cancellationToken);
    }
}
