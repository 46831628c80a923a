using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git;
using Portal.Core.Git.Hosted;
using Portal.Core.Jobs;
using Portal.Core.Live;
using Portal.Core.Teams;

namespace Portal.Core.Triggers;

/// <summary>
/// Takes note of pushes: a row per moved ref and a job for the app, in one transaction, before anybody is told "received". What a
/// push means is decided later by the worker (<see cref="PushDecider"/>), so that a crash loses nothing.
/// </summary>
public sealed class PushReceiver(IDbContextFactory<PortalDbContext> contexts, JobQueue jobs, AuditTrail audit, TimeProvider time)
{
    /// <summary>More refs in one push are left to the reconciler.</summary>
    private const int MaxRefs = 100;

    /// <summary>A push into Portal's own repository.</summary>
    public async Task<IReadOnlyList<Push>> RecordAsync(App app, Actor actor, IReadOnlyList<RefUpdate> updates, CancellationToken cancellationToken)
    {
        var moved = updates.Where(u => RefNames.Branch(u.Ref) is not null || RefNames.Tag(u.Ref) is not null).Take(MaxRefs).ToList();
        if (moved.Count == 0)
        {
            return [];
        }
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await FollowFirstBranchAsync(db, app, actor, moved, cancellationToken);
        var pushes = new List<Push>();
        foreach (var update in moved)
        {
            pushes.Add(Add(db, app, PushSource.Portal, update, actor.Name, actor.UserId));
        }
        audit.Record(db, actor, "code.push", $"{await PathAsync(db, app, cancellationToken)} {string.Join(", ", moved.Select(u => u.Ref))}", app.TeamId, app.Id,
            after: moved.Take(20).ToDictionary(u => u.Ref, u => u.After));
        await db.SaveAsync(cancellationToken);
        return pushes;
    }

    /// <summary>An environment that follows nothing yet follows the first branch that is pushed; of several, main or master.</summary>
    internal async Task FollowFirstBranchAsync(PortalDbContext db, App app, Actor actor, IEnumerable<RefUpdate> updates, CancellationToken cancellationToken)
    {
        var branches = updates.Where(u => !RefNames.IsZero(u.After)).Select(u => RefNames.Branch(u.Ref)).OfType<string>().ToList();
        if (branches.Count == 0
            || await db.Set<AppEnvironment>().Where(e => e.AppId == app.Id && e.Branch == null && e.Kind == EnvironmentKind.Standing && e.DeletedAt == null).OrderBy(e => e.CreatedAt).FirstOrDefaultAsync(cancellationToken) is not { } environment)
        {
            return;
        }
        environment.Branch = branches.FirstOrDefault(b => b is "main" or "master") ?? branches[0];
        audit.Record(db, actor, "environment.follow", $"{await PathAsync(db, app, cancellationToken)} {environment.Slug}", app.TeamId, app.Id, after: new { branch = environment.Branch });
        db.Signal(LiveTopics.Environment, environment.Id);
    }

    private static async Task<string> PathAsync(PortalDbContext db, App app, CancellationToken cancellationToken) =>
        $"{await db.Set<Team>().Where(t => t.Id == app.TeamId).Select(t => t.Slug).SingleAsync(cancellationToken)}/{app.Slug}";

    /// <summary>Adds a push and its job to the caller's unit of work.</summary>
    internal Push Add(PortalDbContext db, App app, PushSource source, RefUpdate update, string? pushedBy, Guid? user = null)
    {
        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        var push = new Push
        {
            Id = id,
            Source = source,
            DeliveryKey = id.ToString(),
            AppId = app.Id,
            TeamId = app.TeamId,
            EventName = "push",
            Ref = update.Ref,
            Before = update.Before,
            After = update.After,
            PushedBy = pushedBy,
            PushedByUserId = user,
            ReceivedAt = now,
        };
        db.Add(push);
        jobs.Enqueue(db, JobOf(app.Id, app.TeamId));
        db.Signal(LiveTopics.Activity, app.TeamId);
        return push;
    }

    /// <summary>
    /// One job for all that waits of an app: a storm of pushes is one look at the repository. They are decided one after
    /// the other, for what the second means depends on the first.
    /// </summary>
    internal static JobRequest JobOf(Guid app, Guid team) => new(JobKinds.Push, app.ToString())
    {
        Lane = $"push:{app}",
        TeamId = team,
        MaxAttempts = 8,
        TimeLimit = TimeSpan.FromMinutes(5),
    };
}
