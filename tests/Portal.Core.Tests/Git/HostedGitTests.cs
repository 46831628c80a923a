using Portal.Core.Common;
using Portal.Core.Git;
using Xunit;

namespace Portal.Core.Tests.Git;

public sealed class HostedGitTests : IDisposable
{
    private static readonly CheckoutLimits Limits = new(1000, 10_000_000);

    private readonly GitFolder _git = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repository_that_nobody_pushed_to_has_no_heads_and_resolves_nothing()
    {
        Assert.Empty(await _git.Hosted.HeadsAsync(_git.Source, Token));
        Assert.Null(await _git.Hosted.ResolveAsync(_git.Source, "main", Token));
    }

    [Fact]
    public async Task A_commit_that_is_not_there_is_refused_in_words()
    {
        await _git.Repositories.EnsureAsync(_git.Source.AppId, Token);
        var e = await Assert.ThrowsAsync<PortalException>(() => _git.Hosted.FetchAsync(_git.Source, new string('a', 40), Token));
        Assert.Equal(Refusal.NotFound, e.Refusal);
    }

    [Theory]
    [InlineData("--upload-pack=touch /tmp/x")]
    [InlineData("main@{1}")]
    [InlineData(":/first")]
    [InlineData("main^")]
    [InlineData("")]
    public async Task An_expression_is_no_name(string name)
    {
        await _git.CommitAsync("first", ("a", "1"));
        await _git.PushAsync("main");
        Assert.Null(await _git.Hosted.ResolveAsync(_git.Source, name, Token));
    }

    [Fact]
    public async Task Names_and_commits_resolve_branch_before_tag()
    {
        var first = await _git.CommitAsync("first", ("a", "1"));
        await _git.RunAsync("tag", "-a", "-m", "t", "v1");
        var second = await _git.CommitAsync("second", ("a", "2"));
        await _git.RunAsync("branch", "v1");
        await _git.PushAsync("refs/heads/main", "refs/heads/v1", "refs/tags/v1");

        Assert.Equal(second, await _git.Hosted.ResolveAsync(_git.Source, "v1", Token));
        Assert.Equal(first, await _git.Hosted.ResolveAsync(_git.Source, "refs/tags/v1", Token));
        Assert.Equal(first, await _git.Hosted.ResolveAsync(_git.Source, first, Token));
        Assert.Equal(first, await _git.Hosted.ResolveAsync(_git.Source, first[..10], Token));
        Assert.Equal([new Head("refs/heads/main", second), new Head("refs/heads/v1", second), new Head("refs/tags/v1", first)],
            await _git.Hosted.HeadsAsync(_git.Source, Token));
    }

    [Fact]
    public async Task A_commit_is_described_by_its_first_line_as_data()
    {
        var commit = await _git.CommitAsync("<script>alert(1)</script>\n\nmore [Skip CI]", ("a", "1"));
        await _git.PushAsync("main");
        var info = await _git.Hosted.FetchAsync(_git.Source, commit, Token);
        Assert.Equal(("<script>alert(1)</script>", "Ada", true), (info.Message, info.Author, info.SkipsDeploy));
    }

    [Fact]
    public async Task A_checkout_has_every_file_as_it_was_committed()
    {
        var commit = await _git.CommitAsync("all", (".gitattributes", "secret.txt export-ignore\nsub.txt export-subst\n"),
            ("secret.txt", "kept"), ("sub.txt", "$Format:%H$"), ("a \"quoted\"\nname", "odd"), ("dir/x", "x"));
        await _git.PushAsync("main");
        var target = Path.Combine(_git.Root, "out");

        var result = await _git.Hosted.CheckoutAsync(_git.Source, commit, target, Limits, _ => { }, Token);

        Assert.Equal(5, result.Files);
        Assert.Equal("kept", await File.ReadAllTextAsync(Path.Combine(target, "secret.txt"), Token));
        Assert.Equal("$Format:%H$", await File.ReadAllTextAsync(Path.Combine(target, "sub.txt"), Token));
        Assert.Equal("odd", await File.ReadAllTextAsync(Path.Combine(target, "a \"quoted\"\nname"), Token));
        Assert.False(Directory.Exists(Path.Combine(target, ".git")));
    }

    [Fact]
    public async Task Nothing_is_written_through_a_symbolic_link()
    {
        Directory.CreateDirectory(_git.Work);
        var outside = Directory.CreateDirectory(Path.Combine(_git.Root, "outside")).FullName;
        await _git.CommitAsync("base", ("z", "1"));
        // A tree that git would never make by itself: "a" is a link out of the folder and, once more, a folder with a file.
        var blob = (await _git.RunAsync("rev-parse", "HEAD:z")).Trim();
        var link = await _git.HashAsync("blob", System.Text.Encoding.UTF8.GetBytes(outside));
        var inner = await _git.HashAsync("tree", [.. "100644 b\0"u8, .. Convert.FromHexString(blob)]);
        var tree = await _git.HashAsync("tree", [.. "120000 a\0"u8, .. Convert.FromHexString(link), .. "40000 a\0"u8, .. Convert.FromHexString(inner)]);
        var commit = (await _git.RunAsync("commit-tree", "-m", "hostile", tree)).Trim();
        await _git.RunAsync("update-ref", "refs/heads/evil", commit);
        await _git.PushAsync("refs/heads/evil");

        await Record.ExceptionAsync(() => _git.Hosted.CheckoutAsync(_git.Source, commit, Path.Combine(_git.Root, "out"), Limits, _ => { }, Token));

        Assert.Empty(Directory.GetFileSystemEntries(outside));
    }

    [Theory]
    [InlineData(2, 10_000, "more than 2 files")]
    [InlineData(100, 10, "larger than")]
    public async Task A_source_over_the_limits_is_refused_before_anything_is_written(int files, long bytes, string said)
    {
        var commit = await _git.CommitAsync("many", ("a", "12345"), ("b", "12345"), ("c", "12345"));
        await _git.PushAsync("main");
        var target = Path.Combine(_git.Root, "out");
        var e = await Assert.ThrowsAsync<PortalException>(() => _git.Hosted.CheckoutAsync(_git.Source, commit, target, new CheckoutLimits(files, bytes), _ => { }, Token));
        Assert.Contains(said, e.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(target));
    }

    [Fact]
    public async Task Changed_files_come_from_gits_own_diff()
    {
        var first = await _git.CommitAsync("first", ("a", "1"), ("b", "1"));
        var second = await _git.CommitAsync("second", ("b", "2"), ("odd\n\"name\"", "1"));
        await _git.PushAsync("main");
        Assert.Equal(["b", "odd\n\"name\""], await _git.Hosted.ChangedFilesAsync(_git.Source, first, second, Token));
        Assert.Null(await _git.Hosted.ChangedFilesAsync(_git.Source, new string('b', 40), second, Token));
        Assert.True(await _git.Hosted.IsAncestorAsync(_git.Source, first, second, Token));
        Assert.False(await _git.Hosted.IsAncestorAsync(_git.Source, second, first, Token));
        Assert.Null(await _git.Hosted.IsAncestorAsync(_git.Source, new string('b', 40), first, Token));
    }

    public void Dispose() => _git.Dispose();
}
