using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git.GitHub;
using Portal.Core.Jobs;
using Portal.Core.Live;
using Portal.Core.Triggers.Reports;

namespace Portal.Core.Triggers.Previews;

/// <summary>
/// Converges the preview of one pull request to what the pull request is now: asked of the host each time, so that events
/// may be lost, doubled or come in any order. Nothing of a fork runs before its very commit was approved.
/// </summary>
internal sealed class PreviewHandler(IDbContextFactory<PortalDbContext> contexts, GitHubPulls pulls, BuildService builds, JobQueue jobs, AuditTrail audit, LimitOptions limits, TimeProvider time) : IJobHandler
{
    public const string Closed = "The pull request was closed.";

    private static readonly Actor Machine = Actor.Machine("pull request");

    public string Kind => JobKinds.Preview;

    public static JobRequest JobOf(Guid app, Guid team, int number) =>
        new(JobKinds.Preview, string.Create(CultureInfo.InvariantCulture, $"{app}/{number}")) { Lane = string.Create(CultureInfo.InvariantCulture, $"preview:{app}/{number}"), TeamId = team, MaxAttempts = 12 };

    public async Task RunAsync(JobContext context, CancellationToken cancellationToken)
    {
        var parts = context.Job.Key.Split('/');
        var (id, number) = (Guid.Parse(parts[0]), int.Parse(parts[1], CultureInfo.InvariantCulture));
        App? app;
        await using (var db = await contexts.CreateDbContextAsync(cancellationToken))
        {
            app = await db.Set<App>().AsNoTracking().SingleOrDefaultAsync(a => a.Id == id && a.DeletedAt == null, cancellationToken);
        }
        if (app is null)
        {
            return;
        }
        PullRequestFacts? facts;
        try
        {
            facts = await pulls.GetAsync(await pulls.KeyAsync(id, cancellationToken), number, cancellationToken);
        }
        catch (PortalException e) when (e.Refusal != Refusal.Unavailable)
        {
            // The repository cannot be read any more, which the app says itself; what runs stays.
            return;
        }
        await context.CommitAsync(db => ConvergeAsync(db, id, number, facts, cancellationToken), cancellationToken);
    }

    public Task GiveUpAsync(PortalDbContext db, Job job, string reason, CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task ConvergeAsync(PortalDbContext db, Guid id, int number, PullRequestFacts? facts, CancellationToken cancellationToken)
    {
        if (await db.LockAsync<App>(id, cancellationToken) is not { DeletedAt: null } app)
        {
            return;
        }
        var preview = await db.Set<Preview>().SingleOrDefaultAsync(p => p.AppId == id && p.Number == number, cancellationToken);
        if (facts is not { IsOpen: true } || app.Previews is null)
        {
            if (preview is { State: not PreviewState.Removed })
            {
                await RemoveAsync(db, app, preview, facts is { IsOpen: true } ? "Previews were turned off for this app." : Closed, Machine, cancellationToken);
                preview.EndedByClosing = true;
            }
            return;
        }
        var isNew = preview?.Head != facts.Head;
        if (preview is null)
        {
            preview = new Preview
            {
                Id = Guid.CreateVersion7(time.GetUtcNow()),
                AppId = id,
                TeamId = app.TeamId,
                Number = number,
                State = PreviewState.Removed,
                EndedByClosing = true,
                Title = facts.Title,
                Author = facts.Author,
                HeadBranch = facts.HeadBranch,
                Head = facts.Head,
                CreatedAt = time.GetUtcNow(),
            };
            db.Add(preview);
        }
        (preview.Title, preview.Author, preview.HeadBranch, preview.Head, preview.IsFork) = (facts.Title, facts.Author, facts.HeadBranch, facts.Head, facts.IsFork);
        if (isNew)
        {
            preview.ActiveAt = time.GetUtcNow();
        }
        if (preview.State == PreviewState.Removed && !isNew && !preview.EndedByClosing)
        {
            return;
        }
        if (preview.State is PreviewState.Removed or PreviewState.Refused && !await StartAsync(db, app, preview, cancellationToken))
        {
            return;
        }
        await RunCodeAsync(db, app, preview, cancellationToken);
    }

    /// <summary>Gives it an environment; false when the team may have no more.</summary>
    private async Task<bool> StartAsync(PortalDbContext db, App app, Preview preview, CancellationToken cancellationToken)
    {
        // Counted apart: strangers' pull requests must not take the places of the team's own.
        var running = await db.Set<Preview>().CountAsync(p => p.TeamId == app.TeamId && p.Id != preview.Id && p.IsFork == preview.IsFork && (p.State == PreviewState.Active || p.State == PreviewState.Waiting), cancellationToken);
        if (running >= limits.PreviewsPerTeam)
        {
            preview.State = PreviewState.Refused;
            preview.Ended = $"The team has {limits.PreviewsPerTeam} previews {(preview.IsFork ? "of forks" : "of its own")}, which is its limit. It is made as soon as another one ends.";
            db.Signal(LiveTopics.App, app.Id);
            return false;
        }
        var slug = string.Create(CultureInfo.InvariantCulture, $"pr-{preview.Number}");
        if (await db.Set<AppEnvironment>().AnyAsync(e => e.AppId == app.Id && e.Slug == slug, cancellationToken))
        {
            throw new PortalException(Refusal.Unavailable, "What ran there before is still being removed.");
        }
        var template = await db.Set<AppEnvironment>().SingleOrDefaultAsync(e => e.AppId == app.Id && e.Kind == EnvironmentKind.PreviewTemplate && e.DeletedAt == null, cancellationToken);
        var now = time.GetUtcNow();
        var environment = new AppEnvironment
        {
            Id = Guid.CreateVersion7(now),
            AppId = app.Id,
            TeamId = app.TeamId,
            Slug = slug,
            Kind = EnvironmentKind.Preview,
            VariablesFrom = template?.Id,
            WithoutSecrets = preview.IsFork,
            Scale = template?.Scale ?? new(),
            HealthPath = template?.HealthPath,
            DeployOn = [],
            CreatedAt = now,
            StatusAt = now,
            Status = CoreJson.Write(Status.Of(Severity.Working, "The pull request's first build is about to start")),
        };
        db.Add(environment);
        jobs.Enqueue(db, EnvironmentService.EnvironmentJob(environment));
        (preview.EnvironmentId, preview.State, preview.Ended, preview.EndedByClosing, preview.ActiveAt) = (environment.Id, PreviewState.Active, null, false, now);
        audit.Record(db, Machine, "preview.create", $"{app.Slug} {slug}", app.TeamId, app.Id, after: new { preview.Number, preview.Author, preview.IsFork, preview.Head });
        db.Signal(LiveTopics.App, app.Id);
        db.Signal(LiveTopics.Environment, environment.Id);
        return true;
    }

    private async Task RunCodeAsync(PortalDbContext db, App app, Preview preview, CancellationToken cancellationToken)
    {
        // Just made, or of before; never written twice.
        var environment = db.Set<AppEnvironment>().Local.FirstOrDefault(e => e.Id == preview.EnvironmentId)
            ?? await db.Set<AppEnvironment>().SingleOrDefaultAsync(e => e.Id == preview.EnvironmentId && e.DeletedAt == null, cancellationToken);
        if (environment is null)
        {
            return;
        }
        if (preview.IsFork)
        {
            environment.WithoutSecrets = true;
        }
        var approved = !preview.IsFork || preview.ApprovedCommit == preview.Head;
        preview.State = approved ? PreviewState.Active : PreviewState.Waiting;
        db.Signal(LiveTopics.App, app.Id);
        db.Signal(LiveTopics.Environment, environment.Id);
        if (!approved)
        {
            if (environment.LiveReleaseId is null && environment.DesiredReleaseId is null)
            {
                environment.Status = CoreJson.Write(Status.Of(Severity.Asleep, "Waits for approval", $"Pull request {preview.Number} comes from a fork, so nothing of it is built before somebody has read it.",
                    "Read the commit, then approve it on the app's overview."));
                environment.StatusAt = time.GetUtcNow();
            }
            return;
        }
        if (await db.Set<Build>().AnyAsync(b => b.EnvironmentId == environment.Id && b.Commit == preview.Head, cancellationToken))
        {
            return;
        }
        await builds.RequestAsync(db, new BuildRequest(app, environment, RefOf(preview.Number), preview.Head, preview.Title, preview.Author, DeployTrigger.PullRequest,
            string.Create(CultureInfo.InvariantCulture, $"pull request {preview.Number}{(preview.IsFork ? $", approved by {preview.ApprovedBy}" : "")}")), cancellationToken);
    }

    /// <summary>Ends what runs; the comment says why.</summary>
    internal async Task RemoveAsync(PortalDbContext db, App app, Preview preview, string why, Actor actor, CancellationToken cancellationToken)
    {
        preview.State = PreviewState.Removed;
        preview.Ended = why;
        preview.EndedByClosing = false;
        var environment = await db.Set<AppEnvironment>().SingleOrDefaultAsync(e => e.Id == preview.EnvironmentId && e.DeletedAt == null, cancellationToken);
        if (environment is not null)
        {
            environment.DeletedAt = time.GetUtcNow();
            foreach (var build in await db.Set<Build>().Where(b => b.EnvironmentId == environment.Id && (b.State == BuildState.Queued || b.State == BuildState.Running)).ToListAsync(cancellationToken))
            {
                if (build.State == BuildState.Queued)
                {
                    (build.State, build.Reason, build.EndedAt) = (BuildState.Cancelled, why, time.GetUtcNow());
                }
                jobs.Cancel(db, JobKinds.Build, build.Id.ToString(), why);
            }
            jobs.Enqueue(db, EnvironmentService.EnvironmentJob(environment));
            jobs.Enqueue(db, ReportHandler.JobOf(environment.Id));
        }
        audit.Record(db, actor, "preview.remove", string.Create(CultureInfo.InvariantCulture, $"{app.Slug} pr-{preview.Number}"), app.TeamId, app.Id, after: new { why });
        db.Signal(LiveTopics.App, app.Id);
    }

    /// <summary>GitHub keeps a pull request's head under this name, also of forks.</summary>
    internal static string RefOf(int number) => string.Create(CultureInfo.InvariantCulture, $"refs/pull/{number}/head");
}
