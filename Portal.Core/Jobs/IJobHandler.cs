using Portal.Core.Data;

namespace Portal.Core.Jobs;

/// <summary>Why a running job's token was cancelled.</summary>
public enum StopCause
{
    None,

    /// <summary>Somebody asked; see <see cref="JobContext.StopReason"/>.</summary>
    Cancelled,

    /// <summary>The hard time limit passed.</summary>
    TimeLimit,

    /// <summary>Another worker has it now; nothing can be written any more.</summary>
    LeaseLost,

    /// <summary>This worker stops; the job goes back to the queue.</summary>
    HostStopping,
}

/// <summary>Runs one kind of job. Every step is idempotent: the job may have been run in part before, by a worker that died.</summary>
public interface IJobHandler
{
    string Kind { get; }

    /// <summary>
    /// Does the work. Returning means done. Throwing means: try again later, with backoff, until the attempts are used up.
    /// On cancellation by request or time limit the handler records the end itself and returns.
    /// </summary>
    Task RunAsync(JobContext context, CancellationToken cancellationToken);

    /// <summary>The attempts are used up: record the end with its reason, in the transaction that fails the job.</summary>
    Task GiveUpAsync(PortalDbContext db, Job job, string reason, CancellationToken cancellationToken);
}

/// <summary>The fence no longer holds: another worker has the job, or it ended.</summary>
public sealed class LeaseLostException() : Exception("This job's lease was lost; its result is not written.");
