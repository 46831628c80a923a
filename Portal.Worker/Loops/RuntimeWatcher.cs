using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Portal.Core.Releases;
using Portal.Core.Runtimes;

namespace Portal.Worker.Loops;

/// <summary>Looks at what runs, whenever something may have changed and every few seconds, and lets the roll-out look where it differs from before; now and then, everywhere.</summary>
internal sealed class RuntimeWatcher(IRuntime runtime, ConvergeRequests requests, TimeProvider time, ILogger<RuntimeWatcher> logger) : BackgroundService
{
    private static readonly TimeSpan LookAtLeast = TimeSpan.FromSeconds(5);

    /// <summary>How long anything that was missed can go unnoticed.</summary>
    private static readonly TimeSpan Resync = TimeSpan.FromMinutes(10);

    private Dictionary<Guid, int> _seen = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        long? all = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (all is null || time.GetElapsedTime(all.Value) > Resync)
                {
                    await requests.AskForAllAsync(stoppingToken);
                    all = time.GetTimestamp();
                }
                await LookAsync(stoppingToken);
                await runtime.WaitForChangeAsync(LookAtLeast, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                logger.LogWarning(e, "What runs could not be observed; looking again");
                await Task.Delay(LookAtLeast, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var now = new Dictionary<Guid, int>();
        foreach (var place in (await runtime.PlacesAsync(cancellationToken)).Concat(_seen.Keys).Distinct().ToList())
        {
            var observation = await runtime.ObserveAsync(place, cancellationToken);
            var digest = new HashCode();
            foreach (var instance in observation.Instances.OrderBy(i => i.Id, StringComparer.Ordinal))
            {
                digest.Add((instance.Id, instance.State, instance.Address, instance.Restarts, instance.Overdue));
            }
            var value = digest.ToHashCode();
            if (observation.Instances.Count > 0)
            {
                now[place] = value;
            }
            if (!_seen.TryGetValue(place, out var before) ? observation.Instances.Count > 0 : before != value)
            {
                await requests.AskAsync(place, cancellationToken);
            }
        }
        _seen = now;
    }
}
