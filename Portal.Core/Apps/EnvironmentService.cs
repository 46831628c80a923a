using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Live;

namespace Portal.Core.Apps;

public sealed record NewEnvironment(string Name, string? Branch = null, IReadOnlyList<DeployRule>? DeployOn = null);

/// <param name="Wait">Release only when the commit's checks passed.</param>
/// <param name="Names">Which; none: all.</param>
public sealed record ChangedChecks(bool Wait, IReadOnlyList<string>? Names = null);

/// <summary>Null leaves a part as it is. An empty <see cref="HealthPath"/> removes it; <see cref="FixedPort"/> 0 removes it.</summary>
public sealed record EnvironmentChange
{
    public string? Branch { get; init; }

    public IReadOnlyList<DeployRule>? DeployOn { get; init; }

    /// <summary>Instances by process type, each 0–20.</summary>
    public IReadOnlyDictionary<string, int>? Instances { get; init; }

    /// <summary>64–8192 MiB.</summary>
    public int? MemoryMb { get; init; }

    public string? HealthPath { get; init; }

    public int? FixedPort { get; init; }

    public ChangedChecks? Checks { get; init; }

    public uint? IfVersion { get; init; }
}

/// <summary>Environments of an app. What needs new instances (memory, port, health path) makes a release; the number of instances only converges.</summary>
public sealed class EnvironmentService(IDbContextFactory<PortalDbContext> contexts, AuditTrail audit, JobQueue jobs, IEnvironmentChanges changes, LimitOptions limits, TimeProvider time)
{
    public async Task<AppEnvironment> CreateAsync(Actor actor, AppPath path, NewEnvironment request, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, path, Permission.EditApp, cancellationToken);
        var errors = new FieldErrors().Add("name", Slug.Problem(request.Name)).Add("branch", SourceRules.BranchProblem(request.Branch));
        foreach (var rule in request.DeployOn ?? [])
        {
            errors.Add("deployOn", SourceRules.RuleProblem(rule));
        }
        errors.ThrowIfAny();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.LockAsync<App>(found.App.Id, cancellationToken);
        var existing = await db.Set<AppEnvironment>().Where(e => e.AppId == found.App.Id).ToListAsync(cancellationToken);
        if (existing.Any(e => e.Slug == request.Name))
        {
            throw PortalException.Conflict($"The app already has an environment “{request.Name}”.");
        }
        if (existing.Count(e => e.Kind == EnvironmentKind.Standing) >= limits.EnvironmentsPerApp)
        {
            throw PortalException.Conflict($"The app has {limits.EnvironmentsPerApp} environments, which is the limit.");
        }
        var now = time.GetUtcNow();
        var environment = new AppEnvironment
        {
            Id = Guid.CreateVersion7(now),
            AppId = found.App.Id,
            TeamId = found.Team.Id,
            Slug = request.Name,
            Branch = string.IsNullOrEmpty(request.Branch) ? null : request.Branch,
            DeployOn = request.DeployOn is { Count: > 0 } rules ? [.. rules] : [new DeployRule { On = DeployTrigger.Push }],
            CreatedAt = now,
            Status = CoreJson.Write(Status.Of(Severity.Asleep, "Nothing deployed yet", "", "Push to its branch, or promote a release to it.")),
            StatusAt = now,
        };
        db.Add(environment);
        jobs.Enqueue(db, EnvironmentJob(environment));
        audit.Record(db, actor, "environment.create", $"{found.Path} {environment.Slug}", found.Team.Id, found.App.Id, after: new { environment.Branch });
        db.Signal(LiveTopics.App, found.App.Id);
        await db.SaveAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return environment;
    }

    public async Task<AppEnvironment> UpdateAsync(Actor actor, AppPath path, string name, EnvironmentChange change, CancellationToken cancellationToken)
    {
        Check(change);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, name, Permission.EditApp, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var environment = (await db.LockAsync<AppEnvironment>(found.Environment.Id, cancellationToken))!;
        if (change.IfVersion is { } version && version != environment.Version)
        {
            throw new PortalException(Refusal.Changed, "Somebody changed this environment since you read it; read it again.");
        }
        var before = Snapshot(environment);
        var restart = new List<string>();
        environment.Branch = change.Branch is null ? environment.Branch : change.Branch.Length == 0 ? null : change.Branch;
        if (change.Checks is { } checks)
        {
            if (checks.Wait && found.App.SourceKind != SourceKind.GitHub)
            {
                throw PortalException.Invalid("checks", "Checks are read at a connected GitHub; this app's code is elsewhere.");
            }
            environment.WaitForChecks = checks.Wait ? new CheckRule([.. (checks.Names ?? []).Select(n => n.Trim()).Where(n => n.Length > 0).Distinct()]) : null;
        }
        environment.DeployOn = change.DeployOn is null ? environment.DeployOn : [.. change.DeployOn];
        if (change.MemoryMb is { } memory && memory != environment.Scale.MemoryMb)
        {
            environment.Scale = environment.Scale with { MemoryMb = memory };
            restart.Add($"memory {memory} MB");
        }
        if (change.Instances is not null)
        {
            environment.Scale = environment.Scale with { Instances = change.Instances };
        }
        if (change.HealthPath is not null && NullIfEmpty(change.HealthPath) != environment.HealthPath)
        {
            environment.HealthPath = NullIfEmpty(change.HealthPath);
            restart.Add($"health path {environment.HealthPath ?? "removed"}");
        }
        if (change.FixedPort is { } port && (port == 0 ? null : port) != environment.FixedPort)
        {
            environment.FixedPort = port == 0 ? null : port;
            restart.Add(environment.FixedPort is null ? "port chosen by Portal" : $"port {port}");
        }
        audit.Record(db, actor, "environment.change", found.Path, found.Team.Id, found.App.Id, before, Snapshot(environment));
        if (restart.Count > 0)
        {
            await changes.ReleaseAsync(db, environment, actor, string.Join(", ", restart), cancellationToken);
        }
        else
        {
            changes.Converge(db, environment);
        }
        db.Signal(LiveTopics.Environment, environment.Id);
        await db.SaveAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return environment;
    }

    /// <summary>Pushes deploy again.</summary>
    public async Task ResumeAsync(Actor actor, AppPath path, string name, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, name, Permission.Deploy, cancellationToken);
        if (found.Environment.AutoDeployPaused is { } reason)
        {
            found.Environment.AutoDeployPaused = null;
            audit.Record(db, actor, "environment.resume", found.Path, found.Team.Id, found.App.Id, before: new { paused = reason });
            db.Signal(LiveTopics.Environment, found.Environment.Id);
            await db.SaveAsync(cancellationToken);
        }
    }

    public async Task PauseAsync(Actor actor, AppPath path, string name, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, name, Permission.Deploy, cancellationToken);
        if (found.Environment.AutoDeployPaused is null)
        {
            found.Environment.AutoDeployPaused = $"Paused by {actor.Name}";
            audit.Record(db, actor, "environment.pause", found.Path, found.Team.Id, found.App.Id);
            db.Signal(LiveTopics.Environment, found.Environment.Id);
            await db.SaveAsync(cancellationToken);
        }
    }

    public async Task DeleteAsync(Actor actor, AppPath path, string name, string confirmation, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, name, Permission.DeleteApp, cancellationToken);
        if (found.Environment.Slug == Addresses.Production)
        {
            throw PortalException.Conflict("An app keeps its production environment; delete the app instead.");
        }
        if (found.Environment.Kind != EnvironmentKind.Standing)
        {
            throw PortalException.Conflict("This environment belongs to the app's previews: turn them off, or remove the one preview.");
        }
        if (confirmation != found.Environment.Slug)
        {
            throw PortalException.Invalid("confirm", $"Type the environment's name, {found.Environment.Slug}, to delete it.");
        }
        found.Environment.DeletedAt = time.GetUtcNow();
        jobs.Enqueue(db, EnvironmentJob(found.Environment));
        audit.Record(db, actor, "environment.delete", found.Path, found.Team.Id, found.App.Id);
        db.Signal(LiveTopics.App, found.App.Id);
        await db.SaveAsync(cancellationToken);
    }

    /// <summary>The job that converges one environment; at most one runs.</summary>
    public static JobRequest EnvironmentJob(AppEnvironment environment) => new(JobKinds.Environment, environment.Id.ToString())
    {
        TeamId = environment.TeamId,
        Lane = $"environment:{environment.Id}",
        MaxAttempts = 20,
        TimeLimit = TimeSpan.FromMinutes(30),
    };

    private static void Check(EnvironmentChange change)
    {
        var errors = new FieldErrors().Add("branch", SourceRules.BranchProblem(change.Branch));
        foreach (var rule in change.DeployOn ?? [])
        {
            errors.Add("deployOn", SourceRules.RuleProblem(rule));
        }
        if (change.DeployOn is { Count: > 10 })
        {
            errors.Add("deployOn", "At most 10 rules.");
        }
        if (change.Checks?.Names is { } names && (names.Count > 20 || names.Any(n => n is null or { Length: > 200 })))
        {
            errors.Add("checks.names", "At most 20 names of at most 200 characters each.");
        }
        if (change.Instances is { } instances && (instances.Count > 20 || instances.Any(i => i.Key.Length is 0 or > 32 || i.Value is < 0 or > 20)))
        {
            errors.Add("scale.instances", "Give 0 to 20 instances per process type.");
        }
        if (change.MemoryMb is < 64 or > 8192)
        {
            errors.Add("scale.memoryMb", "Give 64 to 8192 MB.");
        }
        if (change.HealthPath is { Length: > 0 } health && (health.Length > 200 || health[0] != '/' || health.Any(c => c is <= ' ' or > '~')))
        {
            errors.Add("healthPath", "Give a path such as /health.");
        }
        if (change.FixedPort is < 0 or > 65535 or (> 0 and < 1024))
        {
            errors.Add("port", "Give a port from 1024 to 65535, or 0 to let Portal choose.");
        }
        errors.ThrowIfAny();
    }

    private static object Snapshot(AppEnvironment e) => new { e.Branch, e.DeployOn, e.WaitForChecks, e.Scale, e.HealthPath, e.FixedPort };

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
