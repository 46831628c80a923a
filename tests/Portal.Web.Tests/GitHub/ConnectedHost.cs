using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git.GitHub;
using Portal.Core.Jobs;
using Portal.Testing;
using Portal.Testing.GitHub;
using Portal.Web.Tests.Git;

namespace Portal.Web.Tests.GitHub;

/// <summary>The web host with a worker that builds nothing, connected to a GitHub of its own: an organization "acme" with one repository "acme/shop".</summary>
internal sealed class ConnectedHost : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("portal-connected-").FullName;

    private ConnectedHost(GitHost host, GitHubDouble github)
    {
        Host = host;
        GitHub = github;
    }

    public GitHost Host { get; }

    public GitHubDouble GitHub { get; }

    public DoubleApp HostApp { get; private set; } = null!;

    public DoubleInstallation Installation { get; private set; } = null!;

    public DoubleRepository Shop { get; private set; } = null!;

    public GitConnection Connection { get; private set; } = null!;

    public Actor Admin { get; } = TestActors.Admin();

    public Actor Developer => TestActors.Developer(Host.Team.Id);

    public string WebhookUrl => $"{Host.Url}webhooks/git/{Connection.Id}";

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="permissions">What the App asks for; null: what Portal's manifest does.</param>
    public static async Task<ConnectedHost> StartAsync(bool forEveryTeam = true, Dictionary<string, string>? permissions = null)
    {
        var host = await GitHost.StartAsync(settings: new() { ["Portal:Git:AllowHttp"] = "true" });
        var folder = Directory.CreateTempSubdirectory("portal-github-").FullName;
        var github = await GitHubDouble.StartAsync(folder);
        var connected = new ConnectedHost(host, github);
        await connected.ConnectAsync(forEveryTeam, permissions ?? new()
        {
            ["contents"] = "read",
            ["metadata"] = "read",
            ["checks"] = "write",
            ["deployments"] = "write",
            ["statuses"] = "write",
            ["pull_requests"] = "write",
        });
        return connected;
    }

    /// <summary>An app of the team "shop", made from a repository.</summary>
    public async Task<CreatedApp> AppAsync(string name = "web", string repository = "acme/shop") =>
        await Get<AppService>().CreateAsync(Developer, Host.Team.Slug, new NewApp(name, SourceKind.GitHub, Repository: repository), Token);

    public T Get<T>()
        where T : notnull => Host.Services.GetRequiredService<T>();

    public T Make<T>(params object[] parts) => ActivatorUtilities.CreateInstance<T>(Host.Services, parts);

    public async Task<App> ReadAsync(Guid app)
    {
        await using var db = Host.Database.CreateDbContext();
        return await db.Set<App>().AsNoTracking().SingleAsync(a => a.Id == app, Token);
    }

    /// <summary>Waits until GitHub has sent and the worker has done everything.</summary>
    public async Task QuietAsync()
    {
        await GitHub.Deliveries.SettledAsync(Token);
        await Eventually.True(async () =>
        {
            await using var db = Host.Database.CreateDbContext();
            return !await db.Set<Job>().AnyAsync(j => j.Kind != JobKinds.Build && j.Kind != JobKinds.Environment && (j.State == JobState.Queued || j.State == JobState.Running), Token);
        }, TimeSpan.FromSeconds(60), "the worker has nothing to do");
    }

    public async Task LookAsync()
    {
        await using (var db = Host.Database.CreateDbContext())
        {
            Get<JobQueue>().Enqueue(db, ConnectionSync.JobOf(Connection.Id));
            await db.SaveChangesAsync(Token);
        }
        await QuietAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await GitHub.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task ConnectAsync(bool forEveryTeam, Dictionary<string, string> permissions)
    {
        GitHub.AddUser("ada");
        GitHub.AddOrganization("acme", "ada");
        Shop = GitHub.AddRepository("acme", "shop");
        await GitHub.CommitAsync(Shop, "main", new Dictionary<string, string> { ["package.json"] = """{ "scripts": { "start": "node server.js" } }""" }, "the shop opens", "ada");
        var id = Guid.NewGuid();
        HostApp = GitHub.AddApp("acme", "Portal", new AppManifest
        {
            Url = "http://localhost:8080",
            HookUrl = $"{Host.Url}webhooks/git/{id}",
            Permissions = permissions,
            Events = [.. new[] { "push", "repository", "pull_request", "check_run", "status" }.Where(e => e is "push" or "repository" || (e == "pull_request" && permissions.ContainsKey("pull_requests"))
                || (e == "check_run" && permissions.ContainsKey("checks")) || (e == "status" && permissions.ContainsKey("statuses")))],
        });
        var box = Get<SecretBox>();
        Connection = new GitConnection
        {
            Id = id,
            WebUrl = GitHub.Url.ToString().TrimEnd('/'),
            AppId = HostApp.Id,
            Slug = HostApp.Slug,
            Name = HostApp.Name,
            Owner = "acme",
            HtmlUrl = $"{GitHub.Url}github-apps/{HostApp.Slug}",
            ClientId = HostApp.ClientId,
            ClientSecret = box.Seal(SecretPurposes.GitHubApp, HostApp.ClientSecret),
            PrivateKey = box.Seal(SecretPurposes.GitHubApp, HostApp.PrivateKeyPem),
            WebhookSecret = box.Seal(SecretPurposes.WebhookSecret, HostApp.WebhookSecret!),
            CreatedAt = TimeProvider.System.GetUtcNow(),
            CreatedBy = null,
        };
        await Host.Database.AddAsync(Connection);
        Installation = await GitHub.InstallAsync(HostApp, "acme");
        await LookAsync();
        if (forEveryTeam)
        {
            await Get<ConnectionService>().AllowAsync(Admin, id, Installation.Id, true, [], Token);
        }
    }
}
