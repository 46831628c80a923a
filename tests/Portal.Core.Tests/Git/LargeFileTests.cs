using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Portal.Core.Common;
using Portal.Core.Git;
using Portal.Core.Git.Hosted;
using Portal.Core.Git.LargeFiles;
using Xunit;

namespace Portal.Core.Tests.Git;

public sealed class LargeFileTests : IDisposable
{
    private const string Attributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n";

    private static readonly CheckoutLimits Limits = new(1000, 10_000_000);

    private readonly GitFolder _git = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Out => Path.Combine(_git.Root, "out");

    [Theory]
    [InlineData("", false)]
    [InlineData("version https://git-lfs.github.com/spec/v1\n", false)]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n", true)]
    [InlineData("version https://git-lfs.github.com/spec/v1\next-0-foo sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n", true)]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:../../../../../../../etc/passwdxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\nsize 12345\n", false)]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize -1234\n", false)]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 99999999999999999999\n", false)]
    public void A_pointer_is_told_from_an_ordinary_file(string text, bool isPointer) =>
        Assert.Equal(isPointer, LargeFilePointer.Parse(Encoding.UTF8.GetBytes(text)) is not null);

    [Fact]
    public async Task Large_files_stand_in_their_places_and_everything_else_is_as_it_was()
    {
        var large = RandomNumberGenerator.GetBytes(300_001);
        var small = "one line"u8.ToArray();
        var deep = string.Join('/', Enumerable.Repeat("a-rather-long-folder-name", 12)) + "/ü \"q\"\n.bin";
        var commit = await _git.CommitAsync("large", (".gitattributes", Attributes), ("a.bin", Pointer(large)), (deep, Pointer(small)),
            ("raw.bin", new string('r', 5000)), ("short.bin", "not a pointer"), ("empty.bin", ""), ("not-lfs.txt", Pointer(large)), ("z", "end"));
        await _git.PushAsync("main");
        await StoreAsync(large);
        await StoreAsync(small);

        var result = await _git.Hosted.CheckoutAsync(_git.Source, commit, Out, Limits, _ => { }, Token);

        Assert.Equal(large, await File.ReadAllBytesAsync(Path.Combine(Out, "a.bin"), Token));
        Assert.Equal(small, await File.ReadAllBytesAsync(Path.Combine(Out, deep), Token));
        Assert.Equal(new string('r', 5000), await File.ReadAllTextAsync(Path.Combine(Out, "raw.bin"), Token));
        Assert.Equal("not a pointer", await File.ReadAllTextAsync(Path.Combine(Out, "short.bin"), Token));
        Assert.Equal("", await File.ReadAllTextAsync(Path.Combine(Out, "empty.bin"), Token));
        Assert.Equal(Pointer(large), await File.ReadAllTextAsync(Path.Combine(Out, "not-lfs.txt"), Token));
        Assert.Equal("end", await File.ReadAllTextAsync(Path.Combine(Out, "z"), Token));
        Assert.True(result.Bytes > 300_000, $"{result.Bytes} bytes do not count the large file.");
    }

    [Fact]
    public async Task A_file_whose_content_was_never_pushed_is_named_with_what_to_do()
    {
        var commit = await _git.CommitAsync("large", (".gitattributes", Attributes), ("img/a.bin", Pointer([1, 2, 3])));
        await _git.PushAsync("main");
        var e = await Assert.ThrowsAsync<PortalException>(() => _git.Hosted.CheckoutAsync(_git.Source, commit, Out, Limits, _ => { }, Token));
        Assert.Contains("img/a.bin", e.Message, StringComparison.Ordinal);
        Assert.Contains("git lfs push --all", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_lies_on_disk_under_a_wrong_name_is_not_built()
    {
        var commit = await _git.CommitAsync("large", (".gitattributes", Attributes), ("a.bin", Pointer("right"u8.ToArray())));
        await _git.PushAsync("main");
        var oid = await StoreAsync("right"u8.ToArray());
        await File.WriteAllTextAsync(Store().PathOf(_git.Source.AppId, oid), "wrong", Token);
        var e = await Assert.ThrowsAsync<PortalException>(() => _git.Hosted.CheckoutAsync(_git.Source, commit, Out, Limits, _ => { }, Token));
        Assert.Contains("damaged", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10_000_001)]
    [InlineData(long.MaxValue)]
    public async Task Large_files_count_for_the_size_of_a_source(long size)
    {
        var commit = await _git.CommitAsync("huge", (".gitattributes", Attributes), ("a.bin", Pointer([1], size)), ("b.bin", Pointer([2], size)));
        await _git.PushAsync("main");
        var e = await Assert.ThrowsAsync<PortalException>(() => _git.Hosted.CheckoutAsync(_git.Source, commit, Out, Limits, _ => { }, Token));
        Assert.Equal(Refusal.TooLarge, e.Refusal);
    }

    [Theory]
    [InlineData("shorter")]
    [InlineData("much longer than was announced")]
    [InlineData("as long but not the same thing")]
    public async Task Only_what_is_whole_is_kept(string sent)
    {
        var announced = Encoding.UTF8.GetBytes("as long and just the same thin");
        var file = new LargeFilePointer(Convert.ToHexStringLower(SHA256.HashData(announced)), announced.Length);
        await Assert.ThrowsAsync<PortalException>(() => Store().StoreAsync(_git.Source.AppId, file, new MemoryStream(Encoding.UTF8.GetBytes(sent)), Token));
        Assert.Null(Store().SizeOf(_git.Source.AppId, file.Oid));
        Assert.Empty(Directory.GetFiles(Path.Combine(_git.Repositories.FolderOf(_git.Source.AppId), "lfs", "incoming")));
    }

    [Fact]
    public async Task An_app_keeps_no_more_than_its_limit()
    {
        _git.Options.Limits.LargeFileBytesPerApp = 1000;
        await StoreAsync(new byte[900]);
        var e = await Assert.ThrowsAsync<PortalException>(() => StoreAsync(RandomNumberGenerator.GetBytes(101)));
        Assert.Contains("Portal:Limits:LargeFileBytesPerApp", e.Message, StringComparison.Ordinal);
        await StoreAsync(RandomNumberGenerator.GetBytes(100));
    }

    [Fact]
    public async Task What_no_commit_names_goes_a_day_later()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var store = new LargeFileStore(_git.Repositories, _git.Options, clock);
        await _git.CommitAsync("large", (".gitattributes", Attributes), ("a.bin", Pointer("named"u8.ToArray())));
        await _git.PushAsync("main");
        var (named, unnamed) = (await StoreAsync("named"u8.ToArray()), await StoreAsync("unnamed"u8.ToArray()));
        var retention = new RepositoryRetention(_git.Repositories, store, new LargeFileScan(_git.Git), _git.Options, clock, NullLogger<RepositoryRetention>.Instance);

        await retention.RunAsync(retention.Entries(), new HashSet<Guid> { _git.Source.AppId }, Token);
        Assert.NotNull(store.SizeOf(_git.Source.AppId, unnamed));
        clock.Advance(TimeSpan.FromHours(25));
        await retention.RunAsync(retention.Entries(), new HashSet<Guid> { _git.Source.AppId }, Token);

        Assert.Null(store.SizeOf(_git.Source.AppId, unnamed));
        Assert.NotNull(store.SizeOf(_git.Source.AppId, named));
        await retention.RunAsync(retention.Entries(), new HashSet<Guid>(), Token);
        Assert.False(_git.Repositories.Exists(_git.Source.AppId));
    }

    public void Dispose() => _git.Dispose();

    private LargeFileStore Store() => new(_git.Repositories, _git.Options, TimeProvider.System);

    private async Task<string> StoreAsync(byte[] content)
    {
        var file = new LargeFilePointer(Convert.ToHexStringLower(SHA256.HashData(content)), content.Length);
        await Store().StoreAsync(_git.Source.AppId, file, new MemoryStream(content), Token);
        return file.Oid;
    }

    private static string Pointer(byte[] content, long? size = null) =>
        $"version https://git-lfs.github.com/spec/v1\noid sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}\nsize {size ?? content.Length}\n";
}
