using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Portal.Core.Git.GitHub;

namespace Portal.Worker.Triggers;

/// <summary>Lets connections be looked at again and again, in case an event of theirs was lost. Several workers may do so: the same look waits once.</summary>
internal sealed class ConnectionLoop(ConnectionWatch watch, TimeProvider time, ILogger<ConnectionLoop> logger) : BackgroundService
{
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(60);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Round, time);
        do
        {
            try
            {
                await watch.LookAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogWarning(e, "The connections could not be read; trying again in {Round}", Round);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
