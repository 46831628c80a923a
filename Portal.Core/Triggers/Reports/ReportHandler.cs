using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git;
using Portal.Core.Git.GitHub;
using Portal.Core.Jobs;
using Portal.Core.Live;
using Portal.Core.Releases;
using Portal.Core.Teams;
using Portal.Core.Triggers.Previews;

namespace Portal.Core.Triggers.Reports;

/// <summary>
/// Tells the git host how the builds and releases of one environment are: an outbox that keeps what was said and says what
/// differs, so that nothing is lost, nothing said twice, and progress that came and went meanwhile is left out. It has its
/// own lane: a slow host holds up no deploy.
/// </summary>
internal sealed class ReportHandler(IDbContextFactory<PortalDbContext> contexts, GitHubReporter reporter, GitHubPulls pulls, JobQueue jobs, Addresses addresses, PortalOptions options, TimeProvider time) : IJobHandler
{
    /// <summary>Newest builds and releases of an environment that are looked at.</summary>
    private const int MostSubjects = 30;

    /// <summary>Progress of one subject is told no more often; its end always at once.</summary>
    private static readonly TimeSpan Progress = TimeSpan.FromSeconds(15);

    private const string Removed = "The environment was removed.";

    private static readonly TimeSpan Recent = TimeSpan.FromDays(7);

    public string Kind => JobKinds.Report;

    public static JobRequest JobOf(Guid environment, TimeSpan delay = default) =>
        new(JobKinds.Report, environment.ToString()) { Lane = $"report:{environment}", Delay = delay, MaxAttempts = 20, TimeLimit = TimeSpan.FromMinutes(5) };

    private sealed record Subject(Guid Id, ReportKind Kind, CommitReport? Check, DeploymentReport? Deployment)
    {
        public ReportState State => Check?.State ?? Deployment!.State;

        public bool IsFinal => State is not (ReportState.Queued or ReportState.InProgress);

        public string Fingerprint => ReportHandler.Fingerprint(Check is not null ? $"{Check}" : $"{Deployment}");
    }

    public async Task RunAsync(JobContext context, CancellationToken cancellationToken)
    {
        var id = Guid.Parse(context.Job.Key);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await db.Set<GitReport>().Where(r => r.EnvironmentId == id).ToDictionaryAsync(r => r.SubjectId, cancellationToken);
        var place = await (from e in db.Set<AppEnvironment>()
                           join a in db.Set<App>() on e.AppId equals a.Id
                           join t in db.Set<Team>() on a.TeamId equals t.Id
                           where e.Id == id && e.DeletedAt == null && a.DeletedAt == null
                           select new { Environment = e, App = a, Team = t }).AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        if (place?.App is { ConnectionId: { } connection, InstallationId: { } installation, RepositoryId: { } repository })
        {
            var words = new ReportWords.Place(place.Team.Slug, place.App.Slug, place.Environment.Slug, addresses.Of(place.Team.Slug, place.App.Slug, place.Environment.Slug), options.PublicUrl, place.Environment.Kind == EnvironmentKind.Preview);
            var key = new RepositoryKey(connection, installation, repository);
            var again = false;
            foreach (var subject in await SubjectsAsync(db, id, words, cancellationToken))
            {
                again |= await TellAsync(db, id, key, subject, rows.GetValueOrDefault(subject.Id), cancellationToken);
            }
            await CommentAsync(db, id, words, place.Environment, cancellationToken);
            if (again)
            {
                await context.CommitAsync(own =>
                {
                    jobs.Enqueue(own, JobOf(id, Progress));
                    return Task.CompletedTask;
                }, cancellationToken);
            }
            return;
        }
        await EndAsync(db, rows.Values, cancellationToken);
        await CommentAsync(db, id, null, null, cancellationToken);
    }

    /// <summary>What a pull request's readers are told; once it is gone too.</summary>
    private async Task CommentAsync(PortalDbContext db, Guid id, ReportWords.Place? place, AppEnvironment? environment, CancellationToken cancellationToken)
    {
        var row = await (from p in db.Set<Preview>()
                         join a in db.Set<App>() on p.AppId equals a.Id
                         join t in db.Set<Team>() on a.TeamId equals t.Id
                         where p.EnvironmentId == id
                         select new { Preview = p, App = a, Team = t }).SingleOrDefaultAsync(cancellationToken);
        if (row?.App is not { ConnectionId: { } connection, InstallationId: { } installation, RepositoryId: { } repository })
        {
            return;
        }
        var status = CoreJson.Read<Status>(environment?.Status);
        var live = await db.Set<Release>().Where(r => environment != null && r.Id == environment.LiveReleaseId).Select(r => r.Commit).SingleOrDefaultAsync(cancellationToken);
        var failed = await db.Set<Build>().Where(b => b.EnvironmentId == id && b.Commit == row.Preview.Head && b.State == BuildState.Failed).OrderByDescending(b => b.Number).Select(b => b.Reason).FirstOrDefaultAsync(cancellationToken);
        var name = $"{row.Team.Slug}/{row.App.Slug}";
        var text = PreviewWords.Comment(row.Preview, name, place?.Address ?? "", $"{options.PublicUrl}/{name}", live, failed, status);
        var fingerprint = Fingerprint(text);
        if (row.Preview.CommentSent == fingerprint)
        {
            return;
        }
        try
        {
            row.Preview.CommentId = await pulls.CommentAsync(new RepositoryKey(connection, installation, repository), row.Preview.Number, PreviewWords.Marker(row.Preview), text, row.Preview.CommentId, cancellationToken);
        }
        catch (PortalException e) when (e.Refusal != Refusal.Unavailable)
        {
            // The conversation is locked, or the pull request is gone: nobody to tell.
        }
        row.Preview.CommentSent = fingerprint;
        await db.SaveAsync(cancellationToken);
    }

    private static string Fingerprint(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    public Task GiveUpAsync(PortalDbContext db, Job job, string reason, CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task<List<Subject>> SubjectsAsync(PortalDbContext db, Guid environment, ReportWords.Place place, CancellationToken cancellationToken)
    {
        var since = time.GetUtcNow() - Recent;
        var builds = await db.Set<Build>().AsNoTracking().Where(b => b.EnvironmentId == environment && b.Commit != null && b.QueuedAt > since)
            .OrderByDescending(b => b.Number).Take(MostSubjects).ToListAsync(cancellationToken);
        var ids = builds.Select(b => b.Id).ToList();
        var releases = await db.Set<Release>().AsNoTracking().Where(r => r.EnvironmentId == environment && (r.CreatedAt > since || (r.BuildId != null && ids.Contains(r.BuildId.Value))))
            .OrderByDescending(r => r.Version).Take(MostSubjects * 2).ToListAsync(cancellationToken);
        var subjects = new List<Subject>();
        foreach (var build in builds.OrderBy(b => b.Number))
        {
            if (ReportWords.Of(place, build, releases.Find(r => r.BuildId == build.Id)) is { } check)
            {
                subjects.Add(new Subject(build.Id, ReportKind.Build, check, null));
            }
        }
        foreach (var release in releases.OrderBy(r => r.Version))
        {
            subjects.Add(new Subject(release.Id, ReportKind.Release, null, ReportWords.Of(place, release, builds.Find(b => b.Id == release.BuildId)?.Number)));
        }
        return subjects;
    }

    /// <returns>Whether it has to be looked at again later.</returns>
    private async Task<bool> TellAsync(PortalDbContext db, Guid environment, RepositoryKey key, Subject subject, GitReport? row, CancellationToken cancellationToken)
    {
        // A deploy that ended before it was ever told needs no entry at the host.
        if (row?.Sent == subject.Fingerprint || (row is null && subject is { Kind: ReportKind.Release, State: ReportState.Inactive or ReportState.Cancelled }))
        {
            return false;
        }
        if (!subject.IsFinal && row?.SentAt is { } sent && time.GetUtcNow() - sent < Progress)
        {
            return true;
        }
        if (row is null)
        {
            row = new GitReport
            {
                SubjectId = subject.Id,
                Kind = subject.Kind,
                EnvironmentId = environment,
                ConnectionId = key.Connection,
                InstallationId = key.Installation,
                RepositoryId = key.Repository,
                Name = subject.Check?.Name ?? subject.Deployment!.Environment,
                Commit = subject.Check?.Commit ?? subject.Deployment!.Commit,
            };
            db.Add(row);
        }
        row.InstallationId = key.Installation;
        try
        {
            row.ExternalId = subject.Check is { } check
                ? await reporter.SendAsync(key, check, row.ExternalId, cancellationToken)
                : await reporter.SendAsync(key, subject.Deployment!, row.ExternalId, cancellationToken);
            row.Problem = null;
        }
        catch (PortalException e) when (e.Refusal != Refusal.Unavailable)
        {
            row.Problem = RepositoryText.Clean(e.Message, 600);
        }
        (row.Sent, row.SentState, row.SentAt) = (subject.Fingerprint, subject.State, time.GetUtcNow());
        db.Signal(LiveTopics.System, Guid.Empty);
        await db.SaveAsync(cancellationToken);
        return false;
    }

    /// <summary>The environment is gone: what the host believes to run or to be under way is ended there, and what was said is forgotten.</summary>
    private async Task EndAsync(PortalDbContext db, IEnumerable<GitReport> rows, CancellationToken cancellationToken)
    {
        foreach (var row in rows.OrderBy(r => r.SubjectId))
        {
            var key = new RepositoryKey(row.ConnectionId, row.InstallationId, row.RepositoryId);
            var underWay = row.SentState is ReportState.Queued or ReportState.InProgress;
            try
            {
                if (row is { Kind: ReportKind.Build, ExternalId: { } check } && underWay)
                {
                    await reporter.SendAsync(key, new CommitReport(row.Name, row.Commit, row.SubjectId.ToString(), ReportState.Cancelled, Removed, Removed, options.PublicUrl, null, time.GetUtcNow()), check, cancellationToken);
                }
                else if (row is { Kind: ReportKind.Release, ExternalId: { } deployment } && (underWay || row.SentState == ReportState.Success))
                {
                    await reporter.SendAsync(key, new DeploymentReport(row.Name, row.Commit, row.SubjectId.ToString(), ReportState.Inactive, Removed, options.PublicUrl, null, false, false), deployment, cancellationToken);
                }
            }
            catch (PortalException e) when (e.Refusal != Refusal.Unavailable)
            {
                // The host does not know it any more either.
            }
            db.Remove(row);
            await db.SaveAsync(cancellationToken);
        }
    }
}
