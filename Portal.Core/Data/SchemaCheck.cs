using System.Data.Common;
using System.Reflection;
using Microsoft.EntityFrameworkCore;

namespace Portal.Core.Data;

/// <summary>
/// Is the schema what this program needs? The names of the migrations that it was built with are compared with those
/// that were applied; a newer schema is fine, because migrations expand before they contract.
/// </summary>
public sealed class SchemaCheck(IDbContextFactory<PortalDbContext> contexts)
{
    private static readonly string[] Needed = [.. typeof(SchemaCheck).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Where(a => a.Key == "Migrations").SelectMany(a => a.Value!.Split(';', StringSplitOptions.RemoveEmptyEntries))
        .Select(file => file.Replace(".Designer", "", StringComparison.Ordinal))];

    private bool _complete;

    /// <summary>Null when ready; otherwise a sentence.</summary>
    public async Task<string?> ProblemAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            if (_complete)
            {
                await db.Database.ExecuteSqlAsync($"select 1", cancellationToken);
                return null;
            }
            var applied = (await db.Database.GetAppliedMigrationsAsync(cancellationToken)).ToHashSet();
            _complete = Needed.All(applied.Contains);
            return _complete ? null : "The database's schema is older than this program needs; the migrations have to be applied.";
        }
        catch (Exception e) when (e is DbException or TimeoutException or InvalidOperationException)
        {
            return "The database does not answer.";
        }
    }
}
