using Npgsql;
using NpgsqlTypes;
using Portal.Core.Data;

namespace Portal.Core.Jobs;

/// <summary>One inbound delivery, checked and bounded by the receiver.</summary>
/// <param name="IsPush">Has to be decided: gets a job. Anything else is only kept.</param>
/// <param name="Ignored">Why it is only kept.</param>
public sealed record InboundDelivery(Guid AppId, Guid TeamId, string DeliveryKey, string EventName, string? Ref, string? Before, string? After,
    string? PushedBy, string? Message, ReadOnlyMemory<byte> Body, string Headers, bool IsPush, string Ignored);

/// <summary>
/// The hot path of inbound webhooks: one statement, one commit, no change notice (a NOTIFY in every commit halves what
/// the database can take; see <see cref="CoalescedSignals"/>). The unique delivery key makes the same delivery one row,
/// also when it comes twice at the same instant.
/// </summary>
public sealed class InboundStore(NpgsqlDataSource source, TimeProvider time)
{
    private const string Sql = """
        with stored as (
            insert into pushes (id, source, delivery_key, app_id, team_id, event_name, ref, before, after, pushed_by, message, body, headers, received_at, state, times, decided_at)
            values ($1, 'Webhook', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1, $15)
            on conflict (app_id, delivery_key) do update set times = pushes.times + 1,
                state = case when pushes.state = 'Failed' then 'Received' else pushes.state end
            returning id, state, times),
        queued as (
            insert into jobs (id, kind, key, lane, team_id, state, created_at, run_after, attempt, max_attempts, time_limit_seconds, fence)
            select $16, 'push', stored.id::text, $17, $4, 'Queued', $13, $13, 0, 8, 300, 0 from stored where stored.state = 'Received'
            on conflict (kind, key) where state = 'Queued' do nothing),
        ignored as (
            insert into push_decisions (push_id, environment_id, deploys, reason, at)
            select stored.id, '00000000-0000-0000-0000-000000000000', false, $18, $13 from stored where $18::text is not null
            on conflict do nothing)
        select id, times from stored
        """;

    /// <returns>The push, and how often its delivery has come in by now.</returns>
    public async Task<(Guid Id, int Times)> StoreAsync(InboundDelivery delivery, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(Sql, connection);
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
        // Kept by the pooled connection: planned once, not for every delivery.
        await command.PrepareAsync(cancellationToken);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetGuid(0), reader.GetInt32(1));
    }

    private static void Text(NpgsqlParameterCollection parameters, string? value) =>
        parameters.Add(new NpgsqlParameter { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
}
