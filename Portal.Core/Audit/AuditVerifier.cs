using System.Data;
using Npgsql;
using Portal.Core.Access;
using Portal.Core.Common;

namespace Portal.Core.Audit;

/// <param name="Entries">All entries, those too that are not sealed yet.</param>
/// <param name="FirstBroken">The first number from which the trail cannot be trusted; null when intact.</param>
/// <param name="Reason">What is wrong there, a plain sentence.</param>
public sealed record AuditVerdict(bool Intact, long Entries, long Sealed, long? FirstBroken, string? Reason);

/// <summary>
/// Recomputes the chain from the stored bytes and compares it with every checkpoint that is known: the database's own,
/// the data folder's, and one that was kept elsewhere. Finds an entry that was edited, removed or put at another place,
/// and an end that was cut off.
/// </summary>
public sealed class AuditVerifier(NpgsqlDataSource source, CheckpointFile file)
{
    // Reads the whole trail: one at a time is enough.
    private readonly SemaphoreSlim _one = new(1);

    /// <param name="kept">A checkpoint that was exported earlier; null uses only those that Portal keeps.</param>
    public async Task<AuditVerdict> VerifyAsync(Actor actor, AuditCheckpoint? kept, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ReadAudit, Resource.Platform);
        await _one.WaitAsync(cancellationToken);
        try
        {
            // The file before the database: what it names was committed before it was written.
            var outside = (await file.ReadAsync(cancellationToken)).ToList();
            if (kept is not null)
            {
                outside.Add(kept);
            }
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
            var known = await CheckpointsAsync(connection, transaction, outside, cancellationToken);
            var (last, firstBroken, reason) = await WalkAsync(connection, transaction, known, cancellationToken);
            if (firstBroken is null && known.Keys.DefaultIfEmpty().Max() is var farthest && farthest > last)
            {
                (firstBroken, reason) = (last + 1, $"The end was cut off: a checkpoint says that there were {farthest} sealed entries, and there are {last}.");
            }
            return new AuditVerdict(firstBroken is null, await CountAsync("audit_entries", connection, transaction, cancellationToken),
                await CountAsync("audit_seals", connection, transaction, cancellationToken), firstBroken, reason);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>How far the chain is now, to be kept outside.</summary>
    public async Task<AuditCheckpoint> CheckpointAsync(Actor actor, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ReadAudit, Resource.Platform);
        await using var command = source.CreateCommand("select number, hash, sealed_at from audit_seals order by number desc limit 1");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new AuditCheckpoint { Number = reader.GetInt64(0), Hash = reader.GetFieldValue<byte[]>(1), At = reader.GetFieldValue<DateTimeOffset>(2) }
            : new AuditCheckpoint { Number = 0, Hash = AuditHash.Start, At = DateTimeOffset.UnixEpoch };
    }

    private static async Task<Dictionary<long, List<byte[]>>> CheckpointsAsync(NpgsqlConnection connection, NpgsqlTransaction transaction,
        IEnumerable<AuditCheckpoint> outside, CancellationToken cancellationToken)
    {
        var known = new Dictionary<long, List<byte[]>>();
        foreach (var checkpoint in outside)
        {
            Add(checkpoint.Number, checkpoint.Hash);
        }
        await using var command = new NpgsqlCommand("select number, hash from audit_checkpoints", connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Add(reader.GetInt64(0), reader.GetFieldValue<byte[]>(1));
        }
        return known;

        void Add(long number, byte[] hash)
        {
            if (!known.TryGetValue(number, out var hashes))
            {
                known[number] = hashes = [];
            }
            hashes.Add(hash);
        }
    }

    private static async Task<(long Last, long? FirstBroken, string? Reason)> WalkAsync(NpgsqlConnection connection, NpgsqlTransaction transaction,
        Dictionary<long, List<byte[]>> known, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select s.number, s.hash, {AuditHash.Columns} from audit_seals s left join audit_entries e on e.id = s.entry_id order by s.number", connection, transaction);
        // The whole trail is read, however long that takes.
        command.CommandTimeout = 0;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var (expected, hash) = (0L, AuditHash.Start);
        while (await reader.ReadAsync(cancellationToken))
        {
            expected++;
            if (reader.GetInt64(0) != expected)
            {
                return (expected, expected, $"Entry {expected} was removed: its number is missing.");
            }
            if (await reader.IsDBNullAsync(2, cancellationToken))
            {
                return (expected, expected, $"Entry {expected} was removed: only its seal is left.");
            }
            hash = AuditHash.Next(hash, AuditHash.Read(reader, 2));
            if (!hash.AsSpan().SequenceEqual(reader.GetFieldValue<byte[]>(1)))
            {
                return (expected, expected, $"Entry {expected} was edited, or is not the one that was sealed in this place.");
            }
            if (known.TryGetValue(expected, out var hashes) && hashes.Any(h => !h.AsSpan().SequenceEqual(hash)))
            {
                return (expected, expected, $"The trail up to entry {expected} was written anew: a checkpoint remembers another one.");
            }
        }
        return (expected, null, null);
    }

    private static async Task<long> CountAsync(string table, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"select count(*) from {table}", connection, transaction);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
