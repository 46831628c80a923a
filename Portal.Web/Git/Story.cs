using Portal.Core.Live;

namespace Portal.Web.Git;

/// <summary>Waits for what the change feed announces, and keeps the pusher's connection awake meanwhile.</summary>
internal sealed class Story(PacketStream to, LiveFeed feed, TimeProvider time)
{
    /// <summary>Looks again even without a notice, which can be lost.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);

    public Task SayAsync(string text, CancellationToken cancellationToken) => to.SayAsync(text, cancellationToken);

    /// <summary>Asks again after every change until the answer is not null.</summary>
    public async Task<T> UntilAsync<T>((string, Guid)[] keys, Func<Task<T?>> ask, CancellationToken cancellationToken)
        where T : class
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var subscription = feed.Subscribe(keys);
        await using var changes = subscription.ChangesAsync(stop.Token).GetAsyncEnumerator(stop.Token);
        Task<bool>? change = null;
        try
        {
            while (true)
            {
                if (await ask() is { } answer)
                {
                    return answer;
                }
                change ??= changes.MoveNextAsync().AsTask();
                using var pause = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                if (await Task.WhenAny(change, Task.Delay(LookAgain, time, pause.Token)) == change)
                {
                    await change;
                    change = null;
                }
                else
                {
                    await to.KeepAliveAsync(cancellationToken);
                }
                await pause.CancelAsync();
                cancellationToken.ThrowIfCancellationRequested();
                if (to.IsGone)
                {
                    throw new OperationCanceledException("The pusher left.");
                }
            }
        }
        finally
        {
            // The enumerator may not be disposed while it moves.
            await stop.CancelAsync();
            if (change is not null)
            {
                await ((Task)change).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
