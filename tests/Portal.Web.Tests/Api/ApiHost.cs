using System.Net.Http.Headers;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Teams;
using Portal.Testing;
using Portal.Web.Hosting;

namespace Portal.Web.Tests.Api;

/// <summary>
/// The web host as <c>Program</c> builds it, on a free port, with a database of its own: a team "shop" with one member of
/// each role, an outsider, an admin and an auditor, each with a token. No worker: what is desired stays so.
/// </summary>
public class ApiHost : IAsyncLifetime
{
    private WebApplication? _app;
    private string _folder = "";
    private readonly Dictionary<string, string> _tokens = [];

    public PortalDatabase Database { get; private set; } = null!;

    public Guid TeamId { get; } = Guid.NewGuid();

    public Uri Url { get; private set; } = null!;

    public IServiceProvider Services => _app!.Services;

    /// <summary>What a host for other tests is given besides, or instead.</summary>
    protected virtual Task<Dictionary<string, string?>> SettingsAsync() => Task.FromResult(new Dictionary<string, string?>());

    public virtual async ValueTask InitializeAsync()
    {
        Database = await PortalDatabase.CreateAsync();
        _folder = Directory.CreateTempSubdirectory("portal-api-").FullName;
        var key = Path.Combine(_folder, "master.key");
        await File.WriteAllTextAsync(key, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        var builder = WebHost.CreateBuilder(["--applicationName", "Portal.Web"]);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Portal:Listen"] = "http://127.0.0.1:0",
            ["Portal:PublicUrl"] = "http://localhost:8080",
            ["Portal:AppsDomain"] = "localhost:8080",
            ["Portal:DataDirectory"] = _folder,
            ["Portal:StateDirectory"] = _folder,
            ["Portal:MasterKeyFile"] = key,
            ["ConnectionStrings:Portal"] = Database.ConnectionString,
            ["urls"] = "http://127.0.0.1:0",
        });
        builder.Configuration.AddInMemoryCollection(await SettingsAsync());
        builder.Logging.ClearProviders().AddSimpleConsole();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        _app = Program.Build(builder);
        await _app.StartAsync();
        Url = new Uri(_app.Urls.First());
        await Database.AddAsync(new Team { Id = TeamId, Slug = "shop", Name = "Shop", CreatedAt = DateTimeOffset.UnixEpoch });
        await AddPersonAsync("admin", admin: true);
        await AddPersonAsync("auditor", auditor: true);
        await AddPersonAsync("outsider");
        await AddPersonAsync("maintainer", TeamRole.Maintainer);
        await AddPersonAsync("developer", TeamRole.Developer);
        await AddPersonAsync("viewer", TeamRole.Viewer);
    }

    /// <summary>As one of the people above; null: as nobody.</summary>
    public HttpClient As(string? person)
    {
        var client = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(60) };
        if (person is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _tokens[person]);
        }
        return client;
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }
        await Database.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task AddPersonAsync(string name, TeamRole? role = null, bool admin = false, bool auditor = false)
    {
        var id = Guid.NewGuid();
        var token = SecretTokens.Create("ptl_");
        _tokens[name] = token;
        await Database.AddAsync(new PortalUser
        {
            Id = id,
            UserName = name,
            NormalizedUserName = name.ToUpperInvariant(),
            DisplayName = name,
            IsPlatformAdmin = admin,
            IsAuditor = auditor,
            SecurityStamp = name,
            CreatedAt = DateTimeOffset.UnixEpoch,
        });
        await Database.AddAsync(new ApiToken
        {
            Id = Guid.NewGuid(),
            UserId = id,
            Name = "test",
            Scope = TokenScope.Full,
            Hash = SecretTokens.Hash(token),
            Prefix = token[..8],
            CreatedAt = DateTimeOffset.UnixEpoch,
        });
        if (role is { } r)
        {
            await Database.AddAsync(new Membership { TeamId = TeamId, UserId = id, Role = r, Since = DateTimeOffset.UnixEpoch });
        }
    }
}
