using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Live;
using Portal.Core.Variables;

namespace Portal.Core.Releases;

/// <summary>
/// Releases: immutable, numbered per environment. Making one only changes what is desired; the roll-out converges to it.
/// Also what a finished build and a changed setting lead to.
/// </summary>
public sealed class ReleaseService(IDbContextFactory<PortalDbContext> contexts, AuditTrail audit, JobQueue jobs, VariableStore variables, BuildService builds, TimeProvider time)
    : IEnvironmentChanges, IArtifactReady
{
    /// <summary>Runs an earlier release's code and variables again, as a new release, without git; pauses automatic deploys. Secrets stay current.</summary>
    public async Task<Release> RollBackAsync(Actor actor, AppPath path, string environment, int version, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, environment, Permission.Deploy, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var row = (await db.LockAsync<AppEnvironment>(found.Environment.Id, cancellationToken))!;
        var target = await FindAsync(db, row, version, cancellationToken);
        if (target.Id == row.DesiredReleaseId && target.State == ReleaseState.Live)
        {
            throw PortalException.Conflict($"v{version} is live already.");
        }
        if (target.LiveAt is null)
        {
            throw PortalException.Conflict($"v{version} never ran, so there is nothing to go back to; choose a release that was live.");
        }
        var artifact = await DemandArtifactAsync(db, target.ArtifactId, $"v{version}", cancellationToken);
        var release = await AddAsync(db, row, artifact, target.Variables, ReleaseTrigger.Rollback, actor.Name, $"back to v{version}", version, target.Message, null, cancellationToken);
        row.AutoDeployPaused = $"Rolled back to v{version} by {actor.Name}; pushes are built again once you resume";
        audit.Record(db, actor, "release.rollback", found.Path, found.Team.Id, found.App.Id, after: new { to = version, release = release.Version });
        await db.SaveAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return release;
    }

    /// <summary>The same artifact in another environment, with that environment's variables.</summary>
    public async Task<Release> PromoteAsync(Actor actor, AppPath path, string from, int version, string to, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var source = await db.FindEnvironmentAsync(actor, path, from, Permission.Deploy, cancellationToken);
        var target = await db.FindEnvironmentAsync(actor, path, to, Permission.Deploy, cancellationToken);
        if (source.Environment.Id == target.Environment.Id)
        {
            throw PortalException.Invalid("to", "Choose another environment than the release's own.");
        }
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var row = (await db.LockAsync<AppEnvironment>(target.Environment.Id, cancellationToken))!;
        var promoted = await FindAsync(db, source.Environment, version, cancellationToken);
        var artifact = await DemandArtifactAsync(db, promoted.ArtifactId, $"v{version}", cancellationToken);
        var values = await variables.OpenAsync(db, row.Id, forBuild: false, cancellationToken);
        var release = await AddAsync(db, row, artifact, values.Plain, ReleaseTrigger.Promote, actor.Name, $"promoted from {from} v{version}", version, promoted.Message, null, cancellationToken);
        audit.Record(db, actor, "release.promote", target.Path, target.Team.Id, target.App.Id, after: new { from, version, release = release.Version });
        await db.SaveAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return release;
    }

    /// <summary>Stops a roll-out that is under way; what was live before keeps serving.</summary>
    public async Task<Release> CancelAsync(Actor actor, AppPath path, string environment, int version, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, environment, Permission.Deploy, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var row = (await db.LockAsync<AppEnvironment>(found.Environment.Id, cancellationToken))!;
        var release = await FindAsync(db, row, version, cancellationToken);
        if (release.State is not (ReleaseState.Pending or ReleaseState.RollingOut) || row.LiveReleaseId == release.Id)
        {
            throw PortalException.Conflict($"v{version} is not being rolled out.");
        }
        End(release, ReleaseState.Cancelled, $"Cancelled by {actor.Name}.");
        row.DesiredReleaseId = row.LiveReleaseId;
        Converge(db, row);
        audit.Record(db, actor, "release.cancel", found.Path, found.Team.Id, found.App.Id, after: new { release = version });
        await db.SaveAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return release;
    }

    /// <inheritdoc/>
    public async Task<string?> ArtifactReadyAsync(PortalDbContext db, Build build, Artifact artifact, CancellationToken cancellationToken)
    {
        var environment = await db.LockAsync<AppEnvironment>(build.EnvironmentId, cancellationToken);
        if (environment is null || environment.DeletedAt is not null)
        {
            return "The environment was deleted while this was built; nothing was released.";
        }
        if (environment.AutoDeployPaused is { } paused && build.Trigger != DeployTrigger.Manual)
        {
            return $"Built, but not released: automatic deploys are paused ({paused}).";
        }
        // Whoever deploys by hand has decided; a preview is looked at to find out.
        if (environment is { WaitForChecks: not null, Kind: EnvironmentKind.Standing } && build.Trigger != DeployTrigger.Manual)
        {
            build.WaitsForChecksSince = time.GetUtcNow();
            jobs.Enqueue(db, ChecksJob(build));
            return "Built; released when the commit's checks passed.";
        }
        return await ReleaseCheckedAsync(db, build, artifact, cancellationToken);
    }

    /// <summary>The look at the checks of a build that waits for them.</summary>
    public static JobRequest ChecksJob(Build build, TimeSpan delay = default) =>
        new(JobKinds.Checks, build.Id.ToString()) { Lane = $"checks:{build.Id}", TeamId = build.TeamId, Delay = delay, MaxAttempts = 20 };

    /// <summary>Releases what was built, unless something newer is; the answer is as of <see cref="ArtifactReadyAsync"/>.</summary>
    public async Task<string?> ReleaseCheckedAsync(PortalDbContext db, Build build, Artifact artifact, CancellationToken cancellationToken)
    {
        var environment = await db.LockAsync<AppEnvironment>(build.EnvironmentId, cancellationToken);
        if (environment is null || environment.DeletedAt is not null)
        {
            return "The environment was deleted meanwhile; nothing was released.";
        }
        if (artifact.RemovedAt is not null)
        {
            return "Built, but not released: its files were removed by retention meanwhile. Deploy the commit again.";
        }
        var newer = await db.Set<Release>()
            .Where(r => r.EnvironmentId == environment.Id && r.BuildId != null && r.State != ReleaseState.Failed && r.State != ReleaseState.Cancelled)
            .Join(db.Set<Build>(), r => r.BuildId, b => b.Id, (r, b) => new { r.Version, b.Number, b.Ref })
            .Where(x => x.Number > build.Number && x.Ref == build.Ref).FirstOrDefaultAsync(cancellationToken);
        if (newer is not null)
        {
            return $"Built, but not released: v{newer.Version} comes from a newer push.";
        }
        var values = await variables.OpenAsync(db, environment.Id, forBuild: false, cancellationToken);
        await AddAsync(db, environment, artifact, values.Plain, ReleaseTrigger.Build, build.Actor, null, null, build.Message, build.Id, cancellationToken);
        return null;
    }

    /// <inheritdoc/>
    public async Task ReleaseAsync(PortalDbContext db, AppEnvironment environment, Actor actor, string note, CancellationToken cancellationToken)
    {
        if (await NewestAsync(db, environment, cancellationToken) is { } newest)
        {
            await AgainAsync(db, environment, newest, newest.State == ReleaseState.Failed ? ReleaseTrigger.Fix : ReleaseTrigger.Variables, actor, note, cancellationToken);
        }
    }

    /// <summary>The newest release's code once more, with the variables as they are now: after a passing failure.</summary>
    public async Task<Release> RetryAsync(Actor actor, AppPath path, string environment, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, environment, Permission.Deploy, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var row = (await db.LockAsync<AppEnvironment>(found.Environment.Id, cancellationToken))!;
        var newest = await NewestAsync(db, row, cancellationToken) ?? throw PortalException.Conflict("Nothing was released here yet; deploy first.");
        var release = await AgainAsync(db, row, newest, ReleaseTrigger.Fix, actor, $"v{newest.Version} again", cancellationToken);
        audit.Record(db, actor, "release.retry", found.Path, found.Team.Id, found.App.Id, after: new { of = newest.Version, release = release.Version });
        await db.SaveAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return release;
    }

    /// <inheritdoc/>
    public async Task RebuildAsync(PortalDbContext db, AppEnvironment environment, Actor actor, string note, CancellationToken cancellationToken)
    {
        var last = await db.Set<Build>().Where(b => b.EnvironmentId == environment.Id && b.Commit != null)
            .OrderByDescending(b => b.Number).FirstOrDefaultAsync(cancellationToken);
        if (last is null)
        {
            return;
        }
        var app = await db.Set<App>().SingleAsync(a => a.Id == environment.AppId, cancellationToken);
        await builds.RequestAsync(db, new BuildRequest(app, environment, last.Ref, last.Commit, last.Message, last.Author,
            DeployTrigger.Manual, $"{actor.Name} ({note})", actor.UserId), cancellationToken);
    }

    /// <inheritdoc/>
    public void Converge(PortalDbContext db, AppEnvironment environment)
    {
        environment.DesiredRevision++;
        jobs.Enqueue(db, EnvironmentService.EnvironmentJob(environment));
        db.Signal(LiveTopics.Environment, environment.Id);
    }

    /// <summary>What people work on: the newest release, also when it failed, unless somebody stopped it.</summary>
    private static Task<Release?> NewestAsync(PortalDbContext db, AppEnvironment environment, CancellationToken cancellationToken) =>
        db.Set<Release>().Where(r => r.EnvironmentId == environment.Id && r.State != ReleaseState.Cancelled)
            .OrderByDescending(r => r.Version).FirstOrDefaultAsync(cancellationToken);

    private async Task<Release> AgainAsync(PortalDbContext db, AppEnvironment environment, Release release, ReleaseTrigger trigger, Actor actor, string note, CancellationToken cancellationToken)
    {
        var artifact = await DemandArtifactAsync(db, release.ArtifactId, $"v{release.Version}", cancellationToken);
        var values = await variables.OpenAsync(db, environment.Id, forBuild: false, cancellationToken);
        return await AddAsync(db, environment, artifact, values.Plain, trigger, actor.Name, note, null, release.Message, null, cancellationToken);
    }

    private async Task<Release> AddAsync(PortalDbContext db, AppEnvironment environment, Artifact artifact, IReadOnlyDictionary<string, string> plain,
        ReleaseTrigger trigger, string actor, string? note, int? fromVersion, string? message, Guid? buildId, CancellationToken cancellationToken)
    {
        foreach (var older in await db.Set<Release>()
            .Where(r => r.EnvironmentId == environment.Id && (r.State == ReleaseState.Pending || r.State == ReleaseState.RollingOut)).ToListAsync(cancellationToken))
        {
            if (older.Id != environment.LiveReleaseId)
            {
                End(older, ReleaseState.Cancelled, $"v{environment.LastReleaseVersion + 1} took its place before it was live.");
            }
        }
        environment.LastReleaseVersion++;
        var release = new Release
        {
            Id = Guid.CreateVersion7(time.GetUtcNow()),
            EnvironmentId = environment.Id,
            AppId = environment.AppId,
            TeamId = environment.TeamId,
            Version = environment.LastReleaseVersion,
            ArtifactId = artifact.Id,
            Variables = new Dictionary<string, string>(plain),
            SecretKeys = [.. await variables.SecretKeysAsync(db, environment.Id, cancellationToken)],
            Commit = artifact.Commit,
            Message = message,
            Trigger = trigger,
            FromVersion = fromVersion,
            Note = note,
            Actor = actor,
            BuildId = buildId,
            CreatedAt = time.GetUtcNow(),
        };
        db.Add(release);
        environment.DesiredReleaseId = release.Id;
        environment.AsleepSince = null;
        Converge(db, environment);
        db.Signal(LiveTopics.App, environment.AppId);
        return release;
    }

    private void End(Release release, ReleaseState state, string reason)
    {
        release.State = state;
        release.Reason = reason;
        release.EndedAt = time.GetUtcNow();
    }

    private static async Task<Release> FindAsync(PortalDbContext db, AppEnvironment environment, int version, CancellationToken cancellationToken) =>
        await db.Set<Release>().SingleOrDefaultAsync(r => r.EnvironmentId == environment.Id && r.Version == version, cancellationToken)
            ?? throw PortalException.NotFound($"release v{version}");

    private static async Task<Artifact> DemandArtifactAsync(PortalDbContext db, Guid id, string what, CancellationToken cancellationToken)
    {
        var artifact = await db.Set<Artifact>().SingleAsync(a => a.Id == id, cancellationToken);
        return artifact.RemovedAt is null ? artifact
            : throw PortalException.Conflict($"The files of {what} were removed by retention; deploy its commit {artifact.Commit[..7]} instead.");
    }
}
