using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Git.Hosted;
using Portal.Core.Triggers;
using Portal.Testing;
using Portal.Web.Git;

namespace Portal.Web.Tests.Git;

public sealed class GitDoorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_a_good_token_nothing_is_told()
    {
        await using var host = await GitHost.StartAsync();
        Assert.Contains("Authentication failed", (await host.GitAsync("ls-remote", host.Address("ptl_" + new string('x', 43)))).All, StringComparison.Ordinal);
        using var http = new HttpClient();
        var answer = await http.GetAsync(new Uri(host.Url, "/git/shop/api.git/info/refs?service=git-upload-pack"), Token);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.StartsWith("Basic ", answer.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_team_that_one_has_no_part_in_does_not_exist()
    {
        await using var host = await GitHost.StartAsync();
        var stranger = await host.TokenAsync(await host.PersonAsync("Olaf"));
        Assert.Contains("not found", (await host.GitAsync("ls-remote", host.Address(stranger))).All, StringComparison.Ordinal);
        Assert.Contains("not found", (await host.GitAsync("ls-remote", host.Address(team: "other"))).All, StringComparison.Ordinal);
        Assert.False(Directory.Exists(host.Repository));
    }

    [Fact]
    public async Task A_viewer_may_fetch_and_not_push()
    {
        await using var host = await GitHost.StartAsync();
        var viewer = await host.TokenAsync(await host.PersonAsync("Vera", host.Team.Id, TeamRole.Viewer), TokenScope.Full);
        Assert.Equal(0, (await host.GitAsync("ls-remote", host.Address(viewer))).ExitCode);
        await host.CommitAsync("first", ("a", "1"));
        var push = await host.GitAsync("push", host.Address(viewer), "main");
        Assert.NotEqual(0, push.ExitCode);
        Assert.Contains("403", push.All, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "HEAD")]
    [InlineData("GET", "info/refs")]
    [InlineData("GET", "objects/info/packs")]
    [InlineData("GET", "info/refs?service=git-upload-archive")]
    [InlineData("GET", "../../etc/passwd")]
    [InlineData("POST", "git-upload-pack")]
    public async Task Only_the_smart_protocol_is_spoken(string method, string path)
    {
        await using var host = await GitHost.StartAsync();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(host.Url, $"/git/shop/api.git/{path}"));
        request.Headers.Authorization = new("Bearer", host.Token);
        Assert.InRange((int)(await http.SendAsync(request, Token)).StatusCode, 400, 499);
    }

    [Fact]
    public async Task A_push_that_is_too_large_is_refused_in_words_and_changes_nothing()
    {
        await using var host = await GitHost.StartAsync(settings: new() { ["Portal:Limits:PushBytes"] = "200000" });
        await host.CommitAsync("large", ("a.bin", Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(400_000))));
        var push = await host.GitAsync("push", host.Address(), "main");
        Assert.NotEqual(0, push.ExitCode);
        Assert.Contains("pack exceeds maximum allowed size", push.All, StringComparison.Ordinal);
        Assert.Equal("", (await host.GitAsync("ls-remote", host.Address())).Output);
        await using var db = host.Database.CreateDbContext();
        Assert.Equal(0, await db.Set<Push>().CountAsync(Token));
    }

    [Fact]
    public async Task A_push_of_many_megabytes_goes_through_in_chunks()
    {
        await using var host = await GitHost.StartAsync();
        await host.CommitAsync("large", ("a.bin", Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(4_000_000))));
        var pushing = host.GitAsync("push", host.Address(), "main");
        await host.EndBuildAsync("x\n");
        Assert.Equal(0, (await pushing).ExitCode);
        var clone = await host.GitAsync("clone", "-q", host.Address(), "copy");
        Assert.True(clone.ExitCode == 0, clone.All);
    }

    [Fact]
    public async Task Forced_pushes_tags_and_deletions_are_each_decided()
    {
        await using var host = await GitHost.StartAsync();
        await PushAsync(host, "main");
        await host.GitAsync("tag", "-a", "-m", "one", "v1");
        Assert.Contains("not deployed by tags", (await host.GitAsync("push", host.Address(), "v1")).All, StringComparison.Ordinal);
        await host.GitAsync("commit", "--amend", "-q", "-m", "rewritten");
        var forced = host.GitAsync("push", "--force", host.Address(), "main");
        await host.EndBuildAsync("x\n");
        Assert.Contains("Build 2 for production", (await forced).All, StringComparison.Ordinal);
        var deleted = await host.GitAsync("push", host.Address(), ":main");
        Assert.Contains("the branch main was deleted; what runs stays", deleted.All, StringComparison.Ordinal);
        await using var db = host.Database.CreateDbContext();
        Assert.Equal(2, await db.Set<Build>().CountAsync(Token));
    }

    [Fact]
    public async Task Two_environments_each_say_what_they_do()
    {
        await using var host = await GitHost.StartAsync();
        await host.Database.AddAsync(new AppEnvironment
        {
            Id = Guid.NewGuid(),
            AppId = host.App.Id,
            TeamId = host.Team.Id,
            Slug = "docs",
            Branch = "main",
            CreatedAt = TimeProvider.System.GetUtcNow(),
            AutoDeployPaused = "Ada asked for it",
        });
        var push = await PushAsync(host, "main");
        Assert.Contains("docs: not deployed: automatic deploys are paused (Ada asked for it)", push.All, StringComparison.Ordinal);
        Assert.Contains("Build 1 for production", push.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_push_whose_hook_was_lost_is_found_in_the_repository()
    {
        await using var host = await GitHost.StartAsync();
        await PushAsync(host, "main");
        var commit = await host.CommitAsync("behind Portal's back", ("b", "2"));
        (await host.GitAsync("push", "-q", host.Repository, "main")).Expect();
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var reconciler = ActivatorUtilities.CreateInstance<HeadReconciler>(host.Services, clock);
        Assert.Equal((0, true), Of(await reconciler.ReconcileAsync(host.App.Id, Token)));
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((1, false), Of(await reconciler.ReconcileAsync(host.App.Id, Token)));
        Assert.Equal((0, false), Of(await reconciler.ReconcileAsync(host.App.Id, Token)));
        var build = await host.EndBuildAsync("x\n");
        Assert.Equal((commit, "found in the repository"), (build.Commit, build.Actor));
    }

    [Fact]
    public async Task Leaving_in_the_middle_changes_nothing()
    {
        await using var host = await GitHost.StartAsync();
        await host.CommitAsync("first", ("a", "1"));
        using var leave = new CancellationTokenSource();
        var pushing = Cli.RunAsync("git", ["push", host.Address(), "main"], Path.Combine(host.Folder, "work"), cancellationToken: leave.Token);
        await Eventually.True(async () =>
        {
            await using var look = host.Database.CreateDbContext();
            return await look.Set<Build>().AnyAsync(Token);
        });
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pushing);
        Assert.Equal(BuildState.Failed, (await host.EndBuildAsync("x\n")).State);
        Assert.NotEqual("", (await host.GitAsync("ls-remote", host.Address())).Output);
    }

    [Theory]
    [InlineData("Bearer abc", "abc")]
    [InlineData("bearer  abc ", "abc")]
    [InlineData("Basic eDphYmM=", "abc")]
    [InlineData("Basic eDphOmI=", "a:b")]
    [InlineData("Basic eDo=", null)]
    [InlineData("Basic !!", null)]
    [InlineData("Digest x", null)]
    [InlineData("", null)]
    public void A_token_comes_as_bearer_or_as_the_basic_password(string header, string? token) => Assert.Equal(token, GitDoor.TokenIn(header));

    [Fact]
    public void A_terminal_is_told_nothing_that_it_would_obey() =>
        Assert.Equal("-----> build\n       plain red\n", TerminalText.Of("\u001b]portal;step;build\u0007\n\u001b[31mplain\u001b[0m \u001b]0;title\u0007red\u0007\n"));

    private static (int, bool) Of(HeadReconciler.Round round) => (round.Added, round.LookAgain);

    private static async Task<CliResult> PushAsync(GitHost host, string branch)
    {
        await host.CommitAsync("first", ("a", "1"));
        var pushing = host.GitAsync("push", host.Address(), branch);
        await host.EndBuildAsync("x\n");
        var push = await pushing;
        Assert.True(push.ExitCode == 0, push.All);
        return push;
    }
}
