using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Portal.Core.Apps;
using Portal.Core.Builds.Detection;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git;
using Portal.Core.Jobs;
using Portal.Core.Live;
using Portal.Core.Variables;

namespace Portal.Core.Builds;

/// <summary>
/// Runs one build: fetch → detect → the plan's steps → package → artifact and release in one transaction. May be started
/// again after its worker died; it then begins afresh and the log says so.
/// </summary>
public sealed class BuildHandler(IGitHosts hosts, IBuilder builder, VariableStore variables, IArtifactReady ready,
    LimitOptions limits, TimeProvider time, ILogger<BuildHandler> logger) : IJobHandler
{
    public string Kind => JobKinds.Build;

    public async Task RunAsync(JobContext context, CancellationToken cancellationToken)
    {
        var id = Guid.Parse(context.Job.Key);
        if (await StartAsync(context, id) is not { } run)
        {
            return;
        }
        using var scope = logger.BeginScope("build {Team} {App} {Number}", run.Build.TeamId, run.App.Slug, run.Build.Number);
        var log = new BuildLogWriter(context, id, run.FirstSequence, run.Mask, limits.BuildLogBytes, time);
        Status? failure = null;
        (string Commit, BuildPlan Plan, BuildOutcome Outcome)? done = null;
        try
        {
            if (run.FirstSequence > 0)
            {
                log.Say("The worker that ran this build stopped; starting again.");
            }
            done = await BuildAsync(context, run, log, cancellationToken);
            failure = done.Value.Outcome.Failure;
        }
        catch (PortalException e)
        {
            failure = Status.Of(Severity.Error, e.Message);
        }
        catch (IOException e) when (e.HResult == 28 || e.Message.Contains("No space left", StringComparison.Ordinal))
        {
            failure = Status.Of(Severity.Error, "The disk is full", "There was no room left for this build's files.", "Ask an admin to make room; Admin → System shows what takes it.");
        }
        catch (OperationCanceledException) when (context.StopCause is StopCause.Cancelled or StopCause.TimeLimit)
        {
            log.Say(context.StopReason ?? "The build took too long and was stopped.");
        }
        catch (Exception) when (context.StopCause == StopCause.LeaseLost)
        {
            throw new LeaseLostException();
        }
        finally
        {
            if (failure is not null)
            {
                log.Say($"✕ {failure.Title}");
            }
            await log.DisposeAsync();
            if (done?.Outcome.Location is null)
            {
                builder.Discard(id);
            }
        }
        await EndAsync(context, id, done, failure);
    }

    public async Task GiveUpAsync(PortalDbContext db, Job job, string reason, CancellationToken cancellationToken)
    {
        var id = Guid.Parse(job.Key);
        var build = await db.Set<Build>().SingleOrDefaultAsync(b => b.Id == id, cancellationToken);
        if (build is { State: BuildState.Queued or BuildState.Running })
        {
            await EndAsync(db, build, job.CancelReason is null ? BuildState.Failed : StateOf(job.CancelReason), reason, null);
        }
        builder.Discard(id);
    }

    private sealed record Run(Build Build, App App, AppEnvironment Environment, VariableValues Variables, SecretMask Mask, int FirstSequence);

    /// <summary>Null: it ended meanwhile.</summary>
    private async Task<Run?> StartAsync(JobContext context, Guid id)
    {
        Run? run = null;
        await context.CommitAsync(async db =>
        {
            var build = await db.Set<Build>().SingleOrDefaultAsync(b => b.Id == id);
            if (build is not { State: BuildState.Queued or BuildState.Running })
            {
                return;
            }
            build.State = BuildState.Running;
            build.StartedAt ??= time.GetUtcNow();
            build.Steps = [new BuildStep("fetch", time.GetUtcNow(), null)];
            var app = await db.Set<App>().AsNoTracking().SingleAsync(a => a.Id == build.AppId);
            var environment = await db.Set<AppEnvironment>().AsNoTracking().SingleAsync(e => e.Id == build.EnvironmentId);
            var next = await db.Set<BuildLogChunk>().Where(c => c.BuildId == id).MaxAsync(c => (int?)c.Sequence) + 1 ?? 0;
            run = new Run(build, app, environment, await variables.OpenAsync(db, environment.Id, forBuild: true, default),
                new SecretMask(await variables.SecretValuesAsync(db, environment.Id, default)), next);
            await ShowAsync(db, build, Status.Of(Severity.Working, $"Build {build.Number} is running", "Nothing is deployed yet."));
            Signal(db, build);
        }, CancellationToken.None);
        return run;
    }

    private async Task<(string Commit, BuildPlan Plan, BuildOutcome Outcome)> BuildAsync(JobContext context, Run run, BuildLogWriter log, CancellationToken cancellationToken)
    {
        log.Step("fetch");
        var (host, source) = hosts.For(run.App);
        var wanted = run.Build.Commit ?? run.Build.Ref;
        var commit = await host.ResolveAsync(source, wanted, cancellationToken)
            ?? throw new PortalException(Refusal.NotFound, $"{wanted} is not in the repository; push it first.");
        var info = await host.FetchAsync(source, commit, cancellationToken);
        await context.CommitAsync(async db =>
        {
            var build = await db.Set<Build>().SingleAsync(b => b.Id == run.Build.Id);
            build.Commit = info.Commit;
            build.Message ??= info.Message;
            build.Author ??= info.Author;
        }, cancellationToken);
        log.Say($"Fetching {info.Commit[..Math.Min(10, info.Commit.Length)]} {info.Message}");
        var folder = builder.PrepareFolder(run.Build.Id);
        var checkout = await host.CheckoutAsync(source, info.Commit, folder, new CheckoutLimits(limits.SourceFiles, limits.SourceBytes), log.Say, cancellationToken);
        log.Say($"{checkout.Files} files.");

        await StepAsync(context, run.Build.Id, log, "detect");
        var overrides = CoreJson.Read<PlanOverrides>(run.App.PlanOverrides) ?? new PlanOverrides();
        if (run.App.Directory.Length > 0)
        {
            overrides = overrides with { Folder = run.App.Directory };
        }
        var plan = StackDetector.Detect(new FolderSource(folder), overrides);
        log.Say($"{plan.Stack}{(plan.Version is null ? "" : $" {plan.Version}")}");
        foreach (var why in plan.Why)
        {
            log.Say($"  {why}");
        }
        foreach (var warning in plan.Warnings)
        {
            log.Say($"▲ {warning}");
        }
        await context.CommitAsync(async db =>
        {
            var build = await db.Set<Build>().SingleAsync(b => b.Id == run.Build.Id);
            build.Plan = CoreJson.Write(plan);
            Signal(db, build);
        }, cancellationToken);
        if (plan.Problem is { } problem)
        {
            log.Say(problem.NextStep);
            return (info.Commit, plan, BuildOutcome.Failed(Status.Of(Severity.Error, problem.What, string.Join(" ", plan.Why), problem.NextStep)));
        }
        var values = run.Variables.Plain.Concat(run.Variables.Secrets).ToDictionary(v => v.Key, v => v.Value);
        var outcome = await builder.BuildAsync(new BuildInput(run.Build.Id, run.Environment.WithoutSecrets ? run.Environment.Id : run.App.Id, folder, plan, values, log,
            step => StepAsync(context, run.Build.Id, log, step)), cancellationToken);
        return (info.Commit, plan, outcome);
    }

    private async Task StepAsync(JobContext context, Guid id, BuildLogWriter log, string step)
    {
        log.Step(step);
        await context.CommitAsync(async db =>
        {
            var build = await db.Set<Build>().SingleAsync(b => b.Id == id);
            var now = time.GetUtcNow();
            build.Steps = [.. build.Steps.Select(s => s.EndedAt is null ? s with { EndedAt = now } : s), new BuildStep(step, now, null)];
            Signal(db, build);
        }, context.Token);
    }

    private Task EndAsync(JobContext context, Guid id, (string Commit, BuildPlan Plan, BuildOutcome Outcome)? done, Status? failure) => context.CommitAsync(async db =>
    {
        var build = await db.Set<Build>().SingleAsync(b => b.Id == id);
        if (done is { Outcome.Location: { } location } && failure is null)
        {
            var artifact = new Artifact
            {
                Id = Guid.CreateVersion7(time.GetUtcNow()),
                AppId = build.AppId,
                BuildId = build.Id,
                Commit = done.Value.Commit,
                Location = location,
                Bytes = done.Value.Outcome.Bytes,
                Plan = CoreJson.Write(done.Value.Plan),
                CreatedAt = time.GetUtcNow(),
            };
            db.Add(artifact);
            build.ArtifactId = artifact.Id;
            await EndAsync(db, build, BuildState.Succeeded, null, null);
            await db.SaveChangesAsync();
            build.Reason = await ready.ArtifactReadyAsync(db, build, artifact, default);
        }
        else if (failure is not null)
        {
            await EndAsync(db, build, BuildState.Failed, failure.Title, failure);
        }
        else
        {
            var reason = context.StopReason ?? $"The build took longer than its limit of {limits.BuildSeconds / 60} minutes.";
            await EndAsync(db, build, context.StopCause == StopCause.TimeLimit ? BuildState.Failed : StateOf(reason), reason, null);
        }
    }, CancellationToken.None);

    private async Task EndAsync(PortalDbContext db, Build build, BuildState state, string? reason, Status? failure)
    {
        var now = time.GetUtcNow();
        build.State = state;
        build.Reason = reason;
        build.Failure = failure is null ? null : CoreJson.Write(failure);
        build.EndedAt = now;
        build.Steps = [.. build.Steps.Select(s => s.EndedAt is null ? s with { EndedAt = now } : s)];
        if (state == BuildState.Failed)
        {
            await ShowAsync(db, build, failure ?? Status.Of(Severity.Error, reason ?? $"Build {build.Number} failed", "", "Deploy again; the build's log says how far it came."));
        }
        else if (state == BuildState.Cancelled)
        {
            await ShowAsync(db, build, Status.Of(Severity.Asleep, "Nothing deployed yet", $"Build {build.Number} was cancelled.", "Push again, or deploy by hand."));
        }
        Signal(db, build);
        db.Signal(LiveTopics.BuildLog, build.Id);
    }

    /// <summary>While nothing is or shall be live, an environment is as its builds are; afterwards its release speaks.</summary>
    private async Task ShowAsync(PortalDbContext db, Build build, Status status)
    {
        if (await db.LockAsync<AppEnvironment>(build.EnvironmentId, default) is { LiveReleaseId: null, DesiredReleaseId: null } environment)
        {
            environment.Status = CoreJson.Write(status);
            environment.StatusAt = time.GetUtcNow();
        }
    }

    private static BuildState StateOf(string cancelReason) =>
        cancelReason.EndsWith("took its place.", StringComparison.Ordinal) ? BuildState.Superseded : BuildState.Cancelled;

    private static void Signal(PortalDbContext db, Build build)
    {
        db.Signal(LiveTopics.Build, build.Id);
        db.Signal(LiveTopics.App, build.AppId);
        db.Signal(LiveTopics.Environment, build.EnvironmentId);
    }
}
