using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Portal.Core.Runtimes.Local;

namespace Portal.Worker.Loops;

/// <summary>Brings the output of apps into the database, where pages and API read it.</summary>
internal sealed class LogShipping(LogShipper shipper, ILogger<LogShipping> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(400);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        shipper.RunAsync(Pause, e => logger.LogWarning(e, "App output could not be stored; trying again"), stoppingToken);
}
