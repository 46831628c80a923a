using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Portal.Core.Data;
using Portal.Core.Live;
using Portal.Core.Triggers.Reports;

namespace Portal.Worker.Triggers;

/// <summary>
/// Watches the change notices as an open page does, and lets the git host be told. A burst is one look; a missed notice is
/// found by the sweep.
/// </summary>
internal sealed class ReportLoop(SignalListener listener, ReportWatch watch, TimeProvider time, ILogger<ReportLoop> logger) : BackgroundService
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Sweep = TimeSpan.FromMinutes(2);

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _work = new(0, 1);
    private HashSet<(string Topic, Guid Key)> _changed = [];

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(ListenAsync(stoppingToken), TellAsync(stoppingToken), SweepAsync(stoppingToken));

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        await foreach (var notice in listener.ListenAsync([Signals.LiveChannel], cancellationToken))
        {
            if (notice.Payload?.Split(':') is not [LiveTopics.Environment or LiveTopics.Build, var key] || !Guid.TryParse(key, out var id))
            {
                continue;
            }
            lock (_gate)
            {
                _changed.Add((notice.Payload[..notice.Payload.IndexOf(':')], id));
                if (_work.CurrentCount == 0)
                {
                    _work.Release();
                }
            }
        }
    }

    private async Task TellAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _work.WaitAsync(cancellationToken);
            await Task.Delay(Gather, time, cancellationToken);
            HashSet<(string Topic, Guid Key)> changed;
            lock (_gate)
            {
                (changed, _changed) = (_changed, []);
            }
            await TryAsync(() => watch.AskAsync([.. changed.Where(c => c.Topic == LiveTopics.Environment).Select(c => c.Key)], [.. changed.Where(c => c.Topic == LiveTopics.Build).Select(c => c.Key)], cancellationToken), cancellationToken);
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Sweep, time);
        do
        {
            await TryAsync(() => watch.SweepAsync(cancellationToken), cancellationToken);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private async Task TryAsync(Func<Task> act, CancellationToken cancellationToken)
    {
        try
        {
            await act();
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            logger.LogWarning(e, "What is to be reported could not be read; the next sweep finds it");
        }
    }
}
