using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Releases;

namespace Portal.Web.Gateway;

/// <summary>Wakes what sleeps: a request asks the worker for it and waits here until the address leads somewhere again.</summary>
internal sealed class AppWaker(HostTableHolder table, IDbContextFactory<PortalDbContext> contexts, JobQueue jobs, TimeProvider time, ILogger<AppWaker> logger)
{
    private const int MostWaiting = 500;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    /// <summary>One question to the database for the requests of so long.</summary>
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Guid, long> _asked = new();
    private int _waiting;

    /// <param name="route">Of something that sleeps; it is not entered.</param>
    /// <returns>The route of the same host, entered: it has targets unless it took too long, or too many wait.</returns>
    public async Task<AppRoute> WakeAsync(AppRoute route, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var counted = Interlocked.Increment(ref _waiting) <= MostWaiting;
        try
        {
            while (true)
            {
                var progress = table.Progress;
                var entered = table.Enter(route.Row.Host) ?? Enter(route);
                var left = Longest - time.GetElapsedTime(started);
                if (!counted || entered.TargetCount > 0 || entered.Row.State is not (RouteStates.Asleep or RouteStates.Starting) || left <= TimeSpan.Zero)
                {
                    return entered;
                }
                table.Leave(entered);
                if (entered.Row.State == RouteStates.Asleep)
                {
                    await AskAsync(route.Row.EnvironmentId, cancellationToken);
                }
                await Task.WhenAny(progress, Task.Delay(left < AskEvery ? left : AskEvery, time, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>The host is gone: its last route says so as well as any.</summary>
    private static AppRoute Enter(AppRoute route)
    {
        route.TryEnter();
        return route;
    }

    private async Task AskAsync(Guid environment, CancellationToken cancellationToken)
    {
        if (_asked.TryGetValue(environment, out var at) && time.GetElapsedTime(at) < AskEvery)
        {
            return;
        }
        if (_asked.Count > MostWaiting)
        {
            _asked.Clear();
        }
        _asked[environment] = time.GetTimestamp();
        try
        {
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            if (await db.Set<AppEnvironment>().SingleOrDefaultAsync(e => e.Id == environment && e.DeletedAt == null && e.AsleepSince != null, cancellationToken) is { } row)
            {
                row.AsleepSince = null;
                jobs.Enqueue(db, EnvironmentService.EnvironmentJob(row));
                await db.SaveChangesAsync(cancellationToken);
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Somebody else woke it at the same instant, or the database is away: the next round asks again.
            logger.LogInformation(e, "Environment {Environment} could not be woken yet", environment);
        }
    }
}
