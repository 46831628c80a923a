using System.Collections.Concurrent;
using Npgsql;
using NpgsqlTypes;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Jobs;

/// <summary>One inbound delivery, checked and bounded by the receiver.</summary>
/// <param name="IsPush">Has to be decided: gets a job. Anything else is only kept.</param>
/// <param name="Ignored">Why it is only kept.</param>
public sealed record InboundDelivery(Guid AppId, Guid TeamId, string DeliveryKey, string EventName, string? Ref, string? Before, string? After,
    string? PushedBy, string? Message, ReadOnlyMemory<byte> Body, string Headers, bool IsPush, string Ignored);

/// <summary>
/// The hot path of inbound webhooks: deliveries that come in while others are being stored share the next transaction
/// (group commit), and none raises a change notice (a NOTIFY in every commit halves what the database can take; see
/// <see cref="CoalescedSignals"/>). The unique delivery key makes the same delivery one row, also when it comes twice at
/// the same instant.
/// </summary>
public sealed class InboundStore(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>As many deliveries of the largest kept body are 16 MB.</summary>
    private const int MostPerCommit = 64;

    private const int MostWaiting = 4_000;

    /// <summary>Two, so that one gathers while the other commits.</summary>
    private const int Writers = 2;

    /// <summary>Seconds. GitHub waits ten for an answer, and an honest refusal has to reach it.</summary>
    private const int Patience = 8;

    private readonly ConcurrentQueue<Waiting> _waiting = new();
    private int _count;
    private int _writers;

    // "do update … where false" changes nothing but holds the waiting job until this commit: a worker that took it now
    // would not see the push yet.
    private const string Sql = """
        with stored as (
            insert into pushes (id, source, delivery_key, app_id, team_id, event_name, ref, before, after, pushed_by, message, body, headers, received_at, state, times, decided_at)
            values ($1, 'Webhook', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1, $15)
            on conflict (app_id, delivery_key) do update set times = pushes.times + 1,
                state = case when pushes.state = 'Failed' then 'Received' else pushes.state end
            returning id, state, times),
        queued as (
            insert into jobs (id, kind, key, lane, team_id, state, created_at, run_after, attempt, max_attempts, time_limit_seconds, fence)
            select $16, 'push', $3::text, $17, $4, 'Queued', $13, $13, 0, 8, 300, 0 from stored where stored.state = 'Received'
            on conflict (kind, key) where state = 'Queued' do update set run_after = jobs.run_after where false),
        ignored as (
            insert into push_decisions (push_id, environment_id, deploys, reason, at)
            select stored.id, '00000000-0000-0000-0000-000000000000', false, $18, $13 from stored where $18::text is not null
            on conflict do nothing)
        select id, times from stored
        """;

    /// <summary>Returns after the commit.</summary>
    /// <returns>The push, and how often its delivery has come in by now.</returns>
    /// <exception cref="PortalException">Unavailable: too many are waiting for the database.</exception>
    public Task<(Guid Id, int Times)> StoreAsync(InboundDelivery delivery)
    {
        if (Interlocked.Increment(ref _count) > MostWaiting)
        {
            Interlocked.Decrement(ref _count);
            throw new PortalException(Refusal.Unavailable, "More deliveries are coming in than can be stored; deliver it again later.");
        }
        var waiting = new Waiting(delivery, time.GetUtcNow());
        _waiting.Enqueue(waiting);
        StartWriter();
        return waiting.Stored.Task;
    }

    private void StartWriter()
    {
        if (Interlocked.Increment(ref _writers) <= Writers)
        {
            _ = Task.Run(WriteAsync);
        }
        else
        {
            Interlocked.Decrement(ref _writers);
        }
    }

    private async Task WriteAsync()
    {
        var group = new List<Waiting>(MostPerCommit);
        while (Take(group))
        {
            try
            {
                await StoreAsync(group);
            }
            catch (PostgresException)
            {
                // One of them is at fault, or met another transaction; the others shall not pay for it.
                foreach (var waiting in group)
                {
                    await StoreAloneAsync(waiting);
                }
            }
            catch (Exception e)
            {
                // The database is away: whoever waits meanwhile would learn the same, only later.
                do
                {
                    group.ForEach(waiting => waiting.Stored.TrySetException(e));
                }
                while (Take(group));
            }
        }
        Interlocked.Decrement(ref _writers);
        // One may have come between the last look and the end.
        if (!_waiting.IsEmpty)
        {
            StartWriter();
        }
    }

    private bool Take(List<Waiting> group)
    {
        group.Clear();
        while (group.Count < MostPerCommit && _waiting.TryDequeue(out var waiting))
        {
            Interlocked.Decrement(ref _count);
            group.Add(waiting);
        }
        return group.Count > 0;
    }

    private async Task StoreAloneAsync(Waiting waiting)
    {
        try
        {
            await StoreAsync([waiting]);
        }
        catch (Exception e)
        {
            waiting.Stored.TrySetException(e);
        }
    }

    private async Task StoreAsync(List<Waiting> group)
    {
        // The same order in every transaction: two that hold the same deliveries cannot wait for each other.
        group.Sort();
        IReadOnlyList<(Guid, int)> stored;
        await using (var connection = await source.OpenConnectionAsync())
        {
            stored = await StoreAsync(connection, group.Select(waiting => (waiting.Delivery, waiting.At)));
        }
        foreach (var (at, waiting) in group.Index())
        {
            waiting.Stored.TrySetResult(stored[at]);
        }
    }

    /// <summary>All or none: a batch is one transaction, and sent in one go.</summary>
    internal static async Task<IReadOnlyList<(Guid Id, int Times)>> StoreAsync(NpgsqlConnection connection, IEnumerable<(InboundDelivery Delivery, DateTimeOffset At)> group)
    {
        await using var batch = new NpgsqlBatch(connection) { Timeout = Patience };
        foreach (var (delivery, at) in group)
        {
            batch.BatchCommands.Add(Command(delivery, at));
        }
        // Kept by the pooled connection: planned once, not for every delivery.
        await batch.PrepareAsync();
        var stored = new List<(Guid, int)>(batch.BatchCommands.Count);
        await using var reader = await batch.ExecuteReaderAsync();
        do
        {
            await reader.ReadAsync();
            stored.Add((reader.GetGuid(0), reader.GetInt32(1)));
        }
        while (await reader.NextResultAsync());
        return stored;
    }

    private static NpgsqlBatchCommand Command(InboundDelivery delivery, DateTimeOffset now)
    {
        var command = new NpgsqlBatchCommand(Sql);
        var parameters = command.Parameters;
        parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Guid.CreateVersion7(now) });
        Text(parameters, delivery.DeliveryKey);
        parameters.Add(new NpgsqlParameter<Guid> { TypedValue = delivery.AppId });
        parameters.Add(new NpgsqlParameter<Guid> { TypedValue = delivery.TeamId });
        Text(parameters, delivery.EventName);
        Text(parameters, delivery.Ref);
        Text(parameters, delivery.Before);
        Text(parameters, delivery.After);
        Text(parameters, delivery.PushedBy);
        Text(parameters, delivery.Message);
        parameters.Add(new NpgsqlParameter<ReadOnlyMemory<byte>> { TypedValue = delivery.Body, NpgsqlDbType = NpgsqlDbType.Bytea });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = delivery.Headers, NpgsqlDbType = NpgsqlDbType.Jsonb });
        parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = now });
        Text(parameters, delivery.IsPush ? "Received" : "Decided");
        parameters.Add(new NpgsqlParameter { Value = delivery.IsPush ? DBNull.Value : now, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Guid.CreateVersion7(now) });
        Text(parameters, $"push:{delivery.AppId}");
        Text(parameters, delivery.IsPush ? null : delivery.Ignored);
        return command;
    }

    private static void Text(NpgsqlParameterCollection parameters, string? value) =>
        parameters.Add(new NpgsqlParameter { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });

    private sealed class Waiting(InboundDelivery delivery, DateTimeOffset at) : IComparable<Waiting>
    {
        public InboundDelivery Delivery { get; } = delivery;

        public DateTimeOffset At { get; } = at;

        public TaskCompletionSource<(Guid Id, int Times)> Stored { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int CompareTo(Waiting? other) => other is null ? 1
            : Delivery.AppId.CompareTo(other.Delivery.AppId) is var app and not 0 ? app
            : string.CompareOrdinal(Delivery.DeliveryKey, other.Delivery.DeliveryKey);
    }
}
