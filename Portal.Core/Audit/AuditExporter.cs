using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Core.Access;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Audit;

/// <summary>
/// One line of an export: everything that the hash covers, as it was hashed, in that order, and the hash. The lines alone,
/// in order, are enough to verify the trail.
/// </summary>
/// <param name="Before">The stored JSON as text, because its very bytes are hashed.</param>
/// <param name="Hash">64 hexadecimal digits.</param>
public sealed record AuditExportLine(long Number, string Id, string At, string ActorKind, string? ActorId, string? UserId, string ActorName, string? Address,
    string Action, string? TeamId, string? AppId, string Target, string? Before, string? After, string Outcome, string Hash);

/// <summary>The sealed trail in the order of its numbers. Taking a copy is itself an act that the trail remembers.</summary>
public sealed class AuditExporter(NpgsqlDataSource source, IDbContextFactory<PortalDbContext> contexts, AuditTrail audit)
{
    /// <param name="after">Continues an earlier export behind this number; 0 takes everything.</param>
    public async Task<IAsyncEnumerable<AuditExportLine>> ExportAsync(Actor actor, long after, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ReadAudit, Resource.Platform);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        audit.Record(db, actor, "audit.export", "audit trail", after: new { from = after + 1 });
        await db.SaveChangesAsync(cancellationToken);
        return ReadAsync(after, cancellationToken);
    }

    private async IAsyncEnumerable<AuditExportLine> ReadAsync(long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            $"select s.number, s.hash, {AuditHash.Columns} from audit_seals s join audit_entries e on e.id = s.entry_id where s.number > $1 order by s.number", connection);
        command.Parameters.AddWithValue(after);
        // A copy of everything takes as long as its reader does.
        command.CommandTimeout = 0;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var f = AuditHash.Read(reader, 2);
            yield return new AuditExportLine(reader.GetInt64(0), f[0]!, f[1]!, f[2]!, f[3], f[4], f[5]!, f[6], f[7]!, f[8], f[9], f[10]!, f[11], f[12], f[13]!,
                Convert.ToHexStringLower(reader.GetFieldValue<byte[]>(1)));
        }
    }
}
