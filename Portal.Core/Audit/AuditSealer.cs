using Microsoft.Extensions.Logging;
using Npgsql;

namespace Portal.Core.Audit;

/// <summary>
/// Numbers and hashes entries after they are committed, so that the chain is no lock on every change. One works at a
/// time, whichever worker it is in: a batch is one transaction under an advisory lock that ends with it.
/// An entry whose transaction is still open is not seen and gets a later number once it is; none is passed over.
/// Between batches the order is that of the commits, within one it is that of time and id.
/// </summary>
public sealed class AuditSealer(NpgsqlDataSource source, CheckpointFile file, TimeProvider time, ILogger<AuditSealer> logger)
{
    private const int BatchSize = 500;

    /// <summary>Spells "audit" on a telephone; any number that nothing else locks.</summary>
    private const long Lock = 28348;

    /// <summary>
    /// Longer than any transaction stays open. What is older and unsealed is found by the whole sweep only, because
    /// looking for it means reading the whole table.
    /// </summary>
    private static readonly TimeSpan Recent = TimeSpan.FromHours(1);

    /// <param name="whole">Looks for unsealed entries of any age; at start and now and then.</param>
    /// <returns>How many were sealed; 0 also when another worker is at it.</returns>
    public async Task<int> SealAsync(bool whole, CancellationToken cancellationToken)
    {
        var sealedNow = 0;
        int batch;
        do
        {
            batch = await SealBatchAsync(whole, cancellationToken);
            sealedNow += batch;
        }
        while (batch == BatchSize);
        return sealedNow;
    }

    private async Task<int> SealBatchAsync(bool whole, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var take = new NpgsqlCommand("select pg_try_advisory_xact_lock($1)", connection, transaction) { Parameters = { new() { Value = Lock } } })
        {
            if (await take.ExecuteScalarAsync(cancellationToken) is not true)
            {
                return 0;
            }
        }
        var (number, hash) = await LastAsync(connection, transaction, cancellationToken);
        var entries = await UnsealedAsync(connection, transaction, whole, cancellationToken);
        if (entries.Count == 0)
        {
            return 0;
        }
        var numbers = new long[entries.Count];
        var ids = new Guid[entries.Count];
        var hashes = new byte[entries.Count][];
        for (var i = 0; i < entries.Count; i++)
        {
            hash = AuditHash.Next(hash, entries[i]);
            (numbers[i], ids[i], hashes[i]) = (++number, Guid.Parse(entries[i][0]!), hash);
        }
        var checkpoint = new AuditCheckpoint { Number = number, Hash = hash, At = time.GetUtcNow() };
        await WriteAsync(connection, transaction, numbers, ids, hashes, checkpoint, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        // After the commit: a checkpoint of something that was rolled back would accuse an intact trail.
        await RememberOutsideAsync(checkpoint);
        return entries.Count;
    }

    private async Task RememberOutsideAsync(AuditCheckpoint checkpoint)
    {
        try
        {
            await file.AppendAsync(checkpoint, CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next batch writes a checkpoint that covers this one too.
            logger.LogWarning(e, "The audit checkpoint {Number} could not be written beside the database", checkpoint.Number);
        }
    }

    private static async Task<(long Number, byte[] Hash)> LastAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await using var last = new NpgsqlCommand("select number, hash from audit_seals order by number desc limit 1", connection, transaction);
        await using var reader = await last.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (reader.GetInt64(0), reader.GetFieldValue<byte[]>(1)) : (0, AuditHash.Start);
    }

    private async Task<List<string?[]>> UnsealedAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, bool whole, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select {AuditHash.Columns} from audit_entries e
            where e.at >= $1 and not exists (select 1 from audit_seals s where s.entry_id = e.id)
            order by e.at, e.id limit {BatchSize}
            """, connection, transaction);
        command.Parameters.AddWithValue(whole ? DateTimeOffset.UnixEpoch : time.GetUtcNow() - Recent);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var entries = new List<string?[]>();
        while (await reader.ReadAsync(cancellationToken))
        {
            entries.Add(AuditHash.Read(reader, 0));
        }
        return entries;
    }

    private static async Task WriteAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long[] numbers, Guid[] ids, byte[][] hashes,
        AuditCheckpoint checkpoint, CancellationToken cancellationToken)
    {
        await using var write = new NpgsqlCommand(
            "insert into audit_seals (number, entry_id, hash, sealed_at) select n, i, h, $4 from unnest($1, $2, $3) as t (n, i, h)", connection, transaction)
        {
            Parameters = { new() { Value = numbers }, new() { Value = ids }, new() { Value = hashes }, new() { Value = checkpoint.At } },
        };
        await write.ExecuteNonQueryAsync(cancellationToken);
        // A number that has one already was sealed before and then cut off; the old checkpoint is what will tell it.
        await using var mark = new NpgsqlCommand("insert into audit_checkpoints (number, hash, at) values ($1, $2, $3) on conflict do nothing", connection, transaction)
        {
            Parameters = { new() { Value = checkpoint.Number }, new() { Value = checkpoint.Hash }, new() { Value = checkpoint.At } },
        };
        await mark.ExecuteNonQueryAsync(cancellationToken);
    }
}
