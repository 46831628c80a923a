using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Portal.Core.Audit;

namespace Portal.Worker.Loops;

/// <summary>
/// Seals the trail every two seconds: a notice in every change would cost more than this question does. Every ten
/// minutes, and at start, it looks for entries of any age.
/// </summary>
internal sealed class AuditSealing(AuditSealer sealer, TimeProvider time, ILogger<AuditSealing> logger) : BackgroundService
{
    private const int WholeEvery = 300;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(2), time);
        var round = 0;
        var away = false;
        do
        {
            try
            {
                await sealer.SealAsync(whole: round % WholeEvery == 0, stoppingToken);
                round++;
                away = false;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (!away)
                {
                    logger.LogWarning(e, "The audit trail could not be sealed; trying again");
                }
                away = true;
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
