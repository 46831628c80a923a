using System.Net;
using System.Security.Cryptography;
using Octokit;
using Portal.Testing.GitHub;

namespace Portal.Core.Tests.GitHub;

/// <summary>The double against the real client library and the real git: registering, installing, tokens, reading.</summary>
public sealed class GitHubDoubleTests : IAsyncLifetime
{
    private DoubleBench _bench = null!;

    private CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _bench = await DoubleBench.StartAsync();

    public async ValueTask DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task A_manifest_becomes_an_app_that_is_installed_and_reads_its_repositories()
    {
        var github = _bench.GitHub;
        using var browser = _bench.Browser();
        var page = await browser.PostFormAsync("organizations/acme/settings/apps/new?state=s%201", ("manifest", _bench.Manifest(hook: _bench.Receiver.Url)));
        Assert.Contains("Create GitHub App for acme", page.Text, StringComparison.Ordinal);
        var back = await browser.SubmitAsync(page, ("name", "Portal of Acme"));
        Assert.StartsWith("http://portal.test/created?code=", back.Location, StringComparison.Ordinal);
        Assert.EndsWith("&state=s%201", back.Location, StringComparison.Ordinal);
        var code = back.Location.Split("code=")[1].Split('&')[0];

        var anonymous = _bench.Client();
        var created = await anonymous.GitHubApps.CreateAppFromManifest(code);
        Assert.Equal("portal-of-acme", created.Slug);
        Assert.Equal("acme", created.Owner.Login);
        Assert.StartsWith("-----BEGIN RSA PRIVATE KEY-----", created.Pem, StringComparison.Ordinal);
        await Assert.ThrowsAsync<NotFoundException>(() => anonymous.GitHubApps.CreateAppFromManifest(code));

        await browser.GetAsync("?login=ada");
        var accounts = await browser.GetAsync(new Uri(created.HtmlUrl).AbsolutePath + "/installations/new?state=x");
        var choice = await browser.GetAsync(accounts.Location);
        var chosen = _bench.Repository;
        var installed = await browser.SubmitAsync(choice, ("install_target", "selected"), ("repository_ids[]", $"{chosen.Id}"));
        var app = github.App("portal-of-acme");
        var jwt = _bench.Client(Jwt.Of(created.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), created.Pem, github));
        var installation = Assert.Single(await jwt.GitHubApps.GetAllInstallationsForCurrent());
        Assert.Equal($"http://portal.test/installed?installation_id={installation.Id}&setup_action=install&state=x", installed.Location);
        Assert.Equal(InstallationRepositorySelection.Selected, installation.RepositorySelection.Value);
        Assert.Equal(AccountType.Organization, installation.TargetType.Value);

        var token = await jwt.GitHubApps.CreateInstallationToken(installation.Id);
        Assert.StartsWith("ghs_", token.Token, StringComparison.Ordinal);
        var client = _bench.Client(token.Token);
        var listed = await client.GitHubApps.Installation.GetAllRepositoriesForCurrent();
        Assert.Equal(chosen.Id, Assert.Single(listed.Repositories).Id);

        await github.Deliveries.SettledAsync(Token);
        Assert.Equal(["ping", "installation"], _bench.Receiver.Got.Select(g => g.Event));
        Assert.All(_bench.Receiver.Got, g => Assert.True(g.SignedBy(app.WebhookSecret!)));
        Assert.False(_bench.Receiver.Got[0].SignedBy("another"));
    }

    [Theory]
    [InlineData("""{"redirect_url":"http://portal.test/"}""", "'url' wasn't supplied")]
    [InlineData("""{"url":"http://portal.test","redirect_url":"http://portal.test/","default_events":["installation"]}""", "Default events unsupported: installation")]
    [InlineData("""{"url":"http://portal.test","redirect_url":"http://portal.test/","default_events":["push"]}""", "not supported by permissions: push")]
    [InlineData("""{"url":"http://portal.test","redirect_url":"http://portal.test/","hook_attributes":{"url":"http://localhost:5000/hook"}}""", "reachable over the public Internet")]
    [InlineData("[]", "does not appear to be a valid")]
    public async Task A_manifest_that_GitHub_would_not_take_creates_nothing(string manifest, string objection)
    {
        _bench.GitHub.RefuseLocalHooks = true;
        using var browser = _bench.Browser();
        var page = await browser.PostFormAsync("settings/apps/new", ("manifest", manifest));
        Assert.Contains(objection, WebUtility.HtmlDecode(page.Text), StringComparison.Ordinal);
        Assert.Empty(_bench.GitHub.Apps);
    }

    [Fact]
    public async Task A_code_is_worth_nothing_after_an_hour()
    {
        using var browser = _bench.Browser();
        var page = await browser.PostFormAsync("settings/apps/new", ("manifest", _bench.Manifest(hook: null)));
        var code = (await browser.SubmitAsync(page, ("name", "Late"))).Location.Split("code=")[1];
        _bench.Time.Advance(TimeSpan.FromMinutes(61));
        await Assert.ThrowsAsync<NotFoundException>(() => _bench.Client().GitHubApps.CreateAppFromManifest(code));
    }

    [Fact]
    public async Task An_apps_own_token_is_checked()
    {
        var app = _bench.App();
        var other = RSA.Create(2048).ExportRSAPrivateKeyPem();
        Task<GitHubApp> Ask(string jwt) => _bench.Client(jwt).GitHubApps.GetCurrent();

        Assert.Equal(app.Slug, (await Ask(Jwt.Of(app, _bench.GitHub))).Slug);
        Assert.Equal(app.Slug, (await Ask(Jwt.Of(app.ClientId, app.PrivateKeyPem, _bench.GitHub))).Slug);
        async Task Refused(string jwt, string message) => Assert.Contains(message, (await Assert.ThrowsAsync<AuthorizationException>(() => Ask(jwt))).Message, StringComparison.Ordinal);
        await Refused(Jwt.Of(app.ClientId, other, _bench.GitHub), "could not be decoded");
        await Refused(Jwt.Of(app.ClientId, app.PrivateKeyPem, _bench.GitHub, minutes: 11), "too far in the future");
        await Refused(Jwt.Of(app.ClientId, app.PrivateKeyPem, _bench.GitHub, minutes: -1), "must be a numeric value representing the future");
        await Refused(Jwt.Of(app.ClientId, app.PrivateKeyPem, _bench.GitHub, issuedAgo: -120), "'Issued at'");
        await Refused("ghs_nothing", "could not be decoded");

        var second = app.AddKey();
        app.RemoveOldestKey();
        await Refused(Jwt.Of(app, _bench.GitHub), "could not be decoded");
        Assert.Equal(app.Slug, (await Ask(Jwt.Of(app.ClientId, second, _bench.GitHub))).Slug);
    }

    [Fact]
    public async Task A_token_reaches_what_it_was_made_for_and_for_an_hour()
    {
        var github = _bench.GitHub;
        var other = github.AddRepository("acme", "other");
        await github.CommitAsync(other, "main", Files("a.txt", "a"));
        await github.CommitAsync(_bench.Repository, "main", Files("a.txt", "a"));
        var app = _bench.App();
        var installation = await github.InstallAsync(app, "acme");
        var jwt = _bench.Client(Jwt.Of(app, github));
        var narrow = await _bench.TokenAsync(app, installation, $$$"""{"repository_ids":[{{{_bench.Repository.Id}}}],"permissions":{"contents":"read"}}""");
        var client = _bench.Client(narrow);

        Assert.Equal("main", (await client.Repository.Branch.Get(_bench.Repository.Id, "main")).Name);
        await Assert.ThrowsAsync<NotFoundException>(() => client.Repository.Get("acme", "other"));
        var tooMuch = await Assert.ThrowsAsync<ApiValidationException>(() => _bench.TokenAsync(app, installation, """{"permissions":{"contents":"write","secrets":"read"}}"""));
        Assert.Contains("not granted to this installation", tooMuch.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ApiValidationException>(() => _bench.TokenAsync(app, installation, """{"repository_ids":[1]}"""));

        await github.SuspendInstallationAsync(installation);
        var suspended = await Assert.ThrowsAsync<ForbiddenException>(() => jwt.GitHubApps.CreateInstallationToken(installation.Id));
        Assert.Contains("has been suspended", suspended.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ForbiddenException>(() => client.Repository.Get("acme", "shop"));
        await github.UnsuspendAsync(installation);
        await client.Repository.Get("acme", "shop");

        _bench.Time.Advance(TimeSpan.FromMinutes(61));
        await Assert.ThrowsAsync<AuthorizationException>(() => client.Repository.Get("acme", "shop"));
        await github.DeleteInstallationAsync(installation);
        await Assert.ThrowsAsync<NotFoundException>(() => _bench.Client(Jwt.Of(app, github)).GitHubApps.CreateInstallationToken(installation.Id));
    }

    [Fact]
    public async Task Thousands_of_repositories_come_in_pages_of_a_hundred()
    {
        _bench.GitHub.AddRepositories("acme", 250);
        var app = _bench.App();
        var installation = await _bench.GitHub.InstallAsync(app, "acme");
        var client = _bench.Client(await _bench.TokenAsync(app, installation));
        _bench.GitHub.Requests.Clear();
        var pages = await client.GitHubApps.Installation.GetAllRepositoriesForCurrent(new ApiOptions { PageSize = 100 });
        Assert.Equal(251, pages.TotalCount);
        Assert.Equal(251, pages.Repositories.Select(r => r.Id).Distinct().Count());
        Assert.Equal(3, _bench.GitHub.Requests.Count(r => r.Path.StartsWith("/api/v3/installation/repositories", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Branches_commits_and_files_are_read_through_Octokit()
    {
        var github = _bench.GitHub;
        var sha = await github.CommitAsync(_bench.Repository, "main", new Dictionary<string, string> { ["portal.toml"] = "a = 1\n", ["src/ä b.js"] = "x" }, "Begin", "ada");
        await github.CommitAsync(_bench.Repository, "feature/x", Files("portal.toml", "a = 2\n"));
        var app = _bench.App();
        var client = _bench.Client(await _bench.TokenAsync(app, await github.InstallAsync(app, "acme")));

        Assert.Equal(["feature/x", "main"], (await client.Repository.Branch.GetAll(_bench.Repository.Id)).Select(b => b.Name));
        Assert.NotEqual(sha, (await client.Repository.Branch.Get("acme", "shop", "feature/x")).Commit.Sha);
        Assert.Equal(sha, (await client.Git.Reference.Get("acme", "shop", "heads/main")).Object.Sha);
        await Assert.ThrowsAsync<NotFoundException>(() => client.Git.Reference.Get("acme", "shop", "heads/mai"));
        var commit = await client.Repository.Commit.Get("acme", "shop", sha);
        Assert.Equal("Begin", commit.Commit.Message);
        Assert.Equal("ada", commit.Author.Login);
        await Assert.ThrowsAsync<ApiValidationException>(() => client.Repository.Commit.Get("acme", "shop", new string('a', 40)));
        var file = Assert.Single(await client.Repository.Content.GetAllContentsByRef("acme", "shop", "portal.toml", "feature/x"));
        Assert.Equal("a = 2\n", file.Content);
        Assert.Equal(["portal.toml", "src"], (await client.Repository.Content.GetAllContents("acme", "shop")).Select(c => c.Name));
        Assert.Equal("src/ä b.js", Assert.Single(await client.Repository.Content.GetAllContents("acme", "shop", "src")).Path);
        await Assert.ThrowsAsync<NotFoundException>(() => client.Repository.Content.GetAllContents("acme", "shop", "none"));
        Assert.Empty(github.Requests.Faults);
    }

    private static Dictionary<string, string> Files(string path, string content) => new() { [path] = content };
}
