using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Git;
using Xunit;

namespace Portal.Core.Tests.Git;

/// <summary>Submodules of Portal's own repositories.</summary>
public sealed class SubmoduleTests : IDisposable
{
    private static readonly CheckoutLimits Limits = new(1000, 10_000_000);

    private readonly GitFolder _git = new();
    private readonly GitSource _library = new(SourceKind.Portal, Guid.NewGuid());
    private readonly List<string> _log = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Out => Path.Combine(_git.Root, "out");

    [Theory]
    [InlineData("../lib.git")]
    [InlineData("../lib")]
    [InlineData("../../shop/lib.git")]
    [InlineData("http://localhost:8080/git/shop/lib.git")]
    public async Task A_repository_of_the_same_team_is_written_into_its_folder(string url)
    {
        var commit = await WithModuleAsync(url, await LibraryAsync());
        var result = await CheckoutAsync(commit);
        Assert.Equal("inside", await File.ReadAllTextAsync(Path.Combine(Out, "libs", "one", "lib.txt"), Token));
        Assert.Contains("Fetching the submodule libs/one", _log);
        Assert.Equal(4, result.Files);
    }

    [Theory]
    [InlineData("../../other/lib.git", "no app lib")]
    [InlineData("../missing.git", "no app missing")]
    [InlineData("../../../lib.git", "leads out of Portal's own repositories")]
    [InlineData("./nested", "leads out of Portal's own repositories")]
    [InlineData("../../../../etc/passwd", "leads out of Portal's own repositories")]
    [InlineData("ext::sh -c touch% /tmp/x", "no spaces")]
    [InlineData("ext::sh", "Use an https:// or ssh:// address")]
    [InlineData("file:///etc", "Use an https:// or ssh:// address")]
    [InlineData("/etc", "Use an https:// or ssh:// address")]
    [InlineData("-uhttps://example.org/x", "Use an https:// or ssh:// address")]
    [InlineData("http://example.org/x.git", "https://")]
    [InlineData("https://127.0.0.1/x.git", "within Portal's own network")]
    [InlineData("https://169.254.169.254/latest", "within Portal's own network")]
    [InlineData("https://[::1]:8443/x.git", "within Portal's own network")]
    [InlineData("ssh://git@127.0.0.1/x.git", "within Portal's own network")]
    [InlineData("https://ada:hunter2@example.org/x.git", "Leave user name and password out")]
    public async Task An_address_that_may_not_be_followed_is_refused_in_words(string url, string said)
    {
        var commit = await WithModuleAsync(url, await LibraryAsync());
        var e = await Assert.ThrowsAsync<PortalException>(() => CheckoutAsync(commit));
        Assert.StartsWith("The submodule libs/one (", e.Message, StringComparison.Ordinal);
        Assert.Contains(said, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_commit_that_the_other_repository_does_not_have_is_said()
    {
        await LibraryAsync();
        var e = await Assert.ThrowsAsync<PortalException>(async () => await CheckoutAsync(await WithModuleAsync("../lib.git", new string('a', 40))));
        Assert.Contains("is not in the repository of lib", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_module_without_an_address_leaves_its_folder_empty_and_says_so()
    {
        var commit = await WithModuleAsync(null, await LibraryAsync());
        await CheckoutAsync(commit);
        Assert.Contains(_log, line => line.Contains("has no address in .gitmodules", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_repository_that_contains_itself_ends_at_the_limit()
    {
        _git.Team.Apps["web"] = _git.Source.AppId;
        var commit = await WithModuleAsync("../web.git", await LibraryAsync());
        for (var i = 0; i < 7; i++)
        {
            commit = await WithModuleAsync("../web.git", commit);
        }
        var e = await Assert.ThrowsAsync<PortalException>(() => CheckoutAsync(commit));
        Assert.Contains("5 levels deep", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_submodules_end_at_the_limit()
    {
        var library = await LibraryAsync();
        var modules = new System.Text.StringBuilder();
        for (var i = 0; i < 51; i++)
        {
            modules.Append(System.Globalization.CultureInfo.InvariantCulture, $"[submodule \"m{i}\"]\n\tpath = m{i}\n\turl = ../lib.git\n");
        }
        await _git.CommitAsync("modules", (".gitmodules", modules.ToString()));
        for (var i = 0; i < 51; i++)
        {
            await _git.RunAsync("update-index", "--add", "--cacheinfo", $"160000,{library},m{i}");
        }
        var commit = await CommitIndexAsync();
        var e = await Assert.ThrowsAsync<PortalException>(() => CheckoutAsync(commit));
        Assert.Contains("more than 50 submodules", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submodules_count_for_the_limits_of_the_source()
    {
        var commit = await WithModuleAsync("../lib.git", await LibraryAsync());
        var e = await Assert.ThrowsAsync<PortalException>(() => _git.Hosted.CheckoutAsync(_git.Source, commit, Out, new CheckoutLimits(2, 10_000), _log.Add, Token));
        Assert.Equal(Refusal.TooLarge, e.Refusal);
    }

    [Fact]
    public async Task A_path_through_a_symbolic_link_is_refused()
    {
        var library = await LibraryAsync();
        var outside = Directory.CreateDirectory(Path.Combine(_git.Root, "outside")).FullName;
        File.CreateSymbolicLink(Path.Combine(_git.Work, "libs"), outside);
        var commit = await WithModuleAsync("../lib.git", library, keepLink: true);
        var e = await Assert.ThrowsAsync<PortalException>(() => CheckoutAsync(commit));
        Assert.Equal(Refusal.Invalid, e.Refusal);
        Assert.Empty(Directory.GetFileSystemEntries(outside));
    }

    public void Dispose() => _git.Dispose();

    private Task<CheckoutResult> CheckoutAsync(string commit) => _git.Hosted.CheckoutAsync(_git.Source, commit, Out, Limits, _log.Add, Token);

    /// <summary>The app “lib” of the team, with one file.</summary>
    private async Task<string> LibraryAsync()
    {
        var commit = await _git.CommitAsync("library", ("lib.txt", "inside"));
        var folder = await _git.Repositories.EnsureAsync(_library.AppId, Token);
        await _git.RunAsync("push", "-q", "--force", folder, "main");
        _git.Team.Apps["lib"] = _library.AppId;
        await _git.RunAsync("rm", "-q", "-r", ".");
        return commit;
    }

    private async Task<string> WithModuleAsync(string? url, string module, bool keepLink = false)
    {
        await _git.CommitAsync("module", (".gitmodules", url is null ? "" : $"[submodule \"../../evil\"]\n\tpath = libs/one\n\tupdate = !touch /tmp/x\n\turl = \"{url}\"\n"), ("kept", "x"));
        if (!keepLink)
        {
            await _git.RunAsync("update-index", "--add", "--cacheinfo", $"160000,{module},libs/one");
            return await CommitIndexAsync();
        }
        // git would never make it: a link and, in the same tree, a folder of the same name.
        var link = (await _git.RunAsync("rev-parse", "HEAD:libs")).Trim();
        var modules = (await _git.RunAsync("rev-parse", "HEAD:.gitmodules")).Trim();
        var inner = await _git.HashAsync("tree", [.. "160000 one\0"u8, .. Convert.FromHexString(module)]);
        var tree = await _git.HashAsync("tree", [.. "100644 .gitmodules\0"u8, .. Convert.FromHexString(modules),
            .. "120000 libs\0"u8, .. Convert.FromHexString(link), .. "40000 libs\0"u8, .. Convert.FromHexString(inner)]);
        var commit = (await _git.RunAsync("commit-tree", "-m", "hostile", tree)).Trim();
        await _git.RunAsync("update-ref", "refs/heads/main", commit);
        await _git.PushAsync("main");
        return commit;
    }

    private async Task<string> CommitIndexAsync()
    {
        await _git.RunAsync("commit", "-q", "-m", "module");
        await _git.PushAsync("main");
        return (await _git.RunAsync("rev-parse", "HEAD")).Trim();
    }
}
