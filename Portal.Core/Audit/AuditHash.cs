using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Portal.Core.Audit;

/// <summary>
/// The chain's arithmetic: <c>hash(n) = SHA-256(hash(n − 1) ‖ bytes(n))</c>, where hash(0) is 32 zero bytes and bytes(n) are
/// the stored fields of entry n, each as <c>length:utf-8,</c> and <c>-,</c> for null, in the order of <see cref="Columns"/>.
/// An exported trail holds the same fields, so that anybody can recompute it (docs/audit.md).
/// </summary>
public static class AuditHash
{
    public static readonly byte[] Start = new byte[32];

    /// <summary>The fields in the order in which they are hashed. The database writes the time, so that no edit of it is beyond reading.</summary>
    internal const string Columns =
        "e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), e.actor_kind, e.actor_id, e.user_id, e.actor_name, e.address, e.action, e.team_id, e.app_id, e.target, e.before, e.after, e.outcome";

    internal const int ColumnCount = 14;

    public static byte[] Next(byte[] previous, IReadOnlyList<string?> fields)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(previous);
        foreach (var field in fields)
        {
            if (field is null)
            {
                hash.AppendData("-,"u8);
                continue;
            }
            var bytes = Encoding.UTF8.GetBytes(field);
            hash.AppendData(Encoding.ASCII.GetBytes(bytes.Length.ToString(CultureInfo.InvariantCulture) + ":"));
            hash.AppendData(bytes);
            hash.AppendData(","u8);
        }
        return hash.GetHashAndReset();
    }

    /// <summary>Times are written in UTC with the six digits that PostgreSQL keeps.</summary>
    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>The fields of the current row, read back from the database, beginning at column <paramref name="first"/>.</summary>
    internal static string?[] Read(NpgsqlDataReader reader, int first)
    {
        var fields = new string?[ColumnCount];
        for (var i = 0; i < ColumnCount; i++)
        {
            fields[i] = reader.IsDBNull(first + i) ? null : reader.GetValue(first + i) switch
            {
                Guid id => id.ToString("D"),
                var value => (string)value,
            };
        }
        return fields;
    }
}
