using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Portal.Core.Triggers;

namespace Portal.Worker.Triggers;

/// <summary>Every hour; the first time after one, because a start has better things to do.</summary>
internal sealed class TriggerJanitor(TriggerRetention retention, TimeProvider time, ILogger<TriggerJanitor> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromHours(1), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await retention.RunAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogWarning(e, "Old pushes and repositories could not be removed; trying again in an hour");
            }
        }
    }
}
