using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Data;

namespace Portal.Core.Releases;

/// <summary>Everything up to <paramref name="Revision"/>, read at one instant.</summary>
public sealed record RouteSnapshot(long Revision, IReadOnlyList<Route> Routes);

/// <summary>States of a route without targets; the gateway has a page for each.</summary>
public static class RouteStates
{
    public const string Live = "live";
    public const string Starting = "starting";
    public const string Down = "down";
    public const string NothingDeployed = "nothing-deployed";

    /// <summary>The next request wakes it.</summary>
    public const string Asleep = "asleep";
}

/// <summary>
/// Where addresses lead. The roll-out writes a route and gets its revision, waits until every living gateway has
/// applied it; what older routes led to may be stopped when the requests that these had sent there have ended.
/// </summary>
public sealed class RouteTable(IDbContextFactory<PortalDbContext> contexts, GatewayWatch watch, TimeProvider time)
{
    /// <summary>How long a lost wake-up can delay an answer.</summary>
    private static readonly TimeSpan Fallback = TimeSpan.FromMilliseconds(500);

    /// <summary>Leads <paramref name="host"/> to <paramref name="targets"/> with the commit of the caller's transaction, or of its own when there is none.</summary>
    /// <param name="host">The label before the apps domain.</param>
    /// <param name="targets"><c>127.0.0.1:20417</c> …; empty: <paramref name="state"/> says why nothing serves.</param>
    /// <returns>The revision to wait for.</returns>
    public async Task<long> SetAsync(PortalDbContext db, Guid environmentId, string host, int releaseVersion,
        IReadOnlyList<string> targets, string state, CancellationToken cancellationToken) =>
        await ChangeAsync(db, async revision =>
        {
            var list = targets.ToList();
            // A new environment may take the address of one that was deleted.
            await db.Set<Route>().Where(r => r.Host == host && r.EnvironmentId != environmentId).ExecuteDeleteAsync(cancellationToken);
            var known = await db.Set<Route>().Where(r => r.EnvironmentId == environmentId).ExecuteUpdateAsync(set => set
                .SetProperty(r => r.Host, host).SetProperty(r => r.ReleaseVersion, releaseVersion).SetProperty(r => r.Targets, list)
                .SetProperty(r => r.State, state).SetProperty(r => r.Revision, revision), cancellationToken);
            if (known == 0)
            {
                db.Add(new Route
                {
                    EnvironmentId = environmentId,
                    Host = host,
                    ReleaseVersion = releaseVersion,
                    Targets = list,
                    State = state,
                    Revision = revision,
                });
            }
        }, cancellationToken);

    /// <summary>The address leads nowhere any more.</summary>
    public async Task<long> RemoveAsync(PortalDbContext db, Guid environmentId, CancellationToken cancellationToken) =>
        await ChangeAsync(db, _ => db.Set<Route>().Where(r => r.EnvironmentId == environmentId).ExecuteDeleteAsync(cancellationToken), cancellationToken);

    public async Task<RouteSnapshot> ReadAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        // One snapshot for both reads: a route newer than the revision would be acknowledged too early.
        await using var snapshot = await db.Database.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        var revision = await db.Set<RouteRevision>().Select(r => r.Revision).SingleAsync(cancellationToken);
        var routes = await db.Set<Route>().AsNoTracking().ToListAsync(cancellationToken);
        return new RouteSnapshot(revision, routes);
    }

    /// <summary>True as soon as every gateway with a live lease has applied <paramref name="revision"/>; false after <paramref name="timeout"/>.</summary>
    public Task<bool> WaitAcknowledgedAsync(long revision, TimeSpan timeout, CancellationToken cancellationToken) =>
        WaitAsync(g => g.AppliedRevision < revision, timeout, cancellationToken);

    /// <summary>
    /// True as soon as every living gateway has applied <paramref name="revision"/> and no request is in flight that a route
    /// which it replaced had sent to this release; false after <paramref name="timeout"/>. Other releases play no part.
    /// </summary>
    public Task<bool> WaitDrainedAsync(Guid environmentId, int releaseVersion, long revision, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var passage = Gateway.Passage(environmentId, releaseVersion);
        return WaitAsync(g => g.AppliedRevision < revision || g.Draining.Contains(passage), timeout, cancellationToken);
    }

    private async Task<bool> WaitAsync(Expression<Func<Gateway, bool>> behind, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var changed = watch.Changed;
            var now = time.GetUtcNow();
            await using (var db = await contexts.CreateDbContextAsync(cancellationToken))
            {
                if (!await db.Set<Gateway>().Where(g => g.LeaseUntil > now).AnyAsync(behind, cancellationToken))
                {
                    return true;
                }
            }
            var left = timeout - time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
            {
                return false;
            }
            await changed.WaitAsync(left < Fallback ? left : Fallback, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private static async Task<long> ChangeAsync(PortalDbContext db, Func<long, Task> change, CancellationToken cancellationToken)
    {
        await using var own = db.Database.CurrentTransaction is null ? await db.Database.BeginTransactionAsync(cancellationToken) : null;
        await db.Set<RouteRevision>().ExecuteUpdateAsync(set => set.SetProperty(r => r.Revision, r => r.Revision + 1), cancellationToken);
        var revision = await db.Set<RouteRevision>().Select(r => r.Revision).SingleAsync(cancellationToken);
        await change(revision);
        db.Wake(Signals.RoutesChannel);
        await db.SaveChangesAsync(cancellationToken);
        if (own is not null)
        {
            await own.CommitAsync(cancellationToken);
        }
        return revision;
    }
}

public static class RouteTableSetup
{
    /// <summary>For the host that waits for gateways. Needs the data, <see cref="SignalListener"/> and <see cref="TimeProvider"/>.</summary>
    public static IServiceCollection AddRouteTable(this IServiceCollection services) =>
        services.AddSingleton<RouteTable>().AddSingleton<GatewayWatch>()
            .AddHostedService(provider => provider.GetRequiredService<GatewayWatch>());
}
