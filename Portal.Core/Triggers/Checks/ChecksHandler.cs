using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git.GitHub;
using Portal.Core.Jobs;
using Portal.Core.Live;
using Portal.Core.Releases;

namespace Portal.Core.Triggers.Checks;

/// <summary>
/// Looks at the checks of a commit that is built and waits to be released. Told that something may have changed, and every
/// minute in case nobody told.
/// </summary>
internal sealed class ChecksHandler(IDbContextFactory<PortalDbContext> contexts, GitHubChecks checks, GitHubPulls pulls, ReleaseService releases, JobQueue jobs, TimeProvider time) : IJobHandler
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan AgainSoon = TimeSpan.FromSeconds(10);

    public string Kind => JobKinds.Checks;

    public async Task RunAsync(JobContext context, CancellationToken cancellationToken)
    {
        var id = Guid.Parse(context.Job.Key);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await (from b in db.Set<Build>().AsNoTracking()
                         join e in db.Set<AppEnvironment>().AsNoTracking() on b.EnvironmentId equals e.Id
                         where b.Id == id && b.WaitsForChecksSince != null
                         select new { Build = b, e.WaitForChecks }).SingleOrDefaultAsync(cancellationToken);
        if (row is not { Build: { WaitsForChecksSince: { } since, Commit: { } commit } build })
        {
            return;
        }
        var waited = time.GetUtcNow() - since;
        CheckVerdict verdict;
        try
        {
            verdict = row.WaitForChecks is not { } rule ? CheckVerdict.Release
                : CheckVerdict.Of(rule, await checks.ReadAsync(await pulls.KeyAsync(build.AppId, cancellationToken), commit, Reports.ReportWords.ContextPrefix, cancellationToken), waited);
        }
        catch (PortalException e) when (e.Refusal != Refusal.Unavailable)
        {
            verdict = new CheckVerdict(false, $"Built, but not released: the commit's checks could not be read. {e.Message}");
        }
        await context.CommitAsync(async own =>
        {
            var kept = await own.Set<Build>().SingleAsync(b => b.Id == id, cancellationToken);
            if (kept.WaitsForChecksSince is null)
            {
                return;
            }
            if (verdict.Waits)
            {
                kept.Reason = verdict.Reason;
                jobs.Enqueue(own, ReleaseService.ChecksJob(kept, waited < CheckVerdict.Unchecked ? AgainSoon : Again));
            }
            else
            {
                kept.WaitsForChecksSince = null;
                kept.Reason = verdict.Reason
                    ?? await releases.ReleaseCheckedAsync(own, kept, await own.Set<Artifact>().SingleAsync(a => a.Id == kept.ArtifactId, cancellationToken), cancellationToken);
            }
            own.Signal(LiveTopics.Build, kept.Id);
            own.Signal(LiveTopics.App, kept.AppId);
            own.Signal(LiveTopics.Environment, kept.EnvironmentId);
        }, cancellationToken);
    }

    public async Task GiveUpAsync(PortalDbContext db, Job job, string reason, CancellationToken cancellationToken)
    {
        var build = await db.Set<Build>().SingleOrDefaultAsync(b => b.Id == Guid.Parse(job.Key) && b.WaitsForChecksSince != null, cancellationToken);
        if (build is not null)
        {
            (build.WaitsForChecksSince, build.Reason) = (null, $"Built, but not released: the commit's checks could not be read. {reason}");
            db.Signal(LiveTopics.Build, build.Id);
        }
    }
}
