using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Portal.Core.Common;
using Portal.Core.Triggers.Previews;

namespace Portal.Worker.Triggers;

/// <summary>Compares open pull requests with previews as often as branches are compared, and removes what nobody uses.</summary>
internal sealed class PreviewLoop(PreviewWatch watch, PortalOptions options, TimeProvider time, ILogger<PreviewLoop> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(options.Git.PollSeconds), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await watch.LookAsync(stoppingToken);
                await watch.PutToSleepAsync(stoppingToken);
                await watch.TidyAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogWarning(e, "Previews could not be looked after; the next round does it");
            }
        }
    }
}
