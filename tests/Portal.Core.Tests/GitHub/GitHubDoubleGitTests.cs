using System.Text;
using System.Text.Json;
using Portal.Testing;
using Portal.Testing.GitHub;

namespace Portal.Core.Tests.GitHub;

/// <summary>The double's git door with the real git, and the events of pushes.</summary>
public sealed class GitHubDoubleGitTests : IAsyncLifetime
{
    private DoubleBench _bench = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _bench = await DoubleBench.StartAsync();

    public async ValueTask DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task git_clones_and_pushes_with_a_token_and_the_app_hears_of_the_push()
    {
        var github = _bench.GitHub;
        var first = await github.CommitAsync(_bench.Repository, "main", Files("src/index.js", "1"), "One");
        var app = _bench.App();
        var installation = await github.InstallAsync(app, "acme", _bench.Repository);
        var reads = await _bench.TokenAsync(app, installation, """{"permissions":{"contents":"read"}}""");
        var writes = await _bench.TokenAsync(app, installation);
        await using var folder = new TemporaryFolder();

        Assert.Contains("could not read Username", (await GitAsync(folder.Path, null, "clone", _bench.CloneUrl, "none")).All, StringComparison.Ordinal);
        Assert.Contains("Authentication failed", (await GitAsync(folder.Path, null, "clone", _bench.CloneUrl.Replace("://", "://x-access-token:ghs_wrong@", StringComparison.Ordinal), "wrong")).All, StringComparison.Ordinal);
        (await GitAsync(folder.Path, reads, "clone", "--quiet", _bench.CloneUrl, "work")).Expect();
        var work = Path.Combine(folder.Path, "work");
        Assert.Equal(first, (await GitAsync(work, null, "rev-parse", "HEAD")).Output.Trim());
        File.WriteAllText(Path.Combine(work, "README.md"), "# Hello");
        (await GitAsync(work, null, "add", ".")).Expect();
        (await GitAsync(work, null, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "-m", "Two")).Expect();
        Assert.Contains("Write access to repository not granted", (await GitAsync(work, reads, "push", "origin", "HEAD:main")).All, StringComparison.Ordinal);
        await github.Deliveries.SettledAsync(Token);
        Assert.DoesNotContain(_bench.Receiver.Got, g => g.Event == "push");

        (await GitAsync(work, writes, "push", "--quiet", "origin", "HEAD:main")).Expect();
        await github.Deliveries.SettledAsync(Token);
        var push = Assert.Single(_bench.Receiver.Got, g => g.Event == "push").Json;
        Assert.Equal("refs/heads/main", (string?)push["ref"]);
        Assert.Equal(first, (string?)push["before"]);
        Assert.Equal(await github.HeadAsync(_bench.Repository, "main"), (string?)push["after"]);
        Assert.Equal(["README.md"], push["head_commit"]!["added"]!.AsArray().Select(n => (string?)n));
        Assert.Equal("ada", (string?)push["commits"]![0]!["author"]!["username"]);
        Assert.Equal(_bench.Repository.Id, (long)push["repository"]!["id"]!);
        Assert.Equal(installation.Id, (long)push["installation"]!["id"]!);
        Assert.Equal("portal[bot]", (string?)push["sender"]!["login"]);
        Assert.Equal(JsonValueKind.Number, push["repository"]!["created_at"]!.GetValueKind());
    }

    [Fact]
    public async Task A_push_event_tells_what_kind_of_push_it_was()
    {
        var github = _bench.GitHub;
        var app = _bench.App();
        var one = await github.CommitAsync(_bench.Repository, "main", Files("a", "1"));
        var installation = await github.InstallAsync(app, "acme", _bench.Repository);
        var two = await github.CommitAsync(_bench.Repository, "feature/x", Files("b", "1"), author: "ada");
        await github.ForcePushAsync(_bench.Repository, "feature/x", one);
        await github.DeleteBranchAsync(_bench.Repository, "feature/x");
        await github.TagAsync(_bench.Repository, one, ["v1"], annotated: true);
        await github.TagAsync(_bench.Repository, one, ["a", "b", "c", "d"]);
        await github.SuspendInstallationAsync(installation);
        await github.CommitAsync(_bench.Repository, "main", Files("c", "1"));
        await github.Deliveries.SettledAsync(Token);

        var pushes = _bench.Receiver.Got.Where(g => g.Event == "push").Select(g => g.Json).ToList();
        Assert.Equal(4, pushes.Count);
        Assert.True((bool)pushes[0]["created"]!);
        Assert.Equal([two], pushes[0]["commits"]!.AsArray().Select(c => (string?)c!["id"]));
        Assert.True((bool)pushes[1]["forced"]!);
        Assert.True((bool)pushes[2]["deleted"]!);
        Assert.Null(pushes[2]["head_commit"]);
        Assert.Equal(new string('0', 40), (string?)pushes[2]["after"]);
        Assert.Equal("refs/tags/v1", (string?)pushes[3]["ref"]);
        Assert.NotEqual(one, (string?)pushes[3]["after"]);
        Assert.Equal(one, (string?)pushes[3]["head_commit"]!["id"]);
        Assert.Equal("suspend", _bench.Receiver.Got[^1].Json["action"]!.ToString());
    }

    [Fact]
    public async Task Many_push_at_once_and_each_push_is_told_once()
    {
        var github = _bench.GitHub;
        await github.CommitAsync(_bench.Repository, "main", Files("a", "1"));
        var app = _bench.App();
        var installation = await github.InstallAsync(app, "acme");
        var token = await _bench.TokenAsync(app, installation);
        github.Deliveries.Parallelism = 4;
        var client = _bench.Client(token);
        await using var folder = new TemporaryFolder();
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async i =>
        {
            (await GitAsync(folder.Path, token, "clone", "--quiet", _bench.CloneUrl, $"{i}")).Expect();
            var work = Path.Combine(folder.Path, $"{i}");
            for (var n = 0; n < 2; n++)
            {
                (await GitAsync(work, null, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "--allow-empty", "-m", $"{i} {n}")).Expect();
                (await GitAsync(work, token, "push", "--quiet", "origin", $"HEAD:refs/heads/topic/{i}")).Expect();
                await client.Repository.Branch.GetAll("acme", "shop");
            }
        }));
        await github.Deliveries.SettledAsync(Token);
        var pushes = _bench.Receiver.Got.Where(g => g.Event == "push").Select(g => ((string?)g.Json["ref"], (string?)g.Json["after"])).ToList();
        Assert.Equal(12, pushes.Distinct().Count());
        Assert.Equal(12, pushes.Count);
        Assert.Empty(github.Requests.Faults);
    }

    [Fact]
    public async Task A_public_repository_is_read_by_everybody_also_by_its_old_name()
    {
        var github = _bench.GitHub;
        var open = github.AddRepository("acme", "open", isPrivate: false);
        var sha = await github.CommitAsync(open, "trunk", Files("a", "1"));
        await github.RenameRepositoryAsync(open, "opened");
        await using var folder = new TemporaryFolder();
        (await GitAsync(folder.Path, null, "clone", "--quiet", $"{github.Url}acme/open.git", "work")).Expect();
        var work = Path.Combine(folder.Path, "work");
        Assert.Equal($"{sha} refs/heads/trunk", (await GitAsync(work, null, "log", "-1", "--format=%H %D")).Output.Trim().Replace("HEAD -> trunk, origin/trunk, origin/HEAD", "refs/heads/trunk", StringComparison.Ordinal));
        Assert.Contains("could not read Username", (await GitAsync(work, null, "push", "origin", "HEAD:x")).All, StringComparison.Ordinal);
        await github.ArchiveRepositoryAsync(open);
        Assert.Contains("archived so it is read-only", (await GitAsync(work, github.CreatePersonToken("ada"), "push", "origin", "HEAD:x")).All, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Files(string path, string content) => new() { [path] = content };

    private static Task<CliResult> GitAsync(string folder, string? token, params string[] arguments)
    {
        string[] credential = token is null ? [] : ["-c", $"http.extraHeader=Authorization: Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes($"x-access-token:{token}"))}"];
        return Cli.RunAsync("git", [.. credential, .. arguments], folder, new Dictionary<string, string?>
        {
            ["GIT_TERMINAL_PROMPT"] = "0",
            ["GIT_CONFIG_GLOBAL"] = "/dev/null",
            ["GIT_CONFIG_NOSYSTEM"] = "1",
            ["GIT_ASKPASS"] = null,
        });
    }
}
