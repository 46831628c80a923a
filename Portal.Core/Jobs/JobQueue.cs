using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Jobs;

/// <summary>What shall be done. See <see cref="Job"/> for the meaning of each part.</summary>
public sealed record JobRequest(string Kind, string Key)
{
    public string? Lane { get; init; }

    public Guid? TeamId { get; init; }

    public TimeSpan Delay { get; init; }

    public int MaxAttempts { get; init; } = 5;

    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>Puts work into the queue and asks for it to stop, in the caller's transaction.</summary>
public sealed class JobQueue(TimeProvider time)
{
    /// <summary>Enqueues with the next save. A job of the same kind and key that still waits makes this a no-op.</summary>
    public void Enqueue(PortalDbContext db, JobRequest request)
    {
        var now = time.GetUtcNow();
        var runAfter = now + request.Delay;
        var id = Guid.CreateVersion7(now);
        var seconds = (int)request.TimeLimit.TotalSeconds;
        db.Defer($"""
            insert into jobs (id, kind, key, lane, team_id, state, created_at, run_after, attempt, max_attempts, time_limit_seconds, fence)
            values ({id}, {request.Kind}, {request.Key}, {request.Lane}, {request.TeamId}, 'Queued', {now}, {runAfter}, 0, {request.MaxAttempts}, {seconds}, 0)
            on conflict (kind, key) where state = 'Queued' do update set run_after = least(jobs.run_after, excluded.run_after)
            """);
        db.Wake(Signals.JobsChannel);
    }

    /// <summary>Asks a waiting or running job to stop, with the next save. The waiting one ends at once, the running one as soon as its worker hears of it.</summary>
    public void Cancel(PortalDbContext db, string kind, string key, string reason)
    {
        var now = time.GetUtcNow();
        db.Defer($"""
            update jobs set cancel_reason = {reason},
                state = case when state = 'Queued' then 'Cancelled' else state end,
                ended_at = case when state = 'Queued' then {now} else ended_at end
            where kind = {kind} and key = {key} and state in ('Queued', 'Running')
            """);
        db.Wake(Signals.CancelChannel, key);
    }
}

/// <summary>What Admin → System shows of the queue.</summary>
public sealed record QueueOverview(int Waiting, int Running, DateTimeOffset? OldestWaiting, IReadOnlyList<Job> Failed);

public sealed class JobReader(IDbContextFactory<PortalDbContext> contexts)
{
    public async Task<QueueOverview> OverviewAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var jobs = db.Set<Job>().AsNoTracking();
        var waiting = await jobs.Where(j => j.State == JobState.Queued).GroupBy(_ => 1)
            .Select(g => new { Count = g.Count(), Oldest = (DateTimeOffset?)g.Min(j => j.RunAfter) }).FirstOrDefaultAsync(cancellationToken);
        var running = await jobs.CountAsync(j => j.State == JobState.Running, cancellationToken);
        var failed = await jobs.Where(j => j.State == JobState.Failed).OrderByDescending(j => j.EndedAt).Take(50).ToListAsync(cancellationToken);
        return new QueueOverview(waiting?.Count ?? 0, running, waiting?.Oldest, failed);
    }
}
