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

    // One statement for the whole group. "do update … where false" changes nothing but holds the waiting job until this
    // commit: a worker that took it now would not see the push yet.
    private const string Sql = """
        with input as (
            select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bytea[], $12::text[],
                $13::timestamptz[], $14::text[], $15::int[])
                with ordinality as input(id, delivery_key, app_id, team_id, event_name, ref, before, after, pushed_by, message, body, headers, at, ignored, times, place)),
        stored as (
            insert into pushes (id, source, delivery_key, app_id, team_id, event_name, ref, before, after, pushed_by, message, body, headers, received_at, state, times, decided_at)
            select id, 'Webhook', delivery_key, app_id, team_id, event_name, ref, before, after, pushed_by, message, body, headers::jsonb, at,
                case when ignored is null then 'Received' else 'Decided' end, times, case when ignored is null then null else at end from input
            on conflict (app_id, delivery_key) do update set times = pushes.times + excluded.times,
                state = case when pushes.state = 'Failed' then 'Received' else pushes.state end
            returning id, app_id, delivery_key, state, times),
        queued as (
            insert into jobs (id, kind, key, lane, team_id, state, created_at, run_after, attempt, max_attempts, time_limit_seconds, fence)
            select gen_random_uuid(), 'push', app_id::text, 'push:' || app_id, team_id, 'Queued', at, at, 0, 8, 300, 0 from (
                select distinct on (app_id) app_id, team_id, at from stored join input using (app_id, delivery_key) where stored.state = 'Received' order by app_id, at) as waiting
            on conflict (kind, key) where state = 'Queued' do update set run_after = jobs.run_after where false),
        decided as (
            insert into push_decisions (push_id, environment_id, deploys, reason, at)
            select stored.id, '00000000-0000-0000-0000-000000000000', false, ignored, at from stored join input using (app_id, delivery_key) where ignored is not null
            on conflict do nothing)
        select stored.id, stored.times from stored join input using (app_id, delivery_key) order by place
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
            stored = await StoreAsync(connection, [.. group.Select(waiting => (waiting.Delivery, waiting.At))]);
        }
        foreach (var (at, waiting) in group.Index())
        {
            waiting.Stored.TrySetResult(stored[at]);
        }
    }

    /// <summary>All or none, in one go.</summary>
    /// <param name="group">Equal deliveries one after the other.</param>
    internal static async Task<IReadOnlyList<(Guid Id, int Times)>> StoreAsync(NpgsqlConnection connection, IReadOnlyList<(InboundDelivery Delivery, DateTimeOffset At)> group)
    {
        // One statement can touch a row once: the same delivery becomes one line that counts for several.
        var lines = new List<(InboundDelivery Delivery, DateTimeOffset At, int Times)>(group.Count);
        foreach (var (delivery, at) in group)
        {
            if (lines.Count > 0 && lines[^1] is var last && last.Delivery.AppId == delivery.AppId && last.Delivery.DeliveryKey == delivery.DeliveryKey)
            {
                lines[^1] = last with { Times = last.Times + 1 };
            }
            else
            {
                lines.Add((delivery, at, 1));
            }
        }
        await using var command = new NpgsqlCommand(Sql, connection) { CommandTimeout = Patience };
        Add(NpgsqlDbType.Uuid, line => Guid.CreateVersion7(line.At));
        Add(NpgsqlDbType.Text, line => line.Delivery.DeliveryKey);
        Add(NpgsqlDbType.Uuid, line => line.Delivery.AppId);
        Add(NpgsqlDbType.Uuid, line => line.Delivery.TeamId);
        Add(NpgsqlDbType.Text, line => line.Delivery.EventName);
        Add(NpgsqlDbType.Text, line => line.Delivery.Ref);
        Add(NpgsqlDbType.Text, line => line.Delivery.Before);
        Add(NpgsqlDbType.Text, line => line.Delivery.After);
        Add(NpgsqlDbType.Text, line => line.Delivery.PushedBy);
        Add(NpgsqlDbType.Text, line => line.Delivery.Message);
        Add(NpgsqlDbType.Bytea, line => line.Delivery.Body);
        Add(NpgsqlDbType.Text, line => line.Delivery.Headers);
        Add(NpgsqlDbType.TimestampTz, line => line.At);
        Add(NpgsqlDbType.Text, line => line.Delivery.IsPush ? null : line.Delivery.Ignored);
        Add(NpgsqlDbType.Integer, line => line.Times);
        // Kept by the pooled connection: planned once, not for every group.
        await command.PrepareAsync();
        var stored = new List<(Guid, int)>(group.Count);
        await using var reader = await command.ExecuteReaderAsync();
        foreach (var line in lines)
        {
            await reader.ReadAsync();
            var (id, times) = (reader.GetGuid(0), reader.GetInt32(1));
            stored.AddRange(Enumerable.Range(times - line.Times + 1, line.Times).Select(time => (id, time)));
        }
        return stored;

        void Add<T>(NpgsqlDbType type, Func<(InboundDelivery Delivery, DateTimeOffset At, int Times), T> column) =>
            command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = [.. lines.Select(column)], NpgsqlDbType = type | NpgsqlDbType.Array });
    }

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
