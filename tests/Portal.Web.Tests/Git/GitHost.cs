using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Portal.Core;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git.GitHub;
using Portal.Core.Jobs;
using Portal.Core.Live;
using Portal.Core.Teams;
using Portal.Core.Triggers;
using Portal.Core.Triggers.Reports;
using Portal.Testing;
using Portal.Web.Git;
using Portal.Web.Hosting;
using Portal.Web.Webhooks;

namespace Portal.Web.Tests.Git;

/// <summary>The web host on a free port, with a worker that decides pushes but builds nothing, and one team with an app.</summary>
internal sealed class GitHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private GitHost(WebApplication app, PortalDatabase database, string folder)
    {
        _app = app;
        Database = database;
        Folder = folder;
    }

    public PortalDatabase Database { get; }

    public string Folder { get; }

    public Uri Url => new(_app.Urls.First());

    public IServiceProvider Services => _app.Services;

    public Team Team { get; private set; } = null!;

    public App App { get; private set; } = null!;

    public AppEnvironment Production { get; private set; } = null!;

    public PortalUser Owner { get; private set; } = null!;

    public string Token { get; private set; } = "";

    public string Repository => Path.Combine(Folder, "data", "repositories", $"{App.Id}.git");

    public static async Task<GitHost> StartAsync(SourceKind kind = SourceKind.Portal, Dictionary<string, string?>? settings = null, bool decides = true,
        PostgresServer? server = null, string sourceUrl = "https://git.example.org/shop/api.git")
    {
        var database = await PortalDatabase.CreateAsync(server ?? await PostgresServer.GetAsync(), TestContext.Current.CancellationToken);
        var folder = Directory.CreateTempSubdirectory("portal-web-git-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "master.key"), Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        Directory.CreateDirectory(Path.Combine(folder, "data", "repositories"));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:Portal"] = database.ConnectionString,
            ["Portal:PublicUrl"] = "http://localhost:8080",
            ["Portal:AppsDomain"] = "localhost:8080",
            ["Portal:DataDirectory"] = Path.Combine(folder, "data"),
            ["Portal:MasterKeyFile"] = Path.Combine(folder, "master.key"),
        });
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var options = WebHost.Read(builder);
        builder.Services.AddPortalCore(options, database.ConnectionString);
        builder.Services.AddTeams();
        builder.Services.AddSingleton<LiveFeed>().AddHostedService(services => services.GetRequiredService<LiveFeed>());
        builder.Services.AddGitDoor();
        builder.Services.AddGitWebhooks();
        if (decides)
        {
            builder.Services.AddPushDecisions().AddGitHubWork().AddReports().AddHostedService<JobRunner>();
        }
        var app = builder.Build();
        app.MapGit();
        app.MapGitWebhooks();
        var host = new GitHost(app, database, folder);
        await host.SeedAsync(kind, sourceUrl);
        await host._app.StartAsync(TestContext.Current.CancellationToken);
        return host;
    }

    public string Address(string? token = null, string? team = null) =>
        $"http://x:{token ?? Token}@{Url.Authority}/git/{team ?? Team.Slug}/{App.Slug}.git";

    /// <summary>Gives the app's connection a secret.</summary>
    public async Task SignWithAsync(string secret)
    {
        await using var db = Database.CreateDbContext();
        var app = await db.Set<App>().SingleAsync(a => a.Id == App.Id, TestContext.Current.CancellationToken);
        app.WebhookSecret = Services.GetRequiredService<SecretBox>().Seal(SecretPurposes.WebhookSecret, secret);
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Delivers a push as GitHub does.</summary>
    public async Task<HttpResponseMessage> DeliverAsync(HttpClient http, string secret, string delivery, string branch, string commit, string message = "a push")
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new
        {
            @ref = "refs/heads/" + branch,
            before = new string('0', 40),
            after = commit,
            head_commit = new { id = commit, message },
            pusher = new { name = "ada" },
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Url, $"/webhooks/github/{App.Id}")) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.Add("X-GitHub-Event", "push");
        request.Headers.Add("X-GitHub-Delivery", delivery);
        request.Headers.Add("X-Hub-Signature-256", "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body)));
        return await http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>Runs git in the working copy.</summary>
    public Task<CliResult> GitAsync(params string[] arguments)
    {
        var work = Directory.CreateDirectory(Path.Combine(Folder, "work")).FullName;
        return Cli.RunAsync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", .. arguments], work,
            new Dictionary<string, string?> { ["GIT_TERMINAL_PROMPT"] = "0", ["GIT_CONFIG_GLOBAL"] = "/dev/null" }, cancellationToken: TestContext.Current.CancellationToken);
    }

    public async Task<string> CommitAsync(string message, params (string Path, string Text)[] files)
    {
        if (!Directory.Exists(Path.Combine(Folder, "work", ".git")))
        {
            (await GitAsync("init", "-q", "-b", "main")).Expect();
        }
        foreach (var (path, text) in files)
        {
            var file = Path.Combine(Folder, "work", path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, text);
        }
        (await GitAsync("add", "-A")).Expect();
        (await GitAsync("commit", "-q", "--allow-empty", "-m", message)).Expect();
        return (await GitAsync("rev-parse", "HEAD")).Expect().Output.Trim();
    }

    /// <summary>Plays the worker: ends the newest build, so that a push that follows it ends too.</summary>
    public async Task<Build> EndBuildAsync(string log, BuildState state = BuildState.Failed, string reason = "npm ci exited with code 1")
    {
        Build? build = null;
        await Eventually.True(async () =>
        {
            await using var look = Database.CreateDbContext();
            return (build = await look.Set<Build>().FirstOrDefaultAsync(b => b.State == BuildState.Queued)) is not null;
        }, TimeSpan.FromSeconds(60), "a build was queued");
        await using var db = Database.CreateDbContext();
        db.Add(new BuildLogChunk { BuildId = build!.Id, Sequence = 0, Text = log, At = build.QueuedAt });
        await db.SaveChangesAsync();
        var row = await db.Set<Build>().SingleAsync(b => b.Id == build.Id);
        row.State = state;
        row.Reason = reason;
        db.Signal(LiveTopics.Build, row.Id);
        await db.SaveChangesAsync();
        return row;
    }

    public async Task<string> TokenAsync(PortalUser user, TokenScope scope = TokenScope.Push)
    {
        var value = SecretTokens.Create(TokenDoor.Prefix);
        await Database.AddAsync(new ApiToken
        {
            Id = Guid.NewGuid(),
            UserId = user.Id,
            Name = "test",
            Scope = scope,
            Hash = SecretTokens.Hash(value),
            Prefix = value[..10],
            CreatedAt = TimeProvider.System.GetUtcNow(),
            ExpiresAt = TimeProvider.System.GetUtcNow().AddHours(1),
        });
        return value;
    }

    public async Task<PortalUser> PersonAsync(string name, Guid? team = null, TeamRole role = TeamRole.Developer)
    {
        var user = new PortalUser { Id = Guid.NewGuid(), UserName = $"{name}@example.org", NormalizedUserName = $"{name}@EXAMPLE.ORG", Email = $"{name}@example.org", DisplayName = name, SecurityStamp = "x" };
        await Database.AddAsync(user);
        if (team is { } id)
        {
            await Database.AddAsync(new Membership { TeamId = id, UserId = user.Id, Role = role, Since = TimeProvider.System.GetUtcNow() });
        }
        return user;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await Database.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task SeedAsync(SourceKind kind, string sourceUrl)
    {
        var now = TimeProvider.System.GetUtcNow();
        Team = new Team { Id = Guid.NewGuid(), Slug = "shop", Name = "Shop", CreatedAt = now };
        App = new App
        {
            Id = Guid.NewGuid(),
            TeamId = Team.Id,
            Slug = "api",
            SourceKind = kind,
            CreatedAt = now,
            CreatedBy = null,
            SourceUrl = kind == SourceKind.Git ? sourceUrl : null,
        };
        Production = new AppEnvironment { Id = Guid.NewGuid(), AppId = App.Id, TeamId = Team.Id, Slug = "production", CreatedAt = now };
        await Database.AddAsync(Team);
        await Database.AddAsync(App, Production);
        Owner = await PersonAsync("Ada", Team.Id);
        Token = await TokenAsync(Owner);
    }
}
