using Npgsql;

namespace Portal.Core.Data;

/// <summary>
/// The PostgreSQL server that add-on databases live in. Reached by a role that may make databases and roles and nothing
/// else; apps reach their own database over loopback with a password.
/// </summary>
public sealed class AddOnServer(string? adminConnectionString, string appHost, int appPort)
{
    /// <summary>False where the installation offers none.</summary>
    public bool Available => !string.IsNullOrWhiteSpace(adminConnectionString);

    public string UrlOf(string name, string password) => $"postgresql://{name}:{password}@{appHost}:{appPort}/{name}";

    /// <summary>Makes role and database, or brings them to this state.</summary>
    /// <param name="name">Made by Portal: letters, digits and underscores.</param>
    /// <param name="password">Made by Portal: hexadecimal digits.</param>
    public async Task CreateAsync(string name, string password, CancellationToken cancellationToken)
    {
        Demand(name, password);
        await using var source = NpgsqlDataSource.Create(adminConnectionString!);
        var exists = await ExistsAsync(source, "select 1 from pg_roles where rolname = $1", name, cancellationToken);
        await RunAsync(source, $"{(exists ? "alter" : "create")} role {name} login password '{PasswordProof.Create(password)}' connection limit 40", cancellationToken);
        if (!await ExistsAsync(source, "select 1 from pg_database where datname = $1", name, cancellationToken))
        {
            await RunAsync(source, $"grant {name} to current_user", cancellationToken);
            await RunAsync(source, $"create database {name} owner {name}", cancellationToken);
        }
        await RunAsync(source, $"revoke all on database {name} from public", cancellationToken);
    }

    public async Task DropAsync(string name, CancellationToken cancellationToken)
    {
        Demand(name, "");
        await using var source = NpgsqlDataSource.Create(adminConnectionString!);
        if (await ExistsAsync(source, "select 1 from pg_roles where rolname = $1", name, cancellationToken))
        {
            await RunAsync(source, $"grant {name} to current_user", cancellationToken);
        }
        await RunAsync(source, $"drop database if exists {name} with (force)", cancellationToken);
        await RunAsync(source, $"drop role if exists {name}", cancellationToken);
    }

    private static void Demand(string name, string password)
    {
        if (!name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_') || !password.All(char.IsAsciiHexDigit))
        {
            throw new ArgumentException("The name or password of an add-on was not made by Portal.");
        }
    }

    private static async Task<bool> ExistsAsync(NpgsqlDataSource source, string sql, string name, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        command.Parameters.AddWithValue(name);
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    private static async Task RunAsync(NpgsqlDataSource source, string sql, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
