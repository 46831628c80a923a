using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Releases;

/// <summary>
/// Says when instances that left the address may be stopped, and lets the roll-out look again at that moment: when the last
/// request on its way to them has ended, or has had its time. No job waits meanwhile. What it remembers it learns anew from
/// the next look at the environment, so a worker's death costs a release some time and nothing else.
/// </summary>
public sealed class DrainWatch(IDbContextFactory<PortalDbContext> contexts, RouteTable routes, GatewayWatch gateways, ConvergeRequests requests,
    LimitOptions limits, TimeProvider time, ILogger<DrainWatch> logger) : BackgroundService
{
    /// <summary>How long a lost wake-up can delay a stop.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    /// <summary>How long a release that had its time is remembered, in case nobody came to stop it.</summary>
    private static readonly TimeSpan Remember = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<(Guid Place, int Version), Leaving> _leaving = new();
    private readonly SemaphoreSlim _wake = new(0, 1);

    /// <param name="Revision">The routes' revision that led away from it.</param>
    /// <param name="Until">Then it is stopped although requests are left.</param>
    private sealed record Leaving(long Revision, DateTimeOffset Until);

    /// <summary>True when no living gateway can have a request on its way to this release's leaving instances, or those that there are had their time.</summary>
    public async Task<bool> MayStopAsync(Guid place, int version, CancellationToken cancellationToken)
    {
        long revision;
        await using (var db = await contexts.CreateDbContextAsync(cancellationToken))
        {
            revision = await db.Set<Route>().Where(r => r.EnvironmentId == place).Select(r => (long?)r.Revision).SingleOrDefaultAsync(cancellationToken)
                ?? await db.Set<RouteRevision>().Select(r => r.Revision).SingleAsync(cancellationToken);
        }
        var now = time.GetUtcNow();
        var leaving = _leaving.AddOrUpdate((place, version), new Leaving(revision, now + TimeSpan.FromSeconds(limits.DrainSeconds)), (_, known) => known with { Revision = revision });
        if (await IsDueAsync(place, version, leaving, cancellationToken))
        {
            _leaving.TryRemove((place, version), out _);
            return true;
        }
        Wake();
        return false;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var changed = gateways.Changed;
            try
            {
                foreach (var (release, leaving) in _leaving)
                {
                    await LookAsync(release, leaving, stoppingToken);
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogWarning(e, "Gateways could not be asked; asking again");
            }
            await WaitAsync(changed, stoppingToken);
        }
    }

    private async Task LookAsync((Guid Place, int Version) release, Leaving leaving, CancellationToken cancellationToken)
    {
        if (!await IsDueAsync(release.Place, release.Version, leaving, cancellationToken))
        {
            return;
        }
        if (leaving.Until > time.GetUtcNow() || leaving.Until + Remember < time.GetUtcNow())
        {
            // Empty, which the look that is asked for finds out for itself; or nothing of it runs any more.
            _leaving.TryRemove(release, out _);
        }
        await requests.AskAsync(release.Place, cancellationToken);
    }

    private async Task WaitAsync(Task changed, CancellationToken stoppingToken)
    {
        if (_leaving.IsEmpty)
        {
            await _wake.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }
        await changed.WaitAsync(LookAgain, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<bool> IsDueAsync(Guid place, int version, Leaving leaving, CancellationToken cancellationToken) =>
        leaving.Until <= time.GetUtcNow() || await routes.WaitDrainedAsync(place, version, leaving.Revision, TimeSpan.Zero, cancellationToken);

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // A wake-up is pending already.
        }
    }
}
