using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Portal.Core.Data;

/// <param name="Payload">What the sender said; null after a (re)connection, when notices may have been missed and the listener must re-read all it cares for.</param>
public readonly record struct Notice(string Channel, string? Payload);

/// <summary>One LISTEN connection of this process. Reconnects for ever with backoff; after each connect it yields a notice without payload for every channel.</summary>
public sealed class SignalListener(NpgsqlDataSource source, TimeProvider time, ILogger<SignalListener> logger)
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    public async IAsyncEnumerable<Notice> ListenAsync(string[] channels, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Bounded: a reader that cannot keep up loses notices, so the oldest are replaced by one "re-read everything".
        var notices = Channel.CreateBounded<Notice>(new BoundedChannelOptions(10_000) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pump = PumpAsync(channels, notices.Writer, stop.Token);
        try
        {
            await foreach (var notice in notices.Reader.ReadAllAsync(cancellationToken))
            {
                yield return notice;
            }
        }
        finally
        {
            await stop.CancelAsync();
            await pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task PumpAsync(string[] channels, ChannelWriter<Notice> writer, CancellationToken cancellationToken)
    {
        var backoff = TimeSpan.FromMilliseconds(100);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(cancellationToken);
                connection.Notification += (_, e) => writer.TryWrite(new Notice(e.Channel, e.Payload));
                await using (var listen = connection.CreateCommand())
                {
                    listen.CommandText = string.Join(';', channels.Select(c => $"listen \"{c}\""));
                    await listen.ExecuteNonQueryAsync(cancellationToken);
                }
                backoff = TimeSpan.FromMilliseconds(100);
                foreach (var channel in channels)
                {
                    writer.TryWrite(new Notice(channel, null));
                }
                while (true)
                {
                    // The time-out finds connections that died without a word.
                    if (!await connection.WaitAsync(KeepAlive, cancellationToken))
                    {
                        await using var ping = connection.CreateCommand();
                        ping.CommandText = "select 1";
                        await ping.ExecuteScalarAsync(cancellationToken);
                    }
                }
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                logger.LogWarning(e, "The database's notices are away; trying again in {Backoff}", backoff);
                await Task.Delay(backoff, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                backoff = TimeSpan.FromSeconds(Math.Min(backoff.TotalSeconds * 2, 5));
            }
        }
    }
}
