using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Releases;

namespace Portal.Core.Triggers;

/// <param name="EnvironmentId">Guid.Empty when no environment was concerned.</param>
public sealed record DecidedFor(Guid EnvironmentId, string? Environment, bool Deploys, string Reason, Guid? BuildId);

/// <param name="HasWeb">False for an app that only works in the background: it has no address.</param>
public sealed record BuildProgress(Guid Id, int Number, BuildState State, string? Reason, Status? Failure, Release? Release, bool HasWeb)
{
    /// <summary>Nothing more will happen.</summary>
    public bool HasEnded => State switch
    {
        BuildState.Queued or BuildState.Running => false,
        // A build that is not released says why.
        BuildState.Succeeded when Release is null => Reason is not null,
        BuildState.Succeeded => Release!.State is not (ReleaseState.Pending or ReleaseState.RollingOut),
        _ => true,
    };
}

/// <summary>What has become of a push so far, for whoever waits at its end. The caller has been let in already.</summary>
public sealed class PushProgress(IDbContextFactory<PortalDbContext> contexts)
{
    /// <summary>Null while any of the pushes is undecided.</summary>
    public async Task<IReadOnlyList<DecidedFor>?> DecisionsAsync(IReadOnlyList<Guid> pushes, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (await db.Set<Push>().AnyAsync(p => pushes.Contains(p.Id) && p.State == PushState.Received, cancellationToken))
        {
            return null;
        }
        return await (from d in db.Set<PushDecision>().AsNoTracking()
                      where pushes.Contains(d.PushId)
                      join e in db.Set<AppEnvironment>() on d.EnvironmentId equals e.Id into environments
                      from e in environments.DefaultIfEmpty()
                      orderby d.PushId, e.CreatedAt
                      select new DecidedFor(d.EnvironmentId, e == null ? null : e.Slug, d.Deploys, d.Reason, d.BuildId)).ToListAsync(cancellationToken);
    }

    public async Task<BuildProgress> BuildAsync(Guid build, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await db.Set<Build>().AsNoTracking().SingleAsync(b => b.Id == build, cancellationToken);
        var release = row.State == BuildState.Succeeded
            ? await db.Set<Release>().AsNoTracking().Where(r => r.BuildId == build).OrderBy(r => r.Version).FirstOrDefaultAsync(cancellationToken)
            : null;
        return new BuildProgress(row.Id, row.Number, row.State, row.Reason, CoreJson.Read<Status>(row.Failure), release,
            CoreJson.Read<BuildPlan>(row.Plan)?.Processes.Any(p => p.Name == ProcessNames.Web) ?? true);
    }

    /// <summary>The log's pieces from <paramref name="from"/> on, in order, at most 200.</summary>
    public async Task<IReadOnlyList<BuildLogChunk>> LogAsync(Guid build, int from, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Set<BuildLogChunk>().AsNoTracking().Where(c => c.BuildId == build && c.Sequence >= from)
            .OrderBy(c => c.Sequence).Take(200).ToListAsync(cancellationToken);
    }
}
