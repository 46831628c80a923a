using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Runtimes;
using Portal.Core.Teams;
using Portal.Core.Variables;

namespace Portal.Core.Releases;

/// <summary>A release with what it takes to run it.</summary>
internal sealed record Runnable(Release Release, BuildPlan Plan, Workload Workload)
{
    public bool HasWeb => Workload.Processes.Any(p => p.Name == ProcessNames.Web);
}

/// <summary>What is desired for one environment, read just now.</summary>
/// <param name="Mask">Hides the environment's secrets in an app's last lines.</param>
/// <param name="Previous">The number of the release that was live before, with its files still there: what one can roll back to.</param>
/// <param name="Newest">The release with the highest number, for a failure that is worth telling.</param>
internal sealed record RollOutFacts(AppEnvironment Environment, string Host, string Label, Runnable? Desired, Runnable? Live, Release? Newest, int? Previous, SecretMask Mask);

/// <summary>Reads the facts that a roll-out needs.</summary>
internal sealed class RollOutReader(IDbContextFactory<PortalDbContext> contexts, VariableStore variables, Addresses addresses, PortalOptions options)
{
    /// <summary>Null when the environment is gone.</summary>
    public async Task<RollOutFacts?> ReadAsync(Guid place, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await (from e in db.Set<AppEnvironment>().AsNoTracking()
                         join a in db.Set<App>().AsNoTracking() on e.AppId equals a.Id
                         join t in db.Set<Team>().AsNoTracking() on a.TeamId equals t.Id
                         where e.Id == place
                         select new { Environment = e, App = a, Team = t }).SingleOrDefaultAsync(cancellationToken);
        if (row is null)
        {
            return null;
        }
        var (team, app, environment) = (row.Team.Slug, row.App.Slug, row.Environment);
        var label = $"{team}/{app}/{environment.Slug}";
        var secrets = (await variables.OpenAsync(db, place, forBuild: false, cancellationToken)).Secrets;
        var newest = await db.Set<Release>().AsNoTracking().Where(r => r.EnvironmentId == place).OrderByDescending(r => r.Version).FirstOrDefaultAsync(cancellationToken);
        var neighbours = await (from a in db.Set<App>()
                                join e in db.Set<AppEnvironment>() on a.Id equals e.AppId
                                where a.TeamId == row.App.TeamId && a.Id != row.App.Id && a.DeletedAt == null && e.DeletedAt == null && e.Slug == environment.Slug
                                select a.Slug).ToDictionaryAsync(slug => slug, slug => addresses.Of(team, slug, environment.Slug), cancellationToken);
        var previous = await (from r in db.Set<Release>()
                              join a in db.Set<Artifact>() on r.ArtifactId equals a.Id
                              where r.EnvironmentId == place && r.LiveAt != null && r.Id != environment.LiveReleaseId && a.RemovedAt == null
                              orderby r.LiveAt descending
                              select (int?)r.Version).FirstOrDefaultAsync(cancellationToken);
        return new RollOutFacts(environment, Addresses.Label(team, app, environment.Slug), label,
            await RunnableAsync(environment.DesiredReleaseId), environment.LiveReleaseId == environment.DesiredReleaseId ? null : await RunnableAsync(environment.LiveReleaseId), newest, previous,
            new SecretMask(await variables.SecretValuesAsync(db, place, cancellationToken)));

        async Task<Runnable?> RunnableAsync(Guid? id)
        {
            if (id is null)
            {
                return null;
            }
            var release = await db.Set<Release>().AsNoTracking().SingleAsync(r => r.Id == id, cancellationToken);
            var artifact = await db.Set<Artifact>().AsNoTracking().SingleAsync(a => a.Id == release.ArtifactId, cancellationToken);
            var plan = CoreJson.Read<BuildPlan>(artifact.Plan) ?? throw new InvalidOperationException($"The plan of artifact {artifact.Id} cannot be read.");
            var workload = WorkloadPlan.Of(label, addresses.Of(team, app, environment.Slug), environment, release, plan,
                Path.Combine(options.Artifacts, artifact.Location), secrets, neighbours);
            return new Runnable(release, plan, workload with { DiskMb = options.Limits.AppDiskMb });
        }
    }

    /// <summary>Whether a release is still the desired one and still being rolled out.</summary>
    public async Task<bool> IsWantedAsync(Guid place, Guid release, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Set<AppEnvironment>().AnyAsync(e => e.Id == place && e.DesiredReleaseId == release && e.DeletedAt == null, cancellationToken);
    }
}
