using Npgsql;
using Portal.Core.Data;
using Portal.Core.Live;

namespace Portal.Web.Gateway;

/// <summary>Adds what was counted to the minutes in the database, every few seconds and once more at the end.</summary>
internal sealed class TrafficFlusher(TrafficCounters counters, HostTableHolder table, NpgsqlDataSource source, CoalescedSignals signals, TimeProvider time, ILogger<TrafficFlusher> logger)
    : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private bool _away;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await FlushAsync(stoppingToken);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await FlushAsync(cancellationToken);
    }

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        // The counts are of the last period: half of it back is the minute that most of them belong to.
        var middle = time.GetUtcNow() - (Period / 2);
        var minute = new DateTimeOffset(middle.UtcTicks - (middle.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
        try
        {
            var deltas = counters.Collect(minute, table.CellsInUse());
            if (deltas.Count > 0)
            {
                await TrafficLedger.AddAsync(source, deltas, cancellationToken);
                foreach (var environment in deltas.Select(d => d.EnvironmentId).Distinct().ToList())
                {
                    signals.Signal(LiveTopics.Traffic, environment);
                }
                counters.Written();
            }
            _away = false;
        }
        catch (Exception e) when (e is System.Data.Common.DbException or TimeoutException or OperationCanceledException)
        {
            if (!_away && !cancellationToken.IsCancellationRequested)
            {
                logger.LogWarning(e, "Traffic could not be written; it is kept and tried again");
            }
            _away = true;
        }
    }
}
