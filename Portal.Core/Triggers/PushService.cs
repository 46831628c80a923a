using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Live;

namespace Portal.Core.Triggers;

/// <summary>What a person does about a delivery.</summary>
public sealed class PushService(IDbContextFactory<PortalDbContext> contexts, JobQueue jobs, AuditTrail audit)
{
    /// <summary>
    /// Decides a push again, by the rules and the repository as they are now: for one that failed, or that was not deployed
    /// for a reason that is gone. A build that it made already is not made twice.
    /// </summary>
    public async Task DecideAgainAsync(Actor actor, AppPath path, Guid id, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, path, Permission.Deploy, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var push = await db.Set<Push>().Where(p => p.Id == id && p.AppId == found.App.Id).Select(p => new { p.State, p.EventName, p.Ref }).SingleOrDefaultAsync(cancellationToken)
            ?? throw PortalException.NotFound("push");
        if (push.State == PushState.Received)
        {
            throw PortalException.Conflict("This push is not decided yet; it is about to be.");
        }
        if (push.EventName != "push")
        {
            throw PortalException.Conflict($"The event “{Git.RepositoryText.Clean(push.EventName, 64)}” is no push: there is nothing to decide.");
        }
        await db.Set<Push>().Where(p => p.Id == id).ExecuteUpdateAsync(set => set.SetProperty(p => p.State, PushState.Received).SetProperty(p => p.DecidedAt, (DateTimeOffset?)null), cancellationToken);
        jobs.Enqueue(db, PushReceiver.JobOf(found.App.Id, found.Team.Id));
        audit.Record(db, actor, "push.decide", $"{found.Path} {push.Ref}", found.Team.Id, found.App.Id, after: new { push = id });
        db.Signal(LiveTopics.Activity, found.Team.Id);
        await db.SaveAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
