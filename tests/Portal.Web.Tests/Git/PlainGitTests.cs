using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Common;
using Portal.Core.Git;
using Portal.Core.Git.Plain;

namespace Portal.Web.Tests.Git;

public sealed class PlainGitTests : IAsyncLifetime
{
    private OutsideRepository _outside = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _outside = await OutsideRepository.StartAsync();

    [Fact]
    public async Task A_look_sees_the_files_of_a_branch_and_leaves_nothing_behind()
    {
        var commit = await _outside.CommitAsync("first", ("package.json", """{"scripts":{"start":"node server.js"}}"""), ("server.js", "//"));
        await _outside.PublishAsync();
        await using var services = _outside.Services();
        var glance = services.GetRequiredService<SourceGlance>();
        var folder = "";

        var seen = await glance.LookAsync(Address("open.git"), null, found =>
        {
            folder = found.Folder;
            return (found.Branch, found.Commit.Commit, File.Exists(Path.Combine(found.Folder, "server.js")));
        }, Token);

        Assert.Equal(("trunk", commit, true), seen);
        Assert.False(Directory.Exists(folder));
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(_outside.Options.DataDirectory, "mirrors")));
        var refused = await Assert.ThrowsAsync<PortalException>(() => glance.LookAsync(Address("open.git"), "nowhere", found => found.Branch, Token));
        Assert.Contains("no branch nowhere", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(_outside.Options.DataDirectory, "mirrors")));
    }

    [Theory]
    [InlineData("ssh://git@example.org/a/b.git", "deploy key")]
    [InlineData("file:///etc", "Use an https://")]
    [InlineData("https://127.0.0.2/a/b.git", "127.0.0.2")]
    public async Task A_look_at_what_must_not_be_reached_says_why(string url, string says)
    {
        await using var services = _outside.Services();

        var refused = await Assert.ThrowsAsync<PortalException>(() => services.GetRequiredService<SourceGlance>().LookAsync(url, null, found => found.Branch, Token));

        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Heads_commits_and_files_are_read_one_commit_deep()
    {
        var first = await _outside.CommitAsync("first", ("a", "1"), ("odd\n\"name\"", "x"));
        await _outside.GitAsync("tag", "-a", "-m", "t", "v1");
        var second = await _outside.CommitAsync("second <b>", ("a", "2"));
        await _outside.PublishAsync();
        var (host, source) = _outside.Open("open.git");

        Assert.Equal([new Head("refs/heads/trunk", second), new Head("refs/tags/v1", first)], await host.HeadsAsync(source, Token));
        Assert.Equal("trunk", await host.DefaultBranchAsync(source, Token));
        Assert.Equal(second, await host.ResolveAsync(source, "trunk", Token));
        Assert.Equal(first, await host.ResolveAsync(source, "refs/tags/v1", Token));
        Assert.Null(await host.ResolveAsync(source, "missing", Token));
        Assert.Equal("second <b>", (await host.FetchAsync(source, second, Token)).Message);
        Assert.Equal(["a"], await host.ChangedFilesAsync(source, first, second, Token));

        var target = Path.Combine(_outside.Root, "out");
        var result = await host.CheckoutAsync(source, first, target, OutsideRepository.Limits, _ => { }, Token);
        Assert.Equal(2, result.Files);
        Assert.Equal("1", await File.ReadAllTextAsync(Path.Combine(target, "a"), Token));
        Assert.Equal("x", await File.ReadAllTextAsync(Path.Combine(target, "odd\n\"name\""), Token));
    }

    [Fact]
    public async Task A_submodule_is_written_into_its_folder()
    {
        var library = await _outside.CommitAsync("library", ("lib.txt", "inside"));
        await _outside.GitAsync("checkout", "-q", "--orphan", "with-module");
        await File.WriteAllTextAsync(Path.Combine(_outside.Work, ".gitmodules"), "[submodule \"lib\"]\n\tpath = libs/one\n\turl = ../open.git\n", Token);
        await _outside.GitAsync("rm", "-q", "--cached", "-r", ".");
        File.Delete(Path.Combine(_outside.Work, "lib.txt"));
        await _outside.GitAsync("add", ".gitmodules");
        await _outside.GitAsync("update-index", "--add", "--cacheinfo", $"160000,{library},libs/one");
        await _outside.GitAsync("commit", "-q", "-m", "module");
        var commit = (await _outside.GitAsync("rev-parse", "HEAD")).Output.Trim();
        await _outside.PublishAsync();
        var (host, source) = _outside.Open("open.git");
        var log = new List<string>();
        var target = Path.Combine(_outside.Root, "out");

        await host.CheckoutAsync(source, commit, target, OutsideRepository.Limits, log.Add, Token);

        Assert.Equal("inside", await File.ReadAllTextAsync(Path.Combine(target, "libs", "one", "lib.txt"), Token));
        Assert.Contains("Fetching the submodule libs/one", log);
    }

    [Theory]
    [InlineData("moved.git", "redirect")]
    [InlineData("missing.git", "no such repository")]
    public async Task A_refusal_says_what_to_do(string path, string said)
    {
        var (host, source) = _outside.Open(path);
        var e = await Assert.ThrowsAsync<PortalException>(() => host.HeadsAsync(source, Token));
        Assert.Contains(said, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_within_ones_own_network_is_not_asked_unless_allowed()
    {
        _outside.Options.Git.AllowedInternalHosts.Clear();
        var (host, source) = _outside.Open("open.git");
        var e = await Assert.ThrowsAsync<PortalException>(() => host.HeadsAsync(source, Token));
        Assert.Equal(Refusal.Denied, e.Refusal);
        Assert.Contains("Portal:Git:AllowedInternalHosts", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_commit_that_is_gone_is_said()
    {
        await _outside.CommitAsync("first", ("a", "1"));
        await _outside.PublishAsync();
        var (host, source) = _outside.Open("open.git");
        await Assert.ThrowsAsync<PortalException>(() => host.FetchAsync(source, new string('a', 40), Token));
    }

    public ValueTask DisposeAsync() => _outside.DisposeAsync();

    private string Address(string path) => $"{_outside.Url}/{path}";
}
