using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git;
using Portal.Core.Git.Plain;
using Portal.Testing;
using Portal.Web.Git;

namespace Portal.Web.Tests.Git;

/// <summary>An outside repository, served by git itself on this machine, which an admin has allowed.</summary>
public sealed class PlainGitTests : IAsyncLifetime
{
    private static readonly CheckoutLimits Limits = new(1000, 10_000_000);

    private readonly string _root = Directory.CreateTempSubdirectory("portal-plain-").FullName;
    private readonly Guid _repository = Guid.NewGuid();
    private WebApplication _server = null!;
    private PortalOptions _options = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Work => Path.Combine(_root, "work");

    public async ValueTask InitializeAsync()
    {
        _options = new PortalOptions { DataDirectory = Path.Combine(_root, "data"), Git = { AllowHttp = true, AllowedInternalHosts = ["127.0.0.1"] } };
        Directory.CreateDirectory(_options.Repositories);
        Directory.CreateDirectory(Work);
        await GitAsync("init", "-q", "-b", "trunk");
        await GitAsync("init", "-q", "--bare", "-b", "trunk", Path.Combine(_options.Repositories, $"{_repository}.git"));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        var backend = new GitBackend(new GitCommand(_options), _options);
        _server.Map("/moved.git/{**rest}", (HttpContext http, string rest) => Results.Redirect($"/open.git/{rest}{http.Request.QueryString}", permanent: true));
        _server.Map("/open.git/{**rest}", async (HttpContext http, string rest) =>
        {
            using var process = backend.Start(http, _repository, rest, push: false);
            var fed = backend.FeedAsync(http.Request, process, Token);
            await using var body = await GitBackend.ReadHeadAsync(process, http.Response, Token);
            await body.CopyToAsync(http.Response.Body, Token);
            await fed;
        });
        await _server.StartAsync(Token);
    }

    [Fact]
    public async Task A_look_sees_the_files_of_a_branch_and_leaves_nothing_behind()
    {
        var commit = await CommitAsync("first", ("package.json", """{"scripts":{"start":"node server.js"}}"""), ("server.js", "//"));
        await PublishAsync();
        await using var services = Services();
        var glance = services.GetRequiredService<SourceGlance>();
        var folder = "";

        var seen = await glance.LookAsync(Address("open.git"), null, found =>
        {
            folder = found.Folder;
            return (found.Branch, found.Commit.Commit, File.Exists(Path.Combine(found.Folder, "server.js")));
        }, Token);

        Assert.Equal(("trunk", commit, true), seen);
        Assert.False(Directory.Exists(folder));
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(_options.DataDirectory, "mirrors")));
        var refused = await Assert.ThrowsAsync<PortalException>(() => glance.LookAsync(Address("open.git"), "nowhere", found => found.Branch, Token));
        Assert.Contains("no branch nowhere", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(_options.DataDirectory, "mirrors")));
    }

    [Theory]
    [InlineData("ssh://git@example.org/a/b.git", "deploy key")]
    [InlineData("file:///etc", "starts with https")]
    [InlineData("https://127.0.0.2/a/b.git", "127.0.0.2")]
    public async Task A_look_at_what_must_not_be_reached_says_why(string url, string says)
    {
        await using var services = Services();

        var refused = await Assert.ThrowsAsync<PortalException>(() => services.GetRequiredService<SourceGlance>().LookAsync(url, null, found => found.Branch, Token));

        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Heads_commits_and_files_are_read_one_commit_deep()
    {
        var first = await CommitAsync("first", ("a", "1"), ("odd\n\"name\"", "x"));
        await GitAsync("tag", "-a", "-m", "t", "v1");
        var second = await CommitAsync("second <b>", ("a", "2"));
        await PublishAsync();
        var (host, source) = Open("open.git");

        Assert.Equal([new Head("refs/heads/trunk", second), new Head("refs/tags/v1", first)], await host.HeadsAsync(source, Token));
        Assert.Equal("trunk", await host.DefaultBranchAsync(source, Token));
        Assert.Equal(second, await host.ResolveAsync(source, "trunk", Token));
        Assert.Equal(first, await host.ResolveAsync(source, "refs/tags/v1", Token));
        Assert.Null(await host.ResolveAsync(source, "missing", Token));
        Assert.Equal("second <b>", (await host.FetchAsync(source, second, Token)).Message);
        Assert.Equal(["a"], await host.ChangedFilesAsync(source, first, second, Token));

        var target = Path.Combine(_root, "out");
        var result = await host.CheckoutAsync(source, first, target, Limits, _ => { }, Token);
        Assert.Equal(2, result.Files);
        Assert.Equal("1", await File.ReadAllTextAsync(Path.Combine(target, "a"), Token));
        Assert.Equal("x", await File.ReadAllTextAsync(Path.Combine(target, "odd\n\"name\""), Token));
    }

    [Fact]
    public async Task A_submodule_is_written_into_its_folder()
    {
        var library = await CommitAsync("library", ("lib.txt", "inside"));
        await GitAsync("checkout", "-q", "--orphan", "with-module");
        await File.WriteAllTextAsync(Path.Combine(Work, ".gitmodules"), "[submodule \"lib\"]\n\tpath = libs/one\n\turl = ../open.git\n", Token);
        await GitAsync("rm", "-q", "--cached", "-r", ".");
        File.Delete(Path.Combine(Work, "lib.txt"));
        await GitAsync("add", ".gitmodules");
        await GitAsync("update-index", "--add", "--cacheinfo", $"160000,{library},libs/one");
        await GitAsync("commit", "-q", "-m", "module");
        var commit = (await GitAsync("rev-parse", "HEAD")).Output.Trim();
        await PublishAsync();
        var (host, source) = Open("open.git");
        var log = new List<string>();
        var target = Path.Combine(_root, "out");

        await host.CheckoutAsync(source, commit, target, Limits, log.Add, Token);

        Assert.Equal("inside", await File.ReadAllTextAsync(Path.Combine(target, "libs", "one", "lib.txt"), Token));
        Assert.Contains("Fetching the submodule libs/one", log);
    }

    [Theory]
    [InlineData("moved.git", "redirect")]
    [InlineData("missing.git", "no such repository")]
    public async Task A_refusal_says_what_to_do(string path, string said)
    {
        var (host, source) = Open(path);
        var e = await Assert.ThrowsAsync<PortalException>(() => host.HeadsAsync(source, Token));
        Assert.Contains(said, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_within_ones_own_network_is_not_asked_unless_allowed()
    {
        _options.Git.AllowedInternalHosts.Clear();
        var (host, source) = Open("open.git");
        var e = await Assert.ThrowsAsync<PortalException>(() => host.HeadsAsync(source, Token));
        Assert.Equal(Refusal.Denied, e.Refusal);
        Assert.Contains("Portal:Git:AllowedInternalHosts", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_commit_that_is_gone_is_said()
    {
        await CommitAsync("first", ("a", "1"));
        await PublishAsync();
        var (host, source) = Open("open.git");
        await Assert.ThrowsAsync<PortalException>(() => host.FetchAsync(source, new string('a', 40), Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(Token);
        await _server.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    private string Address(string path) => $"{_server.Urls.First()}/{path}";

    private ServiceProvider Services()
    {
        var services = new ServiceCollection().AddSingleton(_options).AddPortalGit();
        services.AddDataProtection();
        services.AddSingleton<SecretBox>();
        return services.BuildServiceProvider();
    }

    private (IGitHost, GitSource) Open(string path)
    {
        var app = new App
        {
            Id = Guid.NewGuid(),
            TeamId = Guid.NewGuid(),
            Slug = "api",
            SourceKind = SourceKind.Git,
            SourceUrl = Address(path),
            CreatedAt = default,
            CreatedBy = null,
        };
        return Services().GetRequiredService<IGitHosts>().For(app);
    }

    private async Task<string> CommitAsync(string message, params (string Path, string Text)[] files)
    {
        foreach (var (path, text) in files)
        {
            await File.WriteAllTextAsync(Path.Combine(Work, path), text, Token);
        }
        await GitAsync("add", "-A");
        await GitAsync("commit", "-q", "-m", message);
        return (await GitAsync("rev-parse", "HEAD")).Output.Trim();
    }

    private Task PublishAsync() => GitAsync("push", "-q", "--force", "--mirror", Path.Combine(_options.Repositories, $"{_repository}.git"));

    private async Task<CliResult> GitAsync(params string[] arguments) =>
        (await Cli.RunAsync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", .. arguments], Work, cancellationToken: Token)).Expect();
}
