using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Portal.Core.Data;

namespace Portal.Core.Live;

/// <summary>What the live pages can follow. The key is the id of the row that the topic names.</summary>
public static class LiveTopics
{
    public const string Team = "team";
    public const string App = "app";
    public const string Environment = "environment";
    public const string Build = "build";

    /// <summary>New log text of a build.</summary>
    public const string BuildLog = "build-log";

    /// <summary>New output of an environment's instances.</summary>
    public const string AppLog = "app-log";

    /// <summary>Requests of an environment were counted, every few seconds; the key is the environment.</summary>
    public const string Traffic = "traffic";

    /// <summary>Sessions of a person began or ended; the key is the person.</summary>
    public const string Person = "person";

    /// <summary>A push was received or decided; the key is the team.</summary>
    public const string Activity = "activity";

    /// <summary>Processes, queues, disk; the key is <see cref="Guid.Empty"/>.</summary>
    public const string System = "system";
}

/// <param name="Key">Null: notices may have been missed, re-read.</param>
public readonly record struct LiveChange(string Topic, Guid? Key);

/// <summary>
/// Fans the database's change notices out to the open pages of this process: one LISTEN connection, any number of
/// subscriptions. A subscription holds at most one pending "something changed" per topic and key, so a burst costs one re-read.
/// </summary>
public sealed class LiveFeed(SignalListener listener) : BackgroundService
{
    private readonly ConcurrentDictionary<(string Topic, Guid Key), ConcurrentDictionary<LiveSubscription, byte>> _subscriptions = new();

    /// <summary>Open subscriptions; back to zero when all pages are closed.</summary>
    public int Count => _subscriptions.Values.Sum(s => s.Count);

    public LiveSubscription Subscribe(params (string Topic, Guid Key)[] keys)
    {
        var subscription = new LiveSubscription(this, keys);
        foreach (var key in keys)
        {
            _subscriptions.AddOrUpdate(key,
                _ => new ConcurrentDictionary<LiveSubscription, byte> { [subscription] = 0 },
                (_, existing) => { existing[subscription] = 0; return existing; });
        }
        return subscription;
    }

    internal void Remove(LiveSubscription subscription)
    {
        foreach (var key in subscription.Keys)
        {
            if (_subscriptions.TryGetValue(key, out var set))
            {
                set.TryRemove(subscription, out _);
                if (set.IsEmpty)
                {
                    _subscriptions.TryRemove(new KeyValuePair<(string, Guid), ConcurrentDictionary<LiveSubscription, byte>>(key, set));
                    // A subscriber that came between the two steps is put back.
                    foreach (var late in set.Keys)
                    {
                        _subscriptions.AddOrUpdate(key, _ => new ConcurrentDictionary<LiveSubscription, byte> { [late] = 0 },
                            (_, existing) => { existing[late] = 0; return existing; });
                    }
                }
            }
        }
    }

    internal void Publish(LiveChange change)
    {
        if (change.Key is { } key)
        {
            if (_subscriptions.TryGetValue((change.Topic, key), out var set))
            {
                foreach (var subscription in set.Keys)
                {
                    subscription.Offer(change);
                }
            }
            return;
        }
        foreach (var ((topic, existingKey), set) in _subscriptions)
        {
            foreach (var subscription in set.Keys)
            {
                subscription.Offer(new LiveChange(topic, existingKey));
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var notice in listener.ListenAsync([Signals.LiveChannel], stoppingToken))
        {
            if (notice.Payload is null)
            {
                Publish(default);
            }
            else if (notice.Payload.IndexOf(':') is var colon and > 0 && Guid.TryParse(notice.Payload.AsSpan(colon + 1), out var key))
            {
                Publish(new LiveChange(notice.Payload[..colon], key));
            }
        }
    }
}

/// <summary>One page's interest in some keys. Read <see cref="ChangesAsync"/> in a loop; dispose when the page closes.</summary>
public sealed class LiveSubscription : IDisposable
{
    private readonly LiveFeed _feed;
    private readonly Channel<LiveChange> _changes = Channel.CreateUnbounded<LiveChange>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<LiveChange, byte> _pending = new();

    internal LiveSubscription(LiveFeed feed, (string Topic, Guid Key)[] keys)
    {
        _feed = feed;
        Keys = keys;
    }

    internal (string Topic, Guid Key)[] Keys { get; }

    /// <summary>Yields all that changed since it last yielded, each change once however often it happened. Bounded by the number of keys.</summary>
    public async IAsyncEnumerable<IReadOnlyList<LiveChange>> ChangesAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await _changes.Reader.WaitToReadAsync(cancellationToken))
        {
            var batch = new List<LiveChange>();
            while (_changes.Reader.TryRead(out var change))
            {
                batch.Add(change);
            }
            // What happens again until here needs no second notice: the reader looks only after this.
            foreach (var change in batch)
            {
                _pending.TryRemove(change, out _);
            }
            yield return batch;
        }
    }

    public void Dispose()
    {
        _feed.Remove(this);
        _changes.Writer.TryComplete();
    }

    internal void Offer(LiveChange change)
    {
        if (_pending.TryAdd(change, 0))
        {
            _changes.Writer.TryWrite(change);
        }
    }
}
