using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;
using GatewayRow = Portal.Core.Releases.Gateway;

namespace Portal.Web.Gateway;

/// <summary>
/// Tells the database that this gateway lives and how far it is: at once when it got further, otherwise every few
/// seconds. Registered before the first request is taken, so that no roll-out overlooks it; taken back at a clean stop.
/// </summary>
internal sealed class GatewayLease(HostTableHolder table, IDbContextFactory<PortalDbContext> contexts, TimeProvider time, ILogger<GatewayLease> logger)
    : BackgroundService
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan FirstWrite = TimeSpan.FromSeconds(5);

    private readonly Guid _id = Guid.CreateVersion7();
    private bool _away;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(FirstWrite);
        await WriteAsync(limit.Token);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var progress = table.Progress;
            await WriteAsync(stoppingToken);
            await progress.WaitAsync(Renewal, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            await db.Set<GatewayRow>().Where(g => g.Id == _id).ExecuteDeleteAsync(cancellationToken);
            db.Wake(Signals.GatewaysChannel);
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (Exception e) when (e is System.Data.Common.DbException or TimeoutException or OperationCanceledException)
        {
            logger.LogDebug(e, "The lease could not be taken back; it expires");
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            var (applied, draining) = table.Reached();
            var now = time.GetUtcNow();
            var until = now + Lease;
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            var changed = await db.Set<GatewayRow>().Where(g => g.Id == _id && (g.AppliedRevision != applied || g.Draining != draining))
                .ExecuteUpdateAsync(set => set.SetProperty(g => g.AppliedRevision, applied).SetProperty(g => g.Draining, draining)
                    .SetProperty(g => g.LeaseUntil, until), cancellationToken) > 0;
            if (!changed && await db.Set<GatewayRow>().Where(g => g.Id == _id)
                .ExecuteUpdateAsync(set => set.SetProperty(g => g.LeaseUntil, until), cancellationToken) == 0)
            {
                await db.Set<GatewayRow>().Where(g => g.LeaseUntil < now - (Lease * 6)).ExecuteDeleteAsync(cancellationToken);
                db.Add(new GatewayRow { Id = _id, AppliedRevision = applied, Draining = draining, LeaseUntil = until });
                changed = true;
            }
            if (changed)
            {
                db.Wake(Signals.GatewaysChannel);
                await db.SaveChangesAsync(cancellationToken);
            }
            _away = false;
        }
        catch (Exception e) when (e is System.Data.Common.DbException or DbUpdateException or TimeoutException or InvalidOperationException or OperationCanceledException)
        {
            if (!_away && !cancellationToken.IsCancellationRequested)
            {
                logger.LogWarning(e, "The gateway's lease cannot be renewed; traffic goes on");
            }
            _away = true;
        }
    }
}
