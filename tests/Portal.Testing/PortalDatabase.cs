using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Core.Data;

namespace Portal.Testing;

/// <summary>A migrated database of its own for one test, or for one class of tests that does not mind sharing.</summary>
public sealed class PortalDatabase : IDbContextFactory<PortalDbContext>, IAsyncDisposable
{
    private readonly PostgresServer _server;
    private readonly DbContextOptions<PortalDbContext> _options;

    private PortalDatabase(PostgresServer server, string name)
    {
        _server = server;
        Name = name;
        ConnectionString = server.ConnectionString(name);
        Source = PortalData.Source(ConnectionString);
        var options = new DbContextOptionsBuilder<PortalDbContext>();
        PortalData.Configure(options, Source);
        _options = options.Options;
    }

    public string Name { get; }

    /// <summary>As the hosts connect: role <c>portal</c>, which owns nothing.</summary>
    public string ConnectionString { get; }

    /// <summary>As the role that owns the tables.</summary>
    public string OwnerConnectionString => _server.ConnectionString(Name, "portal_owner");

    public NpgsqlDataSource Source { get; }

    public static async Task<PortalDatabase> CreateAsync(CancellationToken cancellationToken = default) =>
        await CreateAsync(await PostgresServer.GetAsync(), cancellationToken);

    public static async Task<PortalDatabase> CreateAsync(PostgresServer server, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(server);
        return new PortalDatabase(server, await server.CopyTemplateAsync(cancellationToken));
    }

    public PortalDbContext CreateDbContext() => new(_options);

    /// <summary>Adds entities and saves them, for the given part of a test.</summary>
    public async Task AddAsync(params object[] entities)
    {
        await using var db = CreateDbContext();
        db.AddRange(entities);
        await db.SaveChangesAsync();
    }

    /// <summary>Runs SQL as the hosts' role.</summary>
    public async Task<int> ExecuteAsync(string sql, CancellationToken cancellationToken = default)
    {
        await using var command = Source.CreateCommand(sql);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Ends every connection to it and lets none in until <see cref="ComeBackAsync"/>.</summary>
    public Task GoAwayAsync() => _server.SetReachableAsync(Name, reachable: false);

    public Task ComeBackAsync() => _server.SetReachableAsync(Name, reachable: true);

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await _server.DropAsync(Name);
    }
}
