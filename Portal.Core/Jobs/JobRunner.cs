using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Jobs;

/// <summary>
/// The worker's loop: claim what there is room for, run it, keep its lease, and record its end. Woken by NOTIFY; a timer
/// finds what a lost notice missed. Any number of runners may work on one queue.
/// </summary>
public sealed class JobRunner : BackgroundService
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan HeartbeatEvery = TimeSpan.FromSeconds(5);

    private readonly Guid _owner = Guid.NewGuid();
    private readonly JobStore _store;
    private readonly IDbContextFactory<PortalDbContext> _contexts;
    private readonly SignalListener _listener;
    private readonly TimeProvider _time;
    private readonly LimitOptions _limits;
    private readonly ILogger<JobRunner> _logger;
    private readonly Dictionary<string, IJobHandler> _handlers;
    private readonly ConcurrentDictionary<Guid, JobContext> _running = new();
    private readonly SemaphoreSlim _wake = new(0, 1);

    public JobRunner(IEnumerable<IJobHandler> handlers, IDbContextFactory<PortalDbContext> contexts, SignalListener listener,
        TimeProvider time, LimitOptions limits, ILogger<JobRunner> logger)
    {
        _store = new JobStore(contexts);
        _contexts = contexts;
        _listener = listener;
        _time = time;
        _limits = limits;
        _logger = logger;
        _handlers = handlers.ToDictionary(h => h.Kind);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var listening = ListenAsync(stoppingToken);
        var tasks = new ConcurrentDictionary<Task, byte>();
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                while (await TryClaimAsync(stoppingToken) is { } job)
                {
                    var task = RunAsync(job, stoppingToken);
                    tasks[task] = 0;
                    _ = task.ContinueWith(t => { tasks.TryRemove(t, out _); Wake(); }, TaskScheduler.Default);
                }
                await _wake.WaitAsync(Idle, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
        foreach (var context in _running.Values)
        {
            context.Stop(StopCause.HostStopping);
        }
        await Task.WhenAll(tasks.Keys);
        await listening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<Job?> TryClaimAsync(CancellationToken cancellationToken)
    {
        var running = _running.Values.ToList();
        if (running.Count >= _limits.WorkerSlots + _limits.BuildSlots)
        {
            return null;
        }
        var builds = running.Count(c => c.Job.Kind == JobKinds.Build);
        var kinds = _handlers.Keys
            .Where(k => k == JobKinds.Build ? builds < _limits.BuildSlots : running.Count - builds < _limits.WorkerSlots)
            .ToArray();
        try
        {
            return kinds.Length == 0 ? null : await _store.ClaimAsync(_owner, kinds, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            _logger.LogWarning(e, "The queue cannot be read now; trying again");
            return null;
        }
    }

    private async Task RunAsync(Job job, CancellationToken stopping)
    {
        using var scope = _logger.BeginScope("job {Kind} {Key} attempt {Attempt}", job.Kind, job.Key, job.Attempt);
        await using var context = new JobContext(_contexts, job, new CancellationTokenSource());
        // Registered before anything else so that a cancel notice finds it; removed last so that slots are counted right.
        _running[job.Id] = context;
        using var ended = new CancellationTokenSource();
        var heartbeat = HeartbeatAsync(context, ended.Token);
        using var onStop = stopping.Register(() => context.Stop(StopCause.HostStopping));
        try
        {
            await _handlers[job.Kind].RunAsync(context, context.Token);
            await EndAsync(context, null);
        }
        catch (LeaseLostException)
        {
            _logger.LogWarning("The lease was lost; another worker goes on");
        }
        catch (Exception e)
        {
            await EndAsync(context, e);
        }
        finally
        {
            await ended.CancelAsync();
            await heartbeat.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _running.TryRemove(job.Id, out _);
        }
    }

    private async Task EndAsync(JobContext context, Exception? error)
    {
        var job = context.Job;
        try
        {
            if (context.StopCause == StopCause.HostStopping && error is not null)
            {
                await using var db = await _contexts.CreateDbContextAsync();
                await _store.ReturnAsync(db, job, TimeSpan.Zero, countAttempt: false, "The worker was stopped.", default);
            }
            else if (context.StopCause == StopCause.Cancelled)
            {
                await _store.CompleteAsync(job, JobState.Cancelled, context.StopReason, default);
            }
            else if (error is null)
            {
                await _store.CompleteAsync(job, JobState.Succeeded, null, default);
            }
            else
            {
                _logger.LogError(error, "The attempt failed");
                var reason = context.StopCause == StopCause.TimeLimit
                    ? $"It took longer than the limit of {job.TimeLimitSeconds} s."
                    : $"Something went wrong inside Portal: {error.GetType().Name}.";
                await using var db = await _contexts.CreateDbContextAsync();
                await using var transaction = await db.Database.BeginTransactionAsync();
                await context.DemandFenceAsync(db, default);
                await RetryOrGiveUpAsync(db, job, reason, default);
                await transaction.CommitAsync();
            }
        }
        catch (Exception e)
        {
            // The lease runs out by itself and the sweep takes it from there.
            _logger.LogError(e, "The end of the job could not be recorded");
        }
    }

    /// <summary>Ends or returns jobs whose worker died. Called at start and on a timer.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        // Each in a transaction of its own: one that cannot be ended does not hold up the others.
        for (var more = true; more && !cancellationToken.IsCancellationRequested;)
        {
            more = await SweepOneAsync(cancellationToken);
        }
        await _store.PruneAsync(TimeSpan.FromDays(7), cancellationToken);
    }

    private async Task<bool> SweepOneAsync(CancellationToken cancellationToken)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await JobStore.LockExpiredAsync(db, cancellationToken) is not { } job)
        {
            return false;
        }
        _logger.LogWarning("The worker of job {Kind} {Key} is gone", job.Kind, job.Key);
        try
        {
            await RetryOrGiveUpAsync(db, job, "The worker that ran it died.", cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            _logger.LogError(e, "The end of job {Kind} {Key} could not be recorded; the next sweep tries again", job.Kind, job.Key);
            await transaction.RollbackAsync(cancellationToken);
            await _store.PostponeAsync(job, cancellationToken);
        }
        return true;
    }

    private async Task RetryOrGiveUpAsync(PortalDbContext db, Job job, string reason, CancellationToken cancellationToken)
    {
        if (job.Attempt < job.MaxAttempts && job.CancelReason is null)
        {
            var backoff = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, job.Attempt - 1), 60) * (0.5 + Random.Shared.NextDouble()));
            await _store.ReturnAsync(db, job, backoff, countAttempt: true, reason, cancellationToken);
            return;
        }
        if (_handlers.TryGetValue(job.Kind, out var handler))
        {
            await handler.GiveUpAsync(db, job, job.CancelReason ?? reason, cancellationToken);
        }
        await db.SaveChangesAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"""
            update jobs set state = 'Failed', reason = {job.CancelReason ?? reason}, ended_at = now(), lease_owner = null, lease_until = null
            where id = {job.Id} and fence = {job.Fence} and state = 'Running'
            """, cancellationToken);
    }

    private async Task HeartbeatAsync(JobContext context, CancellationToken ended)
    {
        var deadline = _time.GetTimestamp();
        var limit = TimeSpan.FromSeconds(context.Job.TimeLimitSeconds);
        var lastHeld = _time.GetTimestamp();
        using var timer = new PeriodicTimer(HeartbeatEvery, _time);
        while (await timer.WaitForNextTickAsync(ended))
        {
            if (_time.GetElapsedTime(deadline) > limit)
            {
                context.Stop(StopCause.TimeLimit);
            }
            try
            {
                var (held, cancelReason) = await _store.HeartbeatAsync(context.Job, ended);
                if (!held)
                {
                    context.Stop(StopCause.LeaseLost);
                    return;
                }
                lastHeld = _time.GetTimestamp();
                if (cancelReason is not null)
                {
                    context.Stop(StopCause.Cancelled, cancelReason);
                }
            }
            catch (Exception e) when (!ended.IsCancellationRequested)
            {
                // Without the database the lease cannot be kept: stop before somebody else may start.
                _logger.LogWarning(e, "A heartbeat failed");
                if (_time.GetElapsedTime(lastHeld) > JobStore.Lease - HeartbeatEvery)
                {
                    context.Stop(StopCause.LeaseLost);
                }
            }
        }
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        await foreach (var notice in _listener.ListenAsync([Signals.JobsChannel, Signals.CancelChannel], cancellationToken))
        {
            if (notice.Channel == Signals.CancelChannel && notice.Payload is not null)
            {
                foreach (var context in _running.Values.Where(c => c.Job.Key == notice.Payload))
                {
                    _ = AskAsync(context, cancellationToken);
                }
            }
            Wake();
        }
    }

    private async Task AskAsync(JobContext context, CancellationToken cancellationToken)
    {
        try
        {
            if (await _store.HeartbeatAsync(context.Job, cancellationToken) is (true, { } reason))
            {
                context.Stop(StopCause.Cancelled, reason);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _logger.LogWarning(e, "A cancel notice could not be read; the next heartbeat reads it");
        }
    }

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // A wake-up is pending already.
        }
    }
}
