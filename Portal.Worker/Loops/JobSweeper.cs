using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Portal.Core.Jobs;

namespace Portal.Worker.Loops;

/// <summary>Takes up jobs whose worker died, at start and every ten seconds.</summary>
internal sealed class JobSweeper(JobRunner runner, TimeProvider time, ILogger<JobSweeper> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(10), time);
        do
        {
            try
            {
                await runner.SweepAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogWarning(e, "The queue could not be swept; trying again");
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
