using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Jobs;

/// <summary>A claimed job in the hands of its handler. All writes go through <see cref="CommitAsync"/>, under the fence.</summary>
public sealed class JobContext : IAsyncDisposable
{
    private readonly IDbContextFactory<PortalDbContext> _contexts;
    private readonly CancellationTokenSource _stop;
    private int _cause;

    internal JobContext(IDbContextFactory<PortalDbContext> contexts, Job job, CancellationTokenSource stop)
    {
        _contexts = contexts;
        _stop = stop;
        Job = job;
    }

    public Job Job { get; }

    /// <summary>Cancelled when the job shall stop, for whatever cause.</summary>
    public CancellationToken Token => _stop.Token;

    public StopCause StopCause => (StopCause)Volatile.Read(ref _cause);

    /// <summary>The sentence of whoever cancelled.</summary>
    public string? StopReason { get; private set; }

    /// <summary>Writes in one transaction that only commits while this claim holds.</summary>
    /// <exception cref="LeaseLostException">Another worker has the job; nothing was written.</exception>
    public async Task CommitAsync(Func<PortalDbContext, Task> change, CancellationToken cancellationToken)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await DemandFenceAsync(db, cancellationToken);
        await change(db);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    internal void Stop(StopCause cause, string? reason = null)
    {
        if (Interlocked.CompareExchange(ref _cause, (int)cause, (int)StopCause.None) == (int)StopCause.None)
        {
            StopReason = reason;
            _stop.Cancel();
        }
    }

    /// <summary>Locks the job's row for the rest of the transaction, if it is still ours.</summary>
    internal async Task DemandFenceAsync(PortalDbContext db, CancellationToken cancellationToken)
    {
        var held = await db.Set<Job>()
            .FromSql($"select * from jobs where id = {Job.Id} and fence = {Job.Fence} and state = 'Running' for no key update")
            .AsNoTracking().LockedAsync(cancellationToken);
        if (!held)
        {
            Stop(StopCause.LeaseLost);
            throw new LeaseLostException();
        }
    }

    public ValueTask DisposeAsync()
    {
        _stop.Dispose();
        return ValueTask.CompletedTask;
    }
}

internal static class LockedRows
{
    /// <summary>Reads the rows themselves: composing "exists" over a locking query would not lock.</summary>
    public static async Task<bool> LockedAsync<T>(this IQueryable<T> rows, CancellationToken cancellationToken) =>
        (await rows.ToListAsync(cancellationToken)).Count > 0;
}
