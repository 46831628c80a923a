using System.Runtime.ExceptionServices;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git;
using Portal.Core.Git.Hosted;
using Portal.Core.Jobs;
using Portal.Core.Live;
using Portal.Core.Releases;

namespace Portal.Core.Triggers;

/// <summary>
/// Decides what came in for one app, push by push, for every environment, and keeps each reason. It never trusts the
/// order in which pushes come in: git is asked where the ref is now, and only that commit is deployed.
/// </summary>
public sealed class PushDecider(IDbContextFactory<PortalDbContext> contexts, IGitHosts hosts, BuildService builds, PushReceiver receiver, JobQueue jobs, TimeProvider time) : IJobHandler
{
    /// <summary>Pushes of one turn; more go on in the next, after other work had its chance.</summary>
    private const int MaxPerTurn = 100;

    public string Kind => JobKinds.Push;

    public async Task RunAsync(JobContext context, CancellationToken cancellationToken)
    {
        var id = Guid.Parse(context.Job.Key);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var waiting = await Small(Waiting(db, id)).OrderBy(p => p.ReceivedAt).ThenBy(p => p.Id).Take(MaxPerTurn).ToListAsync(cancellationToken);
        if (waiting.Count == 0)
        {
            return;
        }
        var app = await db.Set<App>().AsNoTracking().SingleAsync(a => a.Id == id, cancellationToken);
        var repository = new RepositoryView(hosts, app);
        Exception? failure = null;
        foreach (var push in waiting)
        {
            try
            {
                await DecideAsync(context, app, push, repository, cancellationToken);
            }
            catch (Exception e) when (e is not (PortalException or LeaseLostException) && !cancellationToken.IsCancellationRequested)
            {
                // The others do not depend on it.
                failure ??= e;
            }
        }
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
        if (waiting.Count == MaxPerTurn)
        {
            await context.CommitAsync(own =>
            {
                jobs.Enqueue(own, PushReceiver.JobOf(app.Id, app.TeamId));
                return Task.CompletedTask;
            }, cancellationToken);
        }
    }

    public async Task GiveUpAsync(PortalDbContext db, Job job, string reason, CancellationToken cancellationToken)
    {
        // What came in since has a job of its own.
        foreach (var push in await Small(Waiting(db, Guid.Parse(job.Key)).Where(p => p.ReceivedAt <= job.StartedAt)).ToListAsync(cancellationToken))
        {
            Keep(db, push, Guid.Empty, false, $"not deployed: {reason}", null);
            await EndAsync(db, push, PushState.Failed, null, cancellationToken);
        }
    }

    private async Task DecideAsync(JobContext context, App app, Push push, RepositoryView repository, CancellationToken cancellationToken)
    {
        Gathered gathered;
        try
        {
            gathered = app.DeletedAt is not null
                ? new Gathered { Nothing = "not deployed: the app is being deleted" }
                : await GatherAsync(app, push, repository, cancellationToken);
        }
        catch (PortalException e) when (e.Refusal != Refusal.Unavailable)
        {
            // It does not pass by itself: trying again would only keep people waiting for the reason.
            gathered = new Gathered { Nothing = $"not deployed: {e.Message}", Failed = true };
        }
        await context.CommitAsync(own => WriteAsync(own, app, push, gathered, cancellationToken), cancellationToken);
    }

    /// <summary>What git says; asked outside of any transaction.</summary>
    private sealed record Gathered
    {
        public string? Nothing { get; init; }

        /// <summary>A redelivery may try again.</summary>
        public bool Failed { get; init; }

        public string? Head { get; init; }

        /// <summary>The push's commit; of an annotated tag the commit that it names.</summary>
        public string After { get; init; } = "";

        /// <summary>Set when an environment of an outside repository does not follow a branch yet.</summary>
        public string? DefaultBranch { get; init; }

        public CommitInfo? Info { get; init; }

        /// <summary>By the commit that is compared with.</summary>
        public Dictionary<string, IReadOnlyList<string>?> Changed { get; init; } = [];
    }

    private async Task<Gathered> GatherAsync(App app, Push push, RepositoryView repository, CancellationToken cancellationToken)
    {
        if (DeployDecision.MeansNothing(push.EventName, push.Ref, push.After) is { } nothing)
        {
            return new Gathered { Nothing = nothing };
        }
        var head = await repository.ResolveAsync(push.Ref!, cancellationToken);
        var after = RefNames.Tag(push.Ref) is null || RefNames.IsZero(push.After) ? push.After! : await repository.ResolveAsync(push.After!, cancellationToken) ?? push.After!;
        if (head is null || RefNames.IsZero(push.After))
        {
            return new Gathered { Head = head, After = after };
        }
        var info = await repository.FetchAsync(head, cancellationToken);
        var changed = new Dictionary<string, IReadOnlyList<string>?>();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var follows = app.SourceKind != SourceKind.Portal && await db.Set<AppEnvironment>().AnyAsync(e => e.AppId == app.Id && e.Branch == null && e.Kind == EnvironmentKind.Standing && e.DeletedAt == null, cancellationToken)
            ? await repository.DefaultBranchAsync(cancellationToken)
            : null;
        foreach (var live in await LiveCommits(db, app.Id).Select(l => l.Commit).Distinct().ToListAsync(cancellationToken))
        {
            changed[live] = await repository.ChangedFilesAsync(live, head, cancellationToken);
        }
        return new Gathered { Head = head, After = after, DefaultBranch = follows, Info = info, Changed = changed };
    }

    private async Task WriteAsync(PortalDbContext db, App app, Push push, Gathered gathered, CancellationToken cancellationToken)
    {
        if (await db.LockAsync<App>(app.Id, cancellationToken) is null)
        {
            return;
        }
        // Of an earlier try that was given up.
        await db.Set<PushDecision>().Where(d => d.PushId == push.Id).ExecuteDeleteAsync(cancellationToken);
        if (gathered.Nothing is { } nothing)
        {
            Keep(db, push, Guid.Empty, false, nothing, null);
            await EndAsync(db, push, gathered.Failed ? PushState.Failed : PushState.Decided, null, cancellationToken);
            return;
        }
        var environments = await db.Set<AppEnvironment>().Where(e => e.AppId == app.Id && e.Kind == EnvironmentKind.Standing && e.DeletedAt == null).OrderBy(e => e.CreatedAt).ToListAsync(cancellationToken);
        if (gathered.DefaultBranch is { } first)
        {
            await receiver.FollowFirstBranchAsync(db, app, Actor.Machine("git"), [new RefUpdate("", push.After!, RefNames.Branches + first)], cancellationToken);
        }
        var branch = RefNames.Branch(push.Ref);
        if (branch is not null && environments.All(e => e.Branch != branch))
        {
            Keep(db, push, Guid.Empty, false, $"not deployed: no environment follows the branch {branch}", null);
            environments.Clear();
        }
        var live = await LiveCommits(db, app.Id).ToDictionaryAsync(l => l.EnvironmentId, l => l.Commit, cancellationToken);
        foreach (var environment in environments)
        {
            var verdict = DeployDecision.Decide(await FactsAsync(db, app, push, environment, gathered, live.GetValueOrDefault(environment.Id), cancellationToken));
            var build = verdict.Deploys
                ? await builds.RequestAsync(db, new BuildRequest(app, environment, push.Ref!, gathered.After, gathered.Info?.Message, gathered.Info?.Author,
                    verdict.Trigger, By(push), push.PushedByUserId, push.Id), cancellationToken)
                : null;
            Keep(db, push, environment.Id, verdict.Deploys, verdict.Reason, build?.Id ?? verdict.Existing);
        }
        await CatchUpAsync(db, app, push, gathered, environments, cancellationToken);
        await EndAsync(db, push, PushState.Decided, gathered, cancellationToken);
    }

    private static async Task<DeployFacts> FactsAsync(PortalDbContext db, App app, Push push, AppEnvironment environment, Gathered gathered, string? live, CancellationToken cancellationToken)
    {
        var last = await db.Set<Build>().AsNoTracking().Where(b => b.EnvironmentId == environment.Id).OrderByDescending(b => b.Number)
            .Select(b => new LastBuild(b.Id, b.Number, b.Commit, b.State)).FirstOrDefaultAsync(cancellationToken);
        return new DeployFacts
        {
            Ref = push.Ref!,
            After = gathered.After,
            Head = gathered.Head,
            Branch = environment.Branch,
            Rules = environment.DeployOn,
            Paused = environment.AutoDeployPaused,
            SkipMark = gathered.Info?.SkipsDeploy ?? false,
            LastBuild = last,
            LiveCommit = live,
            Directory = app.Directory,
            Changed = live is null ? null : gathered.Changed.GetValueOrDefault(live),
        };
    }

    /// <summary>The ref is elsewhere than this push says. When no push told of that commit, its news was lost: it is made up for here.</summary>
    private async Task CatchUpAsync(PortalDbContext db, App app, Push push, Gathered gathered, List<AppEnvironment> environments, CancellationToken cancellationToken)
    {
        if (gathered.Head is not { } head || head == gathered.After || RefNames.IsZero(push.After) || environments.Count == 0)
        {
            return;
        }
        var known = await db.Set<KnownHead>().AnyAsync(h => h.AppId == app.Id && h.Ref == push.Ref && h.Commit == head, cancellationToken)
            || await db.Set<Push>().AnyAsync(p => p.AppId == app.Id && p.Ref == push.Ref && p.After == head && p.State == PushState.Received, cancellationToken);
        if (!known)
        {
            receiver.Add(db, app, PushSource.Reconciler, new RefUpdate(gathered.After, head, push.Ref!), null);
        }
    }

    private async Task EndAsync(PortalDbContext db, Push push, PushState state, Gathered? gathered, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var message = gathered?.Info is { } info && info.Commit == gathered.After ? info.Message : push.Message;
        await db.Set<Push>().Where(p => p.Id == push.Id).ExecuteUpdateAsync(set => set
            .SetProperty(p => p.State, state).SetProperty(p => p.DecidedAt, now).SetProperty(p => p.Message, message), cancellationToken);
        // What was not asked of git stays unknown, so that the reconciler looks at it again.
        if (gathered is { Nothing: null })
        {
            KnownHeads.Set(db, push.AppId, push.Ref!, gathered.Head, now);
        }
        db.Signal(LiveTopics.Activity, push.TeamId);
    }

    private void Keep(PortalDbContext db, Push push, Guid environment, bool deploys, string reason, Guid? build) => db.Add(new PushDecision
    {
        PushId = push.Id,
        EnvironmentId = environment,
        Deploys = deploys,
        Reason = reason.Length <= 600 ? reason : reason[..599] + "…",
        BuildId = build,
        At = time.GetUtcNow(),
    });

    private static string By(Push push) => push.Source switch
    {
        PushSource.Portal => $"git push by {push.PushedBy}",
        PushSource.Webhook => push.PushedBy is null ? "webhook" : $"push by {push.PushedBy}",
        _ => "found in the repository",
    };

    private static IQueryable<Push> Waiting(PortalDbContext db, Guid app) =>
        db.Set<Push>().AsNoTracking().Where(p => p.AppId == app && p.State == PushState.Received);

    /// <summary>Without the body, which may have 26 MB.</summary>
    private static IQueryable<Push> Small(IQueryable<Push> pushes) => pushes.Select(p => new Push
    {
        Id = p.Id,
        Source = p.Source,
        DeliveryKey = p.DeliveryKey,
        AppId = p.AppId,
        TeamId = p.TeamId,
        EventName = p.EventName,
        Ref = p.Ref,
        Before = p.Before,
        After = p.After,
        PushedBy = p.PushedBy,
        PushedByUserId = p.PushedByUserId,
        Message = p.Message,
        ReceivedAt = p.ReceivedAt,
        State = p.State,
    });

    private sealed record LiveCommit(Guid EnvironmentId, string Commit);

    private static IQueryable<LiveCommit> LiveCommits(PortalDbContext db, Guid app) =>
        from e in db.Set<AppEnvironment>()
        join r in db.Set<Release>() on e.LiveReleaseId equals r.Id
        where e.AppId == app && e.DeletedAt == null
        select new LiveCommit(e.Id, r.Commit);
}
