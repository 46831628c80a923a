using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Live;
using Portal.Core.Runtimes;
using Portal.Core.Runtimes.Diagnosis;
using Portal.Core.Variables;

namespace Portal.Core.Releases;

/// <summary>
/// Converges one environment to what is desired, level-triggered: it is told which environment may have changed, looks at
/// desired and observed state, and acts. Every step may be repeated by another worker after a crash.
/// <para>A roll-out: start the new instances → wait until they answer → move the address, and every gateway has
/// acknowledged → live. What is left of older releases is stopped when its requests have ended, which holds up nothing else. If the new ones do not answer, the old keep serving.</para>
/// </summary>
internal sealed class RollOutHandler(RollOutReader reader, IRuntime runtime, RouteTable routes, DrainWatch drains, AppLogKeeper logs, AddOnServer addOns,
    LimitOptions limits, TimeProvider time, ILogger<RollOutHandler> logger) : IJobHandler
{
    private static readonly TimeSpan AcknowledgeWithin = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    public string Kind => JobKinds.Environment;

    public async Task RunAsync(JobContext context, CancellationToken cancellationToken)
    {
        var place = Guid.Parse(context.Job.Key);
        // Bounded: each turn ends a release's roll-out or settles; a newer release makes one more turn.
        for (var turn = 0; turn < 20; turn++)
        {
            var facts = await reader.ReadAsync(place, cancellationToken);
            if (facts is null || facts.Environment.DeletedAt is not null)
            {
                await RemoveAsync(context, place, facts, cancellationToken);
                return;
            }
            if (facts.Desired is null)
            {
                await IdleAsync(context, facts, cancellationToken);
                return;
            }
            if (facts.Desired.Release.State is not (ReleaseState.Pending or ReleaseState.RollingOut))
            {
                await SettleAsync(context, facts, facts.Desired, cancellationToken);
                return;
            }
            await RollOutAsync(context, facts, facts.Desired, cancellationToken);
        }
    }

    public async Task GiveUpAsync(PortalDbContext db, Job job, string reason, CancellationToken cancellationToken)
    {
        var place = Guid.Parse(job.Key);
        var environment = await db.LockAsync<AppEnvironment>(place, cancellationToken);
        var release = environment?.DesiredReleaseId is { } id ? await db.Set<Release>().SingleAsync(r => r.Id == id, cancellationToken) : null;
        if (environment is not null && release is { State: ReleaseState.Pending or ReleaseState.RollingOut })
        {
            Fail(db, environment, release, Status.Of(Severity.Error, $"v{release.Version} could not be rolled out", reason, "Deploy again; if it happens again, ask an admin to look at Admin → System."));
        }
    }

    private async Task RollOutAsync(JobContext context, RollOutFacts facts, Runnable wanted, CancellationToken cancellationToken)
    {
        var (release, workload) = (wanted.Release, wanted.Workload);
        using var scope = logger.BeginScope("environment {Environment} v{Version}", facts.Label, release.Version);
        await context.CommitAsync(async db =>
        {
            var row = await db.Set<Release>().SingleAsync(r => r.Id == release.Id);
            row.State = ReleaseState.RollingOut;
            row.RolloutAt ??= time.GetUtcNow();
            await SetStatusAsync(db, facts.Environment.Id, Status.Of(Severity.Working, $"Starting v{release.Version}",
                facts.Live is { } live ? $"v{live.Release.Version} serves until v{release.Version} answers." : ""));
        }, cancellationToken);

        if (release.PreparedAt is null && wanted.Plan.ReleaseCommand is { Length: > 0 } command)
        {
            if (await PrepareAsync(context, facts, wanted, command, cancellationToken) is { } failure)
            {
                await FailAsync(context, facts, wanted, failure, cancellationToken);
                return;
            }
        }
        if (workload.FixedPort is not null && facts.Live is { } old)
        {
            // Two releases cannot listen on one port: this app is interrupted for as long as it takes to start.
            await runtime.StopAsync(old.Workload.Key, Drain, cancellationToken);
        }
        var ready = await WaitUntilReadyAsync(facts, wanted, cancellationToken);
        if (ready is null)
        {
            await EndAsync(workload, cancellationToken);
            return;
        }
        if (ready.Failure is { } failed)
        {
            await FailAsync(context, facts, wanted, failed, cancellationToken);
            return;
        }
        await MoveAsync(context, facts, wanted, ready.Targets, cancellationToken);
    }

    /// <summary>Runs the release command, once per release. Null: it went well.</summary>
    private async Task<Status?> PrepareAsync(JobContext context, RollOutFacts facts, Runnable wanted, string command, CancellationToken cancellationToken)
    {
        var release = wanted.Release;
        var result = await runtime.RunTaskAsync(wanted.Workload, "release", command, TimeSpan.FromMinutes(15),
            line => logs.WriteAsync(facts.Environment.Id, new LogLine(time.GetUtcNow(), "release", "release", release.Version, false, line), cancellationToken), cancellationToken);
        if (result is { TimedOut: false, ExitCode: 0 })
        {
            await context.CommitAsync(async db => (await db.Set<Release>().SingleAsync(r => r.Id == release.Id)).PreparedAt = time.GetUtcNow(), cancellationToken);
            return null;
        }
        var what = result.TimedOut ? "did not end within 15 minutes" : $"ended with code {result.ExitCode}";
        return new Status(Severity.Error, $"v{release.Version} was not released: its release command {what}", $"The Procfile's release command is “{command}”. {StillServes(facts)}",
            "Mend the command and push again.", [.. result.LastLines.Select(facts.Mask.Apply)], []);
    }

    private sealed record Readiness(IReadOnlyList<string> Targets, Status? Failure);

    /// <summary>Null: something newer is wanted now.</summary>
    private async Task<Readiness?> WaitUntilReadyAsync(RollOutFacts facts, Runnable wanted, CancellationToken cancellationToken)
    {
        var workload = wanted.Workload;
        var expected = workload.Processes.Sum(p => p.Instances);
        var started = time.GetTimestamp();
        var limit = TimeSpan.FromSeconds(limits.StartSeconds);
        await runtime.ConvergeAsync(workload, cancellationToken);
        while (true)
        {
            var mine = await MineAsync(workload, facts.Mask, cancellationToken);
            if (mine.Count(i => i.State == InstanceState.Ready) >= expected)
            {
                return new Readiness(Targets(mine), null);
            }
            var waited = time.GetElapsedTime(started);
            if (StartDiagnosis.IsHopeless(mine, waited) || waited > limit)
            {
                return new Readiness([], StartDiagnosis.Of(workload, mine, waited, limit, facts.Live?.Release.Version));
            }
            if (!await reader.IsWantedAsync(facts.Environment.Id, wanted.Release.Id, cancellationToken))
            {
                return null;
            }
            if (mine.Count < expected)
            {
                await runtime.ConvergeAsync(workload, cancellationToken);
            }
            await runtime.WaitForChangeAsync(LookAgain, cancellationToken);
        }
    }

    private async Task MoveAsync(JobContext context, RollOutFacts facts, Runnable wanted, IReadOnlyList<string> targets, CancellationToken cancellationToken)
    {
        var (place, release) = (facts.Environment.Id, wanted.Release);
        long revision = 0;
        await context.CommitAsync(async db => revision = wanted.HasWeb
            ? await routes.SetAsync(db, place, facts.Host, release.Version, targets, targets.Count > 0 ? RouteStates.Live : RouteStates.Down, cancellationToken)
            : await routes.RemoveAsync(db, place, cancellationToken), cancellationToken);
        await routes.WaitAcknowledgedAsync(revision, AcknowledgeWithin, cancellationToken);
        await context.CommitAsync(async db =>
        {
            var now = time.GetUtcNow();
            var environment = (await db.LockAsync<AppEnvironment>(place, cancellationToken))!;
            foreach (var older in await db.Set<Release>().Where(r => r.EnvironmentId == place && r.Id != release.Id && r.State == ReleaseState.Live).ToListAsync(cancellationToken))
            {
                older.State = ReleaseState.Superseded;
                older.EndedAt = now;
            }
            var row = await db.Set<Release>().SingleAsync(r => r.Id == release.Id, cancellationToken);
            row.State = ReleaseState.Live;
            row.LiveAt = now;
            environment.LiveReleaseId = release.Id;
            environment.Status = CoreJson.Write(RunningDiagnosis.Of(wanted.Workload, await MineAsync(wanted.Workload, facts.Mask, cancellationToken)));
            environment.StatusAt = now;
            Signal(db, environment);
        }, cancellationToken);
        logger.LogInformation("v{Version} is live", release.Version);
    }

    private async Task FailAsync(JobContext context, RollOutFacts facts, Runnable wanted, Status failure, CancellationToken cancellationToken)
    {
        await context.CommitAsync(async db =>
        {
            var environment = (await db.LockAsync<AppEnvironment>(facts.Environment.Id, cancellationToken))!;
            var release = await db.Set<Release>().SingleAsync(r => r.Id == wanted.Release.Id, cancellationToken);
            Fail(db, environment, release, failure);
        }, cancellationToken);
        await EndAsync(wanted.Workload, cancellationToken);
    }

    /// <summary>Ends a release that no request ever reached. Nobody waits for it, unless the next one needs its port.</summary>
    private async Task EndAsync(Workload workload, CancellationToken cancellationToken)
    {
        if (workload.FixedPort is not null)
        {
            await runtime.StopAsync(workload.Key, Drain, cancellationToken);
            return;
        }
        var seen = await runtime.ObserveAsync(workload.Key.Place, cancellationToken);
        await runtime.RetireAsync([.. seen.Instances.Where(i => i.Key == workload.Key)], Drain, cancellationToken);
    }

    private void Fail(PortalDbContext db, AppEnvironment environment, Release release, Status failure)
    {
        release.State = ReleaseState.Failed;
        release.Reason = failure.Title;
        release.Failure = CoreJson.Write(failure);
        release.EndedAt = time.GetUtcNow();
        if (environment.DesiredReleaseId == release.Id)
        {
            environment.DesiredReleaseId = environment.LiveReleaseId;
        }
        environment.Status = release.Failure;
        environment.StatusAt = time.GetUtcNow();
        Signal(db, environment);
    }

    /// <summary>The live release: as many instances as wanted, the address at those that answer, nothing else running.</summary>
    private async Task SettleAsync(JobContext context, RollOutFacts facts, Runnable live, CancellationToken cancellationToken)
    {
        var place = facts.Environment.Id;
        await runtime.ConvergeAsync(live.Workload, cancellationToken);
        var seen = await runtime.ObserveAsync(place, cancellationToken);
        var mine = Kept(live.Workload, Mine(seen, live.Workload, facts.Mask));
        var targets = Targets(mine);
        var asleep = facts.Environment.AsleepSince is not null;
        var state = targets.Count > 0 ? RouteStates.Live : asleep ? RouteStates.Asleep : mine.Any(i => i.State == InstanceState.Starting) ? RouteStates.Starting : RouteStates.Down;
        var failed = facts.Newest is { State: ReleaseState.Failed } newest && newest.Version > live.Release.Version ? CoreJson.Read<Status>(newest.Failure) : null;
        var running = asleep ? Status.Of(Severity.Asleep, $"v{live.Release.Version} sleeps", "Nobody used it for a while, so nothing of it runs.", "It wakes with the next request.")
            : RunningDiagnosis.Of(live.Workload, mine, facts.Previous);
        var status = failed is not null && running.Severity is Severity.Ok or Severity.Working ? failed ?? running : running;
        await context.CommitAsync(async db =>
        {
            var route = await db.Set<Route>().AsNoTracking().SingleOrDefaultAsync(r => r.EnvironmentId == place, cancellationToken);
            if (live.HasWeb && (route is null || route.State != state || route.ReleaseVersion != live.Release.Version || !route.Targets.SequenceEqual(targets)))
            {
                await routes.SetAsync(db, place, facts.Host, live.Release.Version, targets, state, cancellationToken);
            }
            await SetStatusAsync(db, place, status);
        }, cancellationToken);
        await RetireAsync(place, [.. seen.Instances.Where(i => !mine.Any(m => m.Key == i.Key && m.Id == i.Id))], cancellationToken);
    }

    /// <summary>
    /// As many instances of each process type as are wanted, those that answer first, then the oldest. The choice stays the
    /// same while nothing changes: the others leave the address before they are stopped.
    /// </summary>
    internal static List<InstanceObservation> Kept(Workload workload, IReadOnlyList<InstanceObservation> mine) =>
        [.. workload.Processes.SelectMany(p => mine.Where(i => i.Process == p.Name)
            .OrderBy(i => i.State == InstanceState.Ready ? 0 : 1).ThenBy(i => i.StartedAt).ThenBy(i => i.Id, StringComparer.Ordinal).Take(p.Instances))];

    /// <summary>Stops what is not wanted any more, as soon as no request can be on its way there; what still has some is looked at again.</summary>
    private async Task RetireAsync(Guid place, IReadOnlyList<InstanceObservation> leaving, CancellationToken cancellationToken)
    {
        var free = leaving.Where(i => i.Address is null || i.State == InstanceState.Stopped).ToList();
        foreach (var release in leaving.Except(free).GroupBy(i => i.Key.Version))
        {
            if (await drains.MayStopAsync(place, release.Key, cancellationToken))
            {
                free.AddRange(release);
            }
        }
        await runtime.RetireAsync(free, Drain, cancellationToken);
    }

    private async Task IdleAsync(JobContext context, RollOutFacts facts, CancellationToken cancellationToken)
    {
        await StopOthersAsync(facts.Environment.Id, keep: null, cancellationToken);
        await context.CommitAsync(async db =>
        {
            if (!await db.Set<Route>().AnyAsync(r => r.EnvironmentId == facts.Environment.Id && r.State == RouteStates.NothingDeployed, cancellationToken))
            {
                await routes.SetAsync(db, facts.Environment.Id, facts.Host, 0, [], RouteStates.NothingDeployed, cancellationToken);
            }
        }, cancellationToken);
    }

    private async Task RemoveAsync(JobContext context, Guid place, RollOutFacts? facts, CancellationToken cancellationToken)
    {
        await context.CommitAsync(db => routes.RemoveAsync(db, place, cancellationToken), cancellationToken);
        await StopOthersAsync(place, keep: null, cancellationToken);
        if (facts is not null)
        {
            await context.CommitAsync(async db =>
            {
                await addOns.DropAllAsync(db, place, cancellationToken);
                await db.Set<Release>().Where(r => r.EnvironmentId == place).ExecuteDeleteAsync(cancellationToken);
                await db.Set<AppEnvironment>().Where(e => e.Id == place).ExecuteDeleteAsync(cancellationToken);
                db.Signal(LiveTopics.App, facts.Environment.AppId);
            }, cancellationToken);
        }
    }

    private async Task StopOthersAsync(Guid place, int? keep, CancellationToken cancellationToken)
    {
        var observation = await runtime.ObserveAsync(place, cancellationToken);
        foreach (var key in observation.Instances.Select(i => i.Key).Where(k => k.Version != keep).Distinct())
        {
            await runtime.StopAsync(key, Drain, cancellationToken);
        }
    }

    private async Task<List<InstanceObservation>> MineAsync(Workload workload, SecretMask mask, CancellationToken cancellationToken) =>
        Mine(await runtime.ObserveAsync(workload.Key.Place, cancellationToken), workload, mask);

    /// <summary>The instances of one release that are not told to end; their last lines go into statuses, so secrets are hidden here.</summary>
    private static List<InstanceObservation> Mine(Observation seen, Workload workload, SecretMask mask) =>
        [.. seen.Instances.Where(i => i.Key == workload.Key && i.State != InstanceState.Stopped)
            .Select(i => i.LastExit is null ? i : i with { LastExit = i.LastExit with { LastLines = [.. i.LastExit.LastLines.Select(mask.Apply)] } })];

    private static List<string> Targets(IEnumerable<InstanceObservation> instances) =>
        [.. instances.Where(i => i.Process == ProcessNames.Web && i.State == InstanceState.Ready).Select(i => i.Address).OfType<string>().Order(StringComparer.Ordinal)];

    private async Task SetStatusAsync(PortalDbContext db, Guid place, Status status)
    {
        var environment = (await db.LockAsync<AppEnvironment>(place, default))!;
        // jsonb gives the text back in another form, so the values are compared.
        if (CoreJson.Write(CoreJson.Read<Status>(environment.Status)) != CoreJson.Write(status))
        {
            environment.Status = CoreJson.Write(status);
            environment.StatusAt = time.GetUtcNow();
            Signal(db, environment);
        }
    }

    private static void Signal(PortalDbContext db, AppEnvironment environment)
    {
        db.Signal(LiveTopics.Environment, environment.Id);
        db.Signal(LiveTopics.App, environment.AppId);
        db.Signal(LiveTopics.Team, environment.TeamId);
    }

    private static string StillServes(RollOutFacts facts) => facts.Live is { } live ? $"v{live.Release.Version} still serves." : "";

    private TimeSpan Drain => TimeSpan.FromSeconds(limits.DrainSeconds);
}
