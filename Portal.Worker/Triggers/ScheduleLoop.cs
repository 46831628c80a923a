using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Portal.Core.Triggers;

namespace Portal.Worker.Triggers;

/// <summary>Starts scheduled deploys. Several workers may do so: a due minute is taken once.</summary>
internal sealed class ScheduleLoop(ScheduleRunner runner, TimeProvider time, ILogger<ScheduleLoop> logger) : BackgroundService
{
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(15);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Round, time);
        do
        {
            try
            {
                await runner.RunDueAsync(stoppingToken);
                await runner.TidyAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogWarning(e, "Schedules could not be read; trying again in {Round}", Round);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
