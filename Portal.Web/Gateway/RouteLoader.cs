using Portal.Core.Data;
using Portal.Core.Releases;

namespace Portal.Web.Gateway;

/// <summary>
/// Keeps the host table up to date: from disk at start, then from the database, on every notice and, as a lost notice
/// must cost only time, every few seconds. While the database is away the last table stays in use.
/// </summary>
internal sealed class RouteLoader(RouteTable routes, HostTableHolder table, RouteSnapshotFile file, SignalListener listener, TimeProvider time, ILogger<RouteLoader> logger)
    : BackgroundService
{
    private static readonly TimeSpan Resync = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstRead = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _wake = new(0);
    private bool _away;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (file.Read() is { } kept)
        {
            table.Apply(kept);
        }
        // The server starts listening after this, with routes as fresh as can be had.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(FirstRead);
        await LoadAsync(limit.Token);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var listening = ListenAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            await WaitAsync(stoppingToken);
            await LoadAsync(stoppingToken);
        }
        await listening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ListenAsync(CancellationToken stoppingToken)
    {
        await foreach (var _ in listener.ListenAsync([Signals.RoutesChannel], stoppingToken))
        {
            _wake.Release();
        }
    }

    /// <summary>Returns at the next notice or after a while; notices that came meanwhile are answered by the one read that follows.</summary>
    private async Task WaitAsync(CancellationToken stoppingToken)
    {
        using var pause = new CancellationTokenSource(Resync, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, pause.Token);
        await _wake.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (_wake.Wait(0, CancellationToken.None))
        {
        }
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var snapshot = await routes.ReadAsync(cancellationToken);
            var before = table.Current.Revision;
            table.Apply(snapshot);
            if (before != snapshot.Revision)
            {
                await file.WriteAsync(snapshot, cancellationToken);
            }
            _away = false;
        }
        catch (Exception e) when (e is System.Data.Common.DbException or TimeoutException or InvalidOperationException or OperationCanceledException)
        {
            if (!_away && !cancellationToken.IsCancellationRequested)
            {
                logger.LogWarning(e, "Routes cannot be read; serving by the last ones");
            }
            _away = true;
        }
    }
}
