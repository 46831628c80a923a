using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Core.Apps;
using Portal.Core.Releases;
using Portal.Core.Teams;
using Portal.Testing;

namespace Portal.Web.Tests.Gateway;

/// <summary>The whole web host on a free port, over a database of its own, with a team and routes to lead somewhere.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _folder;
    private readonly bool _keepFolder;
    private Guid _team;

    private TestGateway(WebApplication app, PortalDatabase database, string folder, bool keepFolder)
    {
        _app = app;
        _folder = folder;
        _keepFolder = keepFolder;
        Database = database;
    }

    public PortalDatabase Database { get; }

    public RouteTable Routes => _app.Services.GetRequiredService<RouteTable>();

    public Uri Url => new(_app.Urls.First());

    /// <param name="database">Shared between several gateways; otherwise a new one.</param>
    /// <param name="folder">Data folder of an earlier gateway, kept; otherwise a new one.</param>
    /// <param name="settings">As on a command line: <c>--Portal:Limits:AppRequestBytes=10</c>.</param>
    public static async Task<TestGateway> StartAsync(PortalDatabase? database = null, string? folder = null, string? connectionString = null, params string[] settings)
    {
        database ??= await PortalDatabase.CreateAsync();
        var keep = folder is not null;
        folder ??= Directory.CreateTempSubdirectory("portal-gateway-").FullName;
        var key = Path.Combine(folder, "master.key");
        await File.WriteAllTextAsync(key, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        var builder = Portal.Web.Hosting.WebHost.CreateBuilder([
            "--Portal:Listen=http://127.0.0.1:0", "--Portal:PublicUrl=http://localhost:8080", "--Portal:AppsDomain=localhost:8080",
            $"--Portal:DataDirectory={folder}", $"--Portal:MasterKeyFile={key}", $"--ConnectionStrings:Portal={connectionString ?? database.ConnectionString}", .. settings]);
        builder.Logging.ClearProviders();
        var gateway = new TestGateway(Program.Build(builder), database, folder, keep);
        await gateway._app.StartAsync();
        return gateway;
    }

    /// <summary>An environment whose address is the returned label.</summary>
    public async Task<(Guid EnvironmentId, string Label)> AddAppAsync(string slug)
    {
        var now = TimeProvider.System.GetUtcNow();
        if (_team == Guid.Empty)
        {
            var team = new Team { Id = Guid.NewGuid(), Slug = "acme", Name = "Acme", CreatedAt = now };
            await Database.AddAsync(team);
            _team = team.Id;
        }
        var app = new App { Id = Guid.NewGuid(), TeamId = _team, Slug = slug, SourceKind = SourceKind.Portal, CreatedAt = now, CreatedBy = null };
        var environment = new AppEnvironment { Id = Guid.NewGuid(), AppId = app.Id, TeamId = _team, Slug = "production", CreatedAt = now };
        await Database.AddAsync(app, environment);
        return (environment.Id, $"{slug}--acme");
    }

    public async Task<long> LeadAsync(Guid environmentId, string label, int version = 1, string state = RouteStates.Live, params TestUpstream[] upstreams)
    {
        await using var db = Database.CreateDbContext();
        return await Routes.SetAsync(db, environmentId, label, version, [.. upstreams.Select(u => u.Address)], state, CancellationToken.None);
    }

    /// <summary>Leads and waits until the gateway says that it does.</summary>
    public async Task<long> LeadNowAsync(Guid environmentId, string label, params TestUpstream[] upstreams)
    {
        var revision = await LeadAsync(environmentId, label, upstreams: upstreams);
        Assert.True(await Routes.WaitAcknowledgedAsync(revision, TimeSpan.FromSeconds(20), CancellationToken.None));
        return revision;
    }

    /// <summary>*.localhost is not resolved here, so the address goes into the Host header.</summary>
    public HttpClient Client(string? label = null)
    {
        var client = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(30) };
        client.DefaultRequestHeaders.Host = label is null ? "localhost:8080" : $"{label}.localhost:8080";
        return client;
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await Database.DisposeAsync();
        if (!_keepFolder)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }
}
