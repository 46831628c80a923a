using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Live;
using Portal.Core.Runtimes;
using Portal.Core.Variables;

namespace Portal.Core.Releases;

/// <summary>Removes a deleted app: addresses, instances, builds, rows and files, in an order that may be repeated from the start.</summary>
internal sealed class RemoveAppHandler(IDbContextFactory<PortalDbContext> contexts, IRuntime runtime, RouteTable routes, JobQueue jobs, AddOnServer addOns, PortalOptions options) : IJobHandler
{
    public string Kind => JobKinds.RemoveApp;

    public async Task RunAsync(JobContext context, CancellationToken cancellationToken)
    {
        var id = Guid.Parse(context.Job.Key);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var app = await db.Set<App>().AsNoTracking().SingleOrDefaultAsync(a => a.Id == id, cancellationToken);
        if (app?.DeletedAt is null)
        {
            return;
        }
        var environments = await db.Set<AppEnvironment>().Where(e => e.AppId == id).Select(e => e.Id).ToListAsync(cancellationToken);
        await context.CommitAsync(async commit =>
        {
            foreach (var build in await commit.Set<Build>().Where(b => b.AppId == id && (b.State == BuildState.Queued || b.State == BuildState.Running)).ToListAsync(cancellationToken))
            {
                jobs.Cancel(commit, JobKinds.Build, build.Id.ToString(), "The app was deleted.");
            }
            foreach (var environment in environments)
            {
                await routes.RemoveAsync(commit, environment, cancellationToken);
            }
        }, cancellationToken);
        foreach (var environment in environments)
        {
            foreach (var key in (await runtime.ObserveAsync(environment, cancellationToken)).Instances.Select(i => i.Key).Distinct())
            {
                await runtime.StopAsync(key, TimeSpan.FromSeconds(options.Limits.DrainSeconds), cancellationToken);
            }
            await addOns.DropAllAsync(db, environment, cancellationToken);
        }
        var folders = (await db.Set<Artifact>().Where(a => a.AppId == id).Select(a => a.Location).ToListAsync(cancellationToken))
            .Select(l => Path.Combine(options.Artifacts, l))
            .Append(Path.Combine(options.Caches, id.ToString("n")))
            .Append(Path.Combine(options.Repositories, $"{id}.git"));
        foreach (var folder in folders.Where(Directory.Exists))
        {
            Directory.Delete(folder, recursive: true);
        }
        await context.CommitAsync(async commit =>
        {
            await commit.Set<Release>().Where(r => r.AppId == id).ExecuteDeleteAsync(cancellationToken);
            await commit.Set<App>().Where(a => a.Id == id).ExecuteDeleteAsync(cancellationToken);
            commit.Signal(LiveTopics.Team, app.TeamId);
        }, cancellationToken);
    }

    public Task GiveUpAsync(PortalDbContext db, Job job, string reason, CancellationToken cancellationToken) => Task.CompletedTask;
}
