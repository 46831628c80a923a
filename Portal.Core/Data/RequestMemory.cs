using Npgsql;

namespace Portal.Core.Data;

public enum RequestStanding
{
    /// <summary>Not seen before: do it, then remember or forget.</summary>
    New,

    /// <summary>The same request was answered; repeat that answer.</summary>
    Answered,

    /// <summary>The same request is being answered right now.</summary>
    Running,

    /// <summary>The key was used for another request.</summary>
    Different,
}

/// <param name="Answer">What was remembered, when answered.</param>
public sealed record RequestRecall(RequestStanding Standing, DateTimeOffset StartedAt, string? Answer = null);

/// <summary>
/// Remembers requests by actor and key for 24 hours. The claim of a key is one atomic insert, so of two equal requests
/// at the same instant one is new and the other one running. A process that died in between leaves its claim behind;
/// after five minutes the key is free again, and the act may then have happened already.
/// </summary>
public sealed class RequestMemory(NpgsqlDataSource source, SecretBox box, TimeProvider time)
{
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);
    private static readonly TimeSpan Abandoned = TimeSpan.FromMinutes(5);
    private const string Purpose = "remembered-answer";

    public async Task<RequestRecall> BeginAsync(Guid actor, string key, byte[] requestHash, CancellationToken cancellationToken)
    {
        // PostgreSQL keeps microseconds; the start is compared later, so it is cut to them here.
        var now = time.GetUtcNow();
        now = now.AddTicks(-(now.Ticks % 10));
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using (var old = new NpgsqlCommand("delete from remembered_requests where started_at < $1", connection))
        {
            old.Parameters.AddWithValue(now - Kept);
            await old.ExecuteNonQueryAsync(cancellationToken);
        }
        await using (var claim = new NpgsqlCommand(
            """
            insert into remembered_requests as r (actor_id, key, request_hash, started_at) values ($1, $2, $3, $4)
            on conflict (actor_id, key) do update set request_hash = excluded.request_hash, started_at = excluded.started_at
            where r.answered_at is null and r.started_at < $5
            """, connection))
        {
            claim.Parameters.AddWithValue(actor);
            claim.Parameters.AddWithValue(key);
            claim.Parameters.AddWithValue(requestHash);
            claim.Parameters.AddWithValue(now);
            claim.Parameters.AddWithValue(now - Abandoned);
            if (await claim.ExecuteNonQueryAsync(cancellationToken) == 1)
            {
                return new RequestRecall(RequestStanding.New, now);
            }
        }
        await using var read = new NpgsqlCommand("select request_hash, answer, started_at from remembered_requests where actor_id = $1 and key = $2", connection);
        read.Parameters.AddWithValue(actor);
        read.Parameters.AddWithValue(key);
        await using var reader = await read.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            // Forgotten between the two statements: the other one was refused just now.
            return new RequestRecall(RequestStanding.Running, now);
        }
        var startedAt = reader.GetFieldValue<DateTimeOffset>(2);
        if (!reader.GetFieldValue<byte[]>(0).AsSpan().SequenceEqual(requestHash))
        {
            return new RequestRecall(RequestStanding.Different, startedAt);
        }
        return await reader.IsDBNullAsync(1, cancellationToken)
            ? new RequestRecall(RequestStanding.Running, startedAt)
            : new RequestRecall(RequestStanding.Answered, startedAt, box.Open(Purpose, reader.GetFieldValue<byte[]>(1)));
    }

    public async Task RememberAsync(Guid actor, string key, DateTimeOffset startedAt, string answer, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "update remembered_requests set answered_at = $4, answer = $5 where actor_id = $1 and key = $2 and started_at = $3");
        command.Parameters.AddWithValue(actor);
        command.Parameters.AddWithValue(key);
        command.Parameters.AddWithValue(startedAt);
        command.Parameters.AddWithValue(time.GetUtcNow());
        command.Parameters.AddWithValue(box.Seal(Purpose, answer));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Nothing was changed by it, so the key may be used again.</summary>
    public async Task ForgetAsync(Guid actor, string key, DateTimeOffset startedAt, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "delete from remembered_requests where actor_id = $1 and key = $2 and started_at = $3 and answered_at is null");
        command.Parameters.AddWithValue(actor);
        command.Parameters.AddWithValue(key);
        command.Parameters.AddWithValue(startedAt);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
