using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Npgsql;
using Portal.Core.Data;

namespace Portal.Migrations;

/// <param name="Applied">The names of the migrations that were applied now.</param>
/// <param name="Granted">False when there is no such role, or it is the owner itself.</param>
public sealed record MigrationResult(IReadOnlyList<string> Applied, bool Granted);

/// <summary>
/// Brings the schema up to date, once, before the hosts start. Any number may be started at the same time: EF Core's
/// migration lock lets one work. Afterwards the hosts' role is given exactly what it needs; it owns no table.
/// </summary>
public static class SchemaMigrator
{
    /// <summary>Tables that are facts: the hosts may add and read, never change.</summary>
    private static readonly string[] AppendOnly = ["audit_entries", "audit_seals", "audit_checkpoints"];

    public static async Task<MigrationResult> ApplyAsync(string connectionString, string hostRole, CancellationToken cancellationToken)
    {
        await using var source = PortalData.Source(connectionString);
        var options = new DbContextOptionsBuilder<PortalDbContext>();
        PortalData.Configure(options, source);
        await using var db = new PortalDbContext(options.Options);
        var pending = (await db.Database.GetPendingMigrationsAsync(cancellationToken)).ToList();
        await db.Database.MigrateAsync(cancellationToken);
        return new MigrationResult(pending, await GrantAsync(source, hostRole, cancellationToken));
    }

    private static async Task<bool> GrantAsync(NpgsqlDataSource source, string role, CancellationToken cancellationToken)
    {
        await using var exists = source.CreateCommand("select 1 from pg_roles where rolname = $1 and rolname <> current_user");
        exists.Parameters.AddWithValue(role);
        if (await exists.ExecuteScalarAsync(cancellationToken) is null)
        {
            return false;
        }
        var name = '"' + role.Replace("\"", "\"\"", StringComparison.Ordinal) + '"';
        var statements = new List<string>
        {
            $"grant usage on schema public to {name}",
            $"grant select, insert, update, delete on all tables in schema public to {name}",
            $"grant usage, select on all sequences in schema public to {name}",
        };
        await using var tables = source.CreateCommand("select tablename from pg_tables where schemaname = 'public' and tablename = any($1)");
        tables.Parameters.AddWithValue(AppendOnly);
        await using (var reader = await tables.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                statements.Add($"revoke update, delete, truncate on {reader.GetString(0)} from {name}");
            }
        }
        foreach (var statement in statements)
        {
            await using var command = source.CreateCommand(statement);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        return true;
    }
}

/// <summary>What <c>dotnet ef</c> uses to make migrations; it never connects.</summary>
internal sealed class DesignTimeFactory : IDesignTimeDbContextFactory<PortalDbContext>
{
    public PortalDbContext CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<PortalDbContext>();
        PortalData.Configure(options, PortalData.Source("Host=localhost;Database=portal"));
        return new PortalDbContext(options.Options);
    }
}
