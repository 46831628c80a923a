using System.Globalization;
using Npgsql;
using Portal.Migrations;

namespace Portal.Testing;

/// <summary>
/// One private PostgreSQL per test process, made when the first test needs it and gone with the last one. It listens on
/// a unix socket in its own temporary folder and holds a template database that was migrated once; each test gets a
/// copy of it (about 0.15 s). Durability is off: nothing here outlives the tests.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Template = "portal_template";

    private static readonly Lazy<Task<PostgresServer>> Shared = new(() => StartAsync(keepsCommits: false));
    private static readonly SemaphoreSlim Copying = new(1);

    private readonly string _folder;
    private TiedProcess _process;
    private int _removed;

    private readonly bool _keepsCommits;

    private PostgresServer(string folder, bool keepsCommits)
    {
        _folder = folder;
        _keepsCommits = keepsCommits;
        _process = Start(folder, keepsCommits);
    }

    public static Task<PostgresServer> GetAsync() => Shared.Value;

    /// <summary>One that nobody else uses, for a test that stops it: what was committed outlives that.</summary>
    public static Task<PostgresServer> StartAloneAsync() => StartAsync(keepsCommits: true);

    /// <summary>As <c>pg_ctl stop -m immediate</c>: every connection breaks.</summary>
    public Task StopAsync() => _process.StopAsync(TimeSpan.FromSeconds(20));

    public async Task StartAgainAsync()
    {
        _process = Start(_folder, _keepsCommits);
        await AnswersAsync();
    }

    /// <summary>The folder of PostgreSQL's programs, the newest version.</summary>
    public static string Programs { get; } =
        (Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [])
            .Select(folder => Path.Combine(folder, "bin"))
            .Where(folder => File.Exists(Path.Combine(folder, "initdb")))
            .OrderByDescending(folder => int.TryParse(Path.GetFileName(Path.GetDirectoryName(folder)), CultureInfo.InvariantCulture, out var version) ? version : 0)
            .FirstOrDefault() ?? "/usr/lib/postgresql/bin";

    /// <param name="role"><c>portal</c> is what the hosts are, <c>portal_owner</c> owns the tables, <c>postgres</c> may do anything.</param>
    public string ConnectionString(string database, string role = "portal") =>
        new NpgsqlConnectionStringBuilder { Host = _folder, Database = database, Username = role, MaxPoolSize = 30 }.ConnectionString;

    /// <summary>Makes a migrated database of a name of its own.</summary>
    internal async Task<string> CopyTemplateAsync(CancellationToken cancellationToken)
    {
        var name = $"test_{Guid.NewGuid():N}";
        // The template may have one reader at a time.
        await Copying.WaitAsync(cancellationToken);
        try
        {
            await ExecuteAsync("postgres", $"create database {name} template {Template} owner portal_owner", cancellationToken);
        }
        finally
        {
            Copying.Release();
        }
        return name;
    }

    internal async Task SetReachableAsync(string database, bool reachable)
    {
        await ExecuteAsync("postgres", $"alter database {database} with allow_connections {reachable}", CancellationToken.None);
        if (!reachable)
        {
            await ExecuteAsync("postgres", $"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'", CancellationToken.None);
        }
    }

    internal Task DropAsync(string database) =>
        ExecuteAsync("postgres", $"drop database if exists {database} with (force)", CancellationToken.None);

    private static async Task<PostgresServer> StartAsync(bool keepsCommits)
    {
        if (!Directory.Exists(Programs))
        {
            throw new InvalidOperationException("PostgreSQL is not installed. Install the package postgresql, or run ./portal test, which does.");
        }
        var folder = Directory.CreateTempSubdirectory("portal-pg-").FullName;
        var data = Path.Combine(folder, "data");
        // PostgreSQL refuses to run as root.
        if (Environment.IsPrivilegedProcess)
        {
            (await Cli.RunAsync("chown", ["postgres:postgres", folder])).Expect();
        }
        (await Cli.RunAsync(SwitchUser[0],
            [.. SwitchUser[1..], Path.Combine(Programs, "initdb"), "-D", data, "--no-sync", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"],
            directory: folder)).Expect();

        var server = new PostgresServer(folder, keepsCommits);
        // For programs that are no test run; a test runner is not to be held up by it, so tests call it earlier.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.RemoveAsync().GetAwaiter().GetResult();
        await server.PrepareAsync();
        return server;
    }

    private static string[] SwitchUser => Environment.IsPrivilegedProcess
        ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
        : ["env", "--"];

    private static TiedProcess Start(string folder, bool keepsCommits) => TiedProcess.Start("QUIT", SwitchUser[0],
        [.. SwitchUser[1..], Path.Combine(Programs, "postgres"), "-D", Path.Combine(folder, "data"), "-k", folder,
            "-c", "listen_addresses=", "-c", "fsync=off", "-c", $"synchronous_commit={(keepsCommits ? "on" : "off")}", "-c", "full_page_writes=off",
            "-c", "max_connections=400", "-c", "max_wal_size=256MB"]);

    private Task AnswersAsync() =>
        Eventually.True(async () =>
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"PostgreSQL did not start:{Environment.NewLine}{_process.Output}");
            }
            try
            {
                await ExecuteAsync("postgres", "select 1", CancellationToken.None);
                return true;
            }
            catch (NpgsqlException)
            {
                return false;
            }
        }, TimeSpan.FromSeconds(60), "PostgreSQL answers");

    private async Task PrepareAsync()
    {
        await AnswersAsync();
        await ExecuteAsync("postgres", "create role portal_owner login", CancellationToken.None);
        await ExecuteAsync("postgres", "create role portal login", CancellationToken.None);
        await ExecuteAsync("postgres", $"create database {Template} owner portal_owner", CancellationToken.None);
        var owner = new NpgsqlConnectionStringBuilder(ConnectionString(Template, "portal_owner")) { Pooling = false };
        await SchemaMigrator.ApplyAsync(owner.ConnectionString, "portal", CancellationToken.None);
    }

    private async Task ExecuteAsync(string database, string sql, CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(ConnectionString(database, "postgres")) { Pooling = false };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Ends the server, if there is one.</summary>
    public static async Task StopSharedAsync()
    {
        if (Shared.IsValueCreated)
        {
            await (await Shared.Value).RemoveAsync();
        }
    }

    /// <summary>For one that was started alone.</summary>
    public async ValueTask DisposeAsync() => await RemoveAsync();

    private async Task RemoveAsync()
    {
        if (Interlocked.Exchange(ref _removed, 1) == 1)
        {
            return;
        }
        await _process.StopAsync(TimeSpan.FromSeconds(20));
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (IOException)
        {
            // A backend may still be writing its last file; the folder is temporary.
        }
    }
}

/// <summary>A fixture of every test assembly: ends the private PostgreSQL with the last test.</summary>
public sealed class PostgresEnd : IAsyncDisposable
{
    public async ValueTask DisposeAsync() => await PostgresServer.StopSharedAsync();
}
