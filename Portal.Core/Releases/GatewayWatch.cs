using Microsoft.Extensions.Hosting;
using Portal.Core.Data;

namespace Portal.Core.Releases;

/// <summary>Wakes those who wait for the gateways of all web hosts, whenever one of them says that it is further.</summary>
public sealed class GatewayWatch(SignalListener listener) : BackgroundService
{
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends with the next word of a gateway. Take it before reading, so that none is missed.</summary>
    public Task Changed => Volatile.Read(ref _changed).Task;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var _ in listener.ListenAsync([Signals.GatewaysChannel], stoppingToken))
        {
            Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        }
    }
}
