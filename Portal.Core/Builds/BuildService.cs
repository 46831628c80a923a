using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Live;

namespace Portal.Core.Builds;

/// <param name="Ref">Full ref, e.g. <c>refs/heads/main</c>.</param>
/// <param name="Commit">Null: the ref's head when the build starts.</param>
public sealed record BuildRequest(App App, AppEnvironment Environment, string Ref, string? Commit, string? Message, string? Author,
    DeployTrigger Trigger, string Actor, Guid? ActorUserId = null, Guid? PushId = null);

/// <summary>Asks for builds and stops them. The worker does the rest.</summary>
public sealed class BuildService(IDbContextFactory<PortalDbContext> contexts, AuditTrail audit, JobQueue jobs, LimitOptions limits, TimeProvider time)
{
    /// <summary>
    /// Queues a build in the caller's transaction, which must be open. Older builds of the same environment and ref that
    /// wait are superseded, a running one is stopped. Asking again for the same push returns the build it made.
    /// </summary>
    public async Task<Build> RequestAsync(PortalDbContext db, BuildRequest request, CancellationToken cancellationToken)
    {
        var app = await db.LockAsync<App>(request.App.Id, cancellationToken) ?? throw PortalException.NotFound("app");
        if (request.PushId is { } push
            && await db.Set<Build>().FirstOrDefaultAsync(b => b.PushId == push && b.EnvironmentId == request.Environment.Id, cancellationToken) is { } made)
        {
            return made;
        }
        var now = time.GetUtcNow();
        app.LastBuildNumber++;
        var build = new Build
        {
            Id = Guid.CreateVersion7(now),
            AppId = app.Id,
            TeamId = app.TeamId,
            EnvironmentId = request.Environment.Id,
            Number = app.LastBuildNumber,
            Ref = request.Ref,
            Commit = request.Commit,
            Message = Cut(request.Message),
            Author = Cut(request.Author),
            Trigger = request.Trigger,
            Actor = Cut(request.Actor) ?? "",
            ActorUserId = request.ActorUserId,
            PushId = request.PushId,
            QueuedAt = now,
        };
        foreach (var older in await db.Set<Build>()
            .Where(b => b.EnvironmentId == build.EnvironmentId && b.Ref == build.Ref && (b.State == BuildState.Queued || b.State == BuildState.Running))
            .ToListAsync(cancellationToken))
        {
            var reason = $"Build {build.Number} of a newer push took its place.";
            if (older.State == BuildState.Queued)
            {
                older.State = BuildState.Superseded;
                older.Reason = reason;
                older.EndedAt = now;
            }
            jobs.Cancel(db, JobKinds.Build, older.Id.ToString(), reason);
            db.Signal(LiveTopics.Build, older.Id);
        }
        db.Add(build);
        jobs.Enqueue(db, new JobRequest(JobKinds.Build, build.Id.ToString())
        {
            TeamId = app.TeamId,
            Lane = $"build:{app.Id}:{build.Ref}",
            MaxAttempts = 3,
            // The builder ends a build in words at its own limit; the queue's is the net below it.
            TimeLimit = TimeSpan.FromSeconds(limits.BuildSeconds + 120),
        });
        db.Signal(LiveTopics.App, app.Id);
        db.Signal(LiveTopics.Environment, build.EnvironmentId);
        return build;
    }

    /// <summary>"Deploy" by hand: a branch's, a tag's or one commit's code.</summary>
    public async Task<Build> DeployAsync(Actor actor, AppPath path, string environment, string? gitRef, string? commit, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, environment, Permission.Deploy, cancellationToken);
        var branch = gitRef ?? found.Environment.Branch;
        var errors = new FieldErrors();
        if (branch is null && commit is null)
        {
            errors.Add("ref", "The environment follows no branch yet: push first, or name a branch or commit.");
        }
        if (commit is not null && (commit.Length is < 7 or > 64 || !commit.All(char.IsAsciiHexDigit)))
        {
            errors.Add("commit", "Give the commit's hash, 7 to 64 hexadecimal digits.");
        }
        var isFull = branch?.StartsWith("refs/heads/", StringComparison.Ordinal) == true || branch?.StartsWith("refs/tags/", StringComparison.Ordinal) == true;
        errors.Add("ref", branch is null ? null : SourceRules.BranchProblem(isFull ? branch[(branch.IndexOf('/', 5) + 1)..] : branch));
        errors.ThrowIfAny();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var build = await RequestAsync(db, new BuildRequest(found.App, found.Environment,
            branch is null ? "refs/heads/(commit)" : isFull ? branch : $"refs/heads/{branch}", commit, null, null,
            DeployTrigger.Manual, actor.Name, actor.UserId), cancellationToken);
        audit.Record(db, actor, "deploy.request", found.Path, found.Team.Id, found.App.Id, after: new { build = build.Number, build.Ref, build.Commit });
        await db.SaveAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return build;
    }

    public async Task<Build> CancelAsync(Actor actor, AppPath path, int number, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, path, Permission.Deploy, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.LockAsync<App>(found.App.Id, cancellationToken);
        var build = await db.Set<Build>().SingleOrDefaultAsync(b => b.AppId == found.App.Id && b.Number == number, cancellationToken)
            ?? throw PortalException.NotFound($"build {number}");
        if (build.State is not (BuildState.Queued or BuildState.Running))
        {
            throw PortalException.Conflict($"Build {number} has ended already ({build.State.ToString().ToLowerInvariant()}).");
        }
        var reason = $"Cancelled by {actor.Name}.";
        if (build.State == BuildState.Queued)
        {
            build.State = BuildState.Cancelled;
            build.Reason = reason;
            build.EndedAt = time.GetUtcNow();
        }
        jobs.Cancel(db, JobKinds.Build, build.Id.ToString(), reason);
        audit.Record(db, actor, "build.cancel", $"{found.Path} build {number}", found.Team.Id, found.App.Id);
        db.Signal(LiveTopics.Build, build.Id);
        await db.SaveAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return build;
    }

    private static string? Cut(string? text) => text is null || text.Length <= 200 ? text : text[..199] + "…";
}
