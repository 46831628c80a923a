using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Git;
using Portal.Core.Git.GitHub;
using Portal.Core.Jobs;
using Portal.Core.Triggers;
using Portal.Core.Triggers.Reports;
using Portal.Testing;

namespace Portal.Web.Tests.GitHub;

/// <summary>What becomes of apps when something at GitHub changes, and what GitHub is asked for.</summary>
public sealed class ConnectionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repository_that_gets_another_name_or_owner_is_followed_by_its_number()
    {
        await using var connected = await ConnectedHost.StartAsync();
        var made = await connected.AppAsync();
        Assert.Equal("main", made.Production.Branch);

        await connected.GitHub.RenameRepositoryAsync(connected.Shop, "store");
        await connected.QuietAsync();
        Assert.EndsWith("/acme/store.git", (await connected.ReadAsync(made.App.Id)).SourceUrl, StringComparison.Ordinal);

        connected.GitHub.AddOrganization("globex", "ada");
        var other = await connected.GitHub.InstallAsync(connected.HostApp, "globex");
        await connected.GitHub.TransferRepositoryAsync(connected.Shop, "globex");
        await connected.QuietAsync();
        await connected.LookAsync();
        var moved = await connected.ReadAsync(made.App.Id);
        Assert.EndsWith("/globex/store.git", moved.SourceUrl, StringComparison.Ordinal);
        Assert.Equal(other.Id, moved.InstallationId);
        // Its new owner's repositories are for nobody yet: that is the admin's word, and a transfer does not go around it.
        Assert.Contains("not for this team", moved.SourceProblem, StringComparison.Ordinal);
        await connected.Get<ConnectionService>().AllowAsync(connected.Admin, connected.Connection.Id, other.Id, false, [connected.Host.Team.Id], Token);
        Assert.Equal(await connected.GitHub.HeadAsync(connected.Shop, "main"), await HeadAsync(connected, moved));

        await using var db = connected.Host.Database.CreateDbContext();
        Assert.Equal(2, await db.Set<AuditEntry>().CountAsync(e => e.Action == "app.source-moved", Token));
    }

    [Fact]
    public async Task A_suspended_uninstalled_or_narrowed_App_is_said_in_plain_words()
    {
        await using var connected = await ConnectedHost.StartAsync();
        var app = (await connected.AppAsync()).App;

        await connected.GitHub.SuspendInstallationAsync(connected.Installation);
        await connected.QuietAsync();
        Assert.Contains("suspended for acme", (await connected.ReadAsync(app.Id)).SourceProblem, StringComparison.Ordinal);
        Assert.Contains("suspended for acme", (await Assert.ThrowsAsync<PortalException>(() => HeadAsync(connected, app))).Message, StringComparison.Ordinal);

        await connected.GitHub.UnsuspendAsync(connected.Installation);
        await connected.QuietAsync();
        Assert.NotNull(await HeadAsync(connected, app));

        await connected.GitHub.DeleteInstallationAsync(connected.Installation);
        await connected.QuietAsync();
        Assert.Contains("uninstalled from acme", (await connected.ReadAsync(app.Id)).SourceProblem, StringComparison.Ordinal);

        var again = await connected.GitHub.InstallAsync(connected.HostApp, "acme", connected.GitHub.AddRepository("acme", "other"));
        await connected.QuietAsync();
        await connected.LookAsync();
        Assert.Empty((await connected.Get<RepositoryDirectory>().SearchAsync(connected.Developer, "shop", null, Token)).Rows);
        await connected.Get<ConnectionService>().AllowAsync(connected.Admin, connected.Connection.Id, again.Id, true, [], Token);
        Assert.Equal("acme/other", Assert.Single((await connected.Get<RepositoryDirectory>().SearchAsync(connected.Developer, "shop", null, Token)).Rows).FullName);
    }

    [Fact]
    public async Task A_team_sees_only_what_an_admin_opened_to_it()
    {
        await using var connected = await ConnectedHost.StartAsync(forEveryTeam: false);
        Assert.Equal(0, (await connected.Get<RepositoryDirectory>().SearchAsync(connected.Developer, "shop", null, Token)).All);
        var refused = await Assert.ThrowsAsync<PortalException>(() => connected.AppAsync());
        Assert.Contains("source.repository", refused.Errors.Keys);
        await Assert.ThrowsAsync<PortalException>(() => connected.Get<ConnectionService>().AllowAsync(connected.Developer, connected.Connection.Id, connected.Installation.Id, true, [], Token));

        await connected.Get<ConnectionService>().AllowAsync(connected.Admin, connected.Connection.Id, connected.Installation.Id, false, [connected.Host.Team.Id], Token);
        var app = (await connected.AppAsync()).App;
        Assert.NotNull(await HeadAsync(connected, app));

        await connected.Get<ConnectionService>().AllowAsync(connected.Admin, connected.Connection.Id, connected.Installation.Id, false, [], Token);
        Assert.Contains("not for this team", (await Assert.ThrowsAsync<PortalException>(() => HeadAsync(connected, app))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_for_code_opens_one_repository_for_reading()
    {
        await using var connected = await ConnectedHost.StartAsync();
        var secret = connected.GitHub.AddRepository("acme", "secret");
        await connected.GitHub.CommitAsync(secret, "main", new Dictionary<string, string> { ["a"] = "b" }, "first", "ada");
        await connected.LookAsync();
        var token = await connected.Get<GitHubTokens>().MintAsync(connected.Connection, connected.Installation.Id, connected.Shop.Id, GitHubUse.Code, Token);

        Assert.Equal(0, (await LsRemoteAsync(connected, "acme/shop", token.Value)).ExitCode);
        Assert.NotEqual(0, (await LsRemoteAsync(connected, "acme/secret", token.Value)).ExitCode);
        using var work = await SampleRepository.WithAsync("a", "b");
        Assert.NotEqual(0, (await work.TryPushAsync($"{connected.GitHub.Url}acme/shop.git", "nothing")).ExitCode);
        Assert.Empty(connected.GitHub.Requests.Faults);
    }

    [Fact]
    public async Task A_limit_is_kept_until_it_ends_and_is_said()
    {
        await using var connected = await ConnectedHost.StartAsync();
        connected.GitHub.Limits.Secondary(TimeSpan.FromMinutes(5));
        var key = new RepositoryKey(connected.Connection.Id, connected.Installation.Id, connected.Shop.Id);
        var first = await Assert.ThrowsAsync<PortalException>(() => connected.Get<GitHubPulls>().OpenAsync(key, Token));
        Assert.Equal(Refusal.Unavailable, first.Refusal);
        var asked = connected.GitHub.Requests.All.Count;
        var second = await Assert.ThrowsAsync<PortalException>(() => connected.Get<GitHubPulls>().OpenAsync(key, Token));
        Assert.Contains("limits how often", second.Message, StringComparison.Ordinal);
        Assert.Equal(asked, connected.GitHub.Requests.All.Count);
    }

    [Fact]
    public async Task What_did_not_change_costs_the_host_nothing()
    {
        await using var connected = await ConnectedHost.StartAsync();
        var key = new RepositoryKey(connected.Connection.Id, connected.Installation.Id, connected.Shop.Id);
        await connected.GitHub.OpenPullRequestAsync(connected.Shop, connected.Shop, await BranchAsync(connected, "idea"), "main", "An idea", "ada");
        var first = await connected.Get<GitHubPulls>().OpenAsync(key, Token);
        var second = await connected.Get<GitHubPulls>().OpenAsync(key, Token);
        Assert.Equal(first, second);
        Assert.Single(first);
        Assert.Equal([200, 304], connected.GitHub.Requests.All.Where(r => r.Path.Contains("/pulls?", StringComparison.Ordinal)).Select(r => r.Status));
    }

    [Fact]
    public async Task A_delivery_that_was_lost_is_asked_for_again_and_arrives_once()
    {
        await using var connected = await ConnectedHost.StartAsync();
        var app = (await connected.AppAsync()).App;
        connected.GitHub.Deliveries.Drop = 1;
        var commit = await connected.GitHub.CommitAsync(connected.Shop, "main", new Dictionary<string, string> { ["a"] = "1" }, "lost", "ada");
        await connected.GitHub.Deliveries.SettledAsync(Token);
        connected.GitHub.Deliveries.Drop = 0;

        await ReconcileAsync(connected, TimeSpan.FromMinutes(2));
        await connected.QuietAsync();
        await using var db = connected.Host.Database.CreateDbContext();
        var push = await db.Set<Push>().SingleAsync(p => p.AppId == app.Id && p.After == commit, Token);
        Assert.Equal((PushSource.Webhook, 1), (push.Source, push.Times));
        Assert.True((await db.Set<GitConnection>().AsNoTracking().SingleAsync(Token)).Redelivered > 0);

        await ReconcileAsync(connected, TimeSpan.FromMinutes(4));
        var settled = await db.Set<GitConnection>().AsNoTracking().SingleAsync(Token);
        Assert.True(settled.DeliveredUpTo > TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(2));
        await connected.QuietAsync();
        Assert.Equal(1, await db.Set<Push>().CountAsync(p => p.AppId == app.Id && p.After == commit, Token));
    }

    [Fact]
    public async Task An_App_that_may_not_write_checks_says_it_by_commit_statuses()
    {
        await using var connected = await ConnectedHost.StartAsync(permissions: new() { ["contents"] = "read", ["metadata"] = "read", ["statuses"] = "write" });
        var key = new RepositoryKey(connected.Connection.Id, connected.Installation.Id, connected.Shop.Id);
        var commit = (await connected.GitHub.HeadAsync(connected.Shop, "main"))!;
        var report = new CommitReport("portal: shop/web", commit, Guid.NewGuid().ToString(), ReportState.Failure, "v1 did not start", "It **failed**.", "http://localhost:8080/shop/web/builds/1", null, null);
        Assert.Equal(0, await connected.Get<GitHubReporter>().SendAsync(key, report, null, Token));
        Assert.Equal(1, connected.GitHub.Requests.Count(r => r.Method == "POST" && r.Path.Contains("/statuses/", StringComparison.Ordinal) && r.Status == 201));
    }

    [Fact]
    public async Task What_is_under_way_at_GitHub_ends_with_its_environment_and_a_refusal_for_a_while_changes_nothing()
    {
        await using var connected = await ConnectedHost.StartAsync();
        var key = new RepositoryKey(connected.Connection.Id, connected.Installation.Id, connected.Shop.Id);
        var commit = (await connected.GitHub.HeadAsync(connected.Shop, "main"))!;
        var report = new CommitReport("portal: shop/web", commit, Guid.NewGuid().ToString(), ReportState.InProgress, "Building", "Building.", "http://localhost:8080/shop/web/builds/1", null, null);
        await connected.GitHub.SuspendInstallationAsync(connected.Installation);
        await Assert.ThrowsAsync<PortalException>(() => connected.Get<GitHubReporter>().SendAsync(key, report, null, Token));
        await connected.GitHub.UnsuspendAsync(connected.Installation);
        var check = await connected.Get<GitHubReporter>().SendAsync(key, report, null, Token);
        Assert.True(check > 0, "a check and no status");

        var gone = Guid.NewGuid();
        await connected.Host.Database.AddAsync(new GitReport
        {
            SubjectId = Guid.NewGuid(),
            Kind = ReportKind.Build,
            EnvironmentId = gone,
            ConnectionId = key.Connection,
            InstallationId = key.Installation,
            RepositoryId = key.Repository,
            Name = report.Name,
            Commit = commit,
            ExternalId = check,
            SentState = ReportState.InProgress,
            Sent = "x",
            SentAt = TimeProvider.System.GetUtcNow(),
        });
        await using (var db = connected.Host.Database.CreateDbContext())
        {
            connected.Get<JobQueue>().Enqueue(db, ReportHandler.JobOf(gone));
            await db.SaveChangesAsync(Token);
        }
        await connected.QuietAsync();
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", connected.GitHub.CreatePersonToken("ada"));
        client.DefaultRequestHeaders.UserAgent.ParseAdd("tests");
        var said = await client.GetStringAsync($"{connected.GitHub.Url}api/v3/repos/acme/shop/check-runs/{check}", Token);
        Assert.Contains("\"cancelled\"", said, StringComparison.Ordinal);
        await using var left = connected.Host.Database.CreateDbContext();
        Assert.Equal(0, await left.Set<GitReport>().CountAsync(Token));
    }

    [Fact]
    public async Task A_new_webhook_secret_refuses_no_delivery_on_its_way()
    {
        await using var connected = await ConnectedHost.StartAsync();
        var app = (await connected.AppAsync()).App;
        await connected.GitHub.Deliveries.HoldAsync(Token);
        var before = await connected.GitHub.CommitAsync(connected.Shop, "main", new Dictionary<string, string> { ["a"] = "1" }, "signed before", "ada");
        var old = connected.HostApp.WebhookSecret;
        await connected.Get<ConnectionService>().RotateSecretAsync(connected.Admin, connected.Connection.Id, Token);
        Assert.NotEqual(old, connected.HostApp.WebhookSecret);
        connected.GitHub.SetHook(connected.HostApp, secret: old);
        await connected.GitHub.Deliveries.ReleaseAsync(cancellationToken: Token);
        await connected.QuietAsync();

        await using var db = connected.Host.Database.CreateDbContext();
        var push = await db.Set<Push>().SingleAsync(p => p.AppId == app.Id && p.After == before, Token);
        Assert.Equal(PushHeaders.Previous, CoreJson.Read<PushHeaders>(push.Headers)!.Secret);
        await Assert.ThrowsAsync<PortalException>(() => connected.Get<ConnectionService>().RotateSecretAsync(connected.Developer, connected.Connection.Id, Token));
    }

    [Fact]
    public async Task An_archived_repository_is_said_and_what_runs_goes_on()
    {
        await using var connected = await ConnectedHost.StartAsync();
        var app = (await connected.AppAsync()).App;
        await connected.GitHub.ArchiveRepositoryAsync(connected.Shop);
        await connected.QuietAsync();
        Assert.Contains("acme/shop is archived", (await connected.ReadAsync(app.Id)).SourceProblem, StringComparison.Ordinal);
        Assert.NotNull(await HeadAsync(connected, app));
        await connected.Get<HeadReconciler>().NoteAsync(app.Id, null, Token);
        Assert.Contains("acme/shop is archived", (await connected.ReadAsync(app.Id)).SourceProblem, StringComparison.Ordinal);
        await connected.GitHub.ArchiveRepositoryAsync(connected.Shop, archived: false);
        await connected.QuietAsync();
        await connected.Get<HeadReconciler>().NoteAsync(app.Id, null, Token);
        Assert.Null((await connected.ReadAsync(app.Id)).SourceProblem);
    }

    [Fact]
    public async Task An_access_token_opens_a_private_repository_and_is_shown_to_nobody()
    {
        await using var connected = await ConnectedHost.StartAsync();
        connected.Get<PortalOptions>().Git.AllowedInternalHosts.Add("127.0.0.1");
        var token = connected.GitHub.CreatePersonToken("ada");
        var request = new NewApp("tried", SourceKind.Git, Url: $"{connected.GitHub.Url}acme/shop.git");
        var closed = (await connected.Get<AppService>().CreateAsync(connected.Developer, "shop", request, Token)).App;
        await Assert.ThrowsAsync<PortalException>(() => HeadAsync(connected, closed));
        var open = (await connected.Get<AppService>().CreateAsync(connected.Developer, "shop", request with { Name = "tried-2", AccessToken = token }, Token)).App;
        Assert.NotNull(await HeadAsync(connected, open));
        Assert.DoesNotContain(token, $"{request with { AccessToken = token }}", StringComparison.Ordinal);

        await using var db = connected.Host.Database.CreateDbContext();
        Assert.DoesNotContain(await db.Set<AuditEntry>().ToListAsync(Token), e => $"{e.Before}{e.After}{e.Target}".Contains(token, StringComparison.Ordinal));
        await connected.Get<AppService>().UpdateAsync(connected.Developer, new AppPath("shop", "tried-2"), new AppChange(AccessToken: ""), Token);
        await Assert.ThrowsAsync<PortalException>(async () => await HeadAsync(connected, await connected.ReadAsync(open.Id)));
    }

    internal static async Task ReconcileAsync(ConnectedHost connected, TimeSpan later)
    {
        var reconciler = connected.Make<DeliveryReconciler>(new FakeTimeProvider(TimeProvider.System.GetUtcNow() + later));
        await reconciler.LookAsync(connected.Connection.Id, Token);
        await connected.GitHub.Deliveries.SettledAsync(Token);
    }

    private static async Task<string> BranchAsync(ConnectedHost connected, string name)
    {
        await connected.GitHub.CommitAsync(connected.Shop, name, new Dictionary<string, string> { ["idea"] = name }, name, "ada");
        return name;
    }

    private static async Task<string?> HeadAsync(ConnectedHost connected, App app)
    {
        var (host, source) = connected.Get<IGitHosts>().For(app);
        return await host.ResolveAsync(source with { Url = (await connected.ReadAsync(app.Id)).SourceUrl }, "refs/heads/main", Token);
    }

    private static Task<CliResult> LsRemoteAsync(ConnectedHost connected, string repository, string token) => Cli.RunAsync("git", ["ls-remote", $"{connected.GitHub.Url}{repository}.git"],
        Path.GetTempPath(), new Dictionary<string, string?>
        {
            ["GIT_TERMINAL_PROMPT"] = "0",
            ["GIT_CONFIG_COUNT"] = "1",
            ["GIT_CONFIG_KEY_0"] = "http.extraHeader",
            ["GIT_CONFIG_VALUE_0"] = "Authorization: Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes("x-access-token:" + token)),
        }, cancellationToken: Token);
}
