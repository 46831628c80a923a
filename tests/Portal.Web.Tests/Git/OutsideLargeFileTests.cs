using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Portal.Core.Common;
using Portal.Core.Git;
using Portal.Testing;

namespace Portal.Web.Tests.Git;

/// <summary>Git LFS of an outside repository, whose answers are an outsider's word.</summary>
public sealed class OutsideLargeFileTests : IAsyncLifetime
{
    private static readonly byte[] Large = Encoding.UTF8.GetBytes(new string('L', 100_000));
    private static readonly string Oid = Convert.ToHexStringLower(SHA256.HashData(Large));

    private OutsideRepository _outside = null!;
    private string _commit = "";
    private Func<HttpContext, object>? _batch;
    private Func<HttpContext, Task>? _object;
    private int _fetched;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Href => $"{_outside.Url}/store/{Oid}";

    public async ValueTask InitializeAsync()
    {
        _outside = await OutsideRepository.StartAsync(server =>
        {
            server.MapPost("/open.git/info/lfs/objects/batch", async (HttpContext http) =>
            {
                if (_batch is null)
                {
                    return Results.NotFound();
                }
                using var body = await JsonDocument.ParseAsync(http.Request.Body);
                Assert.Equal("download", body.RootElement.GetProperty("operation").GetString());
                return Results.Json(_batch(http), contentType: "application/vnd.git-lfs+json");
            });
            server.MapGet("/store/{oid}", async (HttpContext http) =>
            {
                Interlocked.Increment(ref _fetched);
                await (_object?.Invoke(http) ?? http.Response.Body.WriteAsync(Large).AsTask());
            });
        });
        _commit = await _outside.CommitAsync("large", (".gitattributes", "*.bin filter=lfs -text\n"),
            ("a.bin", $"version https://git-lfs.github.com/spec/v1\noid sha256:{Oid}\nsize {Large.Length}\n"));
        await _outside.PublishAsync();
    }

    [Fact]
    public async Task A_large_file_is_fetched_once_and_kept_for_the_next_build()
    {
        string? sent = null;
        _batch = _ => Answer(Href, new { Authorization = "Basic short-lived", Host = "evil.example", Cookie = "x=1" });
        _object = async http =>
        {
            sent = $"{http.Request.Headers.Authorization} {http.Request.Host.Host} {http.Request.Headers.Cookie}";
            await http.Response.Body.WriteAsync(Large);
        };
        var (host, source) = _outside.Open("open.git");
        foreach (var folder in new[] { "one", "two" })
        {
            await host.CheckoutAsync(source, _commit, Path.Combine(_outside.Root, folder), OutsideRepository.Limits, _ => { }, Token);
            Assert.Equal(Large, await File.ReadAllBytesAsync(Path.Combine(_outside.Root, folder, "a.bin"), Token));
        }
        Assert.Equal(1, _fetched);
        Assert.Equal("Basic short-lived 127.0.0.1 ", sent);
    }

    [Theory]
    [InlineData("http://127.0.0.2:1/x", "within Portal's own network")]
    [InlineData("http://169.254.169.254/latest/meta-data", "within Portal's own network")]
    [InlineData("https://[::1]/x", "within Portal's own network")]
    [InlineData("file:///etc/passwd", "not plain https")]
    [InlineData("https://ada:secret@127.0.0.1/x", "not plain https")]
    [InlineData("/relative", "not plain https")]
    [InlineData(null, "names no address")]
    public async Task An_object_may_not_lie_within_ones_own_network(string? href, string said)
    {
        _batch = _ => Answer(href);
        Assert.Contains(said, await ProblemAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_internal_host_that_an_admin_allowed_is_still_no_place_for_another_hosts_objects()
    {
        _outside.Options.Git.AllowedInternalHosts.Add("127.0.0.2");
        _batch = _ => Answer(Href.Replace("127.0.0.1", "127.0.0.2", StringComparison.Ordinal));
        Assert.Contains("within Portal's own network", await ProblemAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_what_was_announced_is_not_built()
    {
        _batch = _ => Answer(Href);
        _object = http => http.Response.WriteAsync("short");
        Assert.Contains("did not arrive whole", await ProblemAsync(), StringComparison.Ordinal);
        _object = http => http.Response.Body.WriteAsync(new byte[Large.Length + 1]).AsTask();
        Assert.Contains("more than the", await ProblemAsync(), StringComparison.Ordinal);
        _object = http => http.Response.Body.WriteAsync(new byte[Large.Length]).AsTask();
        Assert.Contains("did not arrive whole", await ProblemAsync(), StringComparison.Ordinal);
        _object = http =>
        {
            http.Response.Redirect("http://169.254.169.254/");
            return Task.CompletedTask;
        };
        Assert.Contains("redirect", await ProblemAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_host_says_is_said()
    {
        _batch = _ => new { objects = new[] { new { oid = Oid, size = Large.Length, error = new { code = 404, message = "gone <b>\u001b[31m" } } } };
        Assert.Contains("The host says: gone <b>", await ProblemAsync(), StringComparison.Ordinal);
        _batch = _ => new { objects = Array.Empty<object>() };
        Assert.Contains("The host does not have it", await ProblemAsync(), StringComparison.Ordinal);
        _batch = _ => "no LFS";
        Assert.Contains("does not speak Git LFS", await ProblemAsync(), StringComparison.Ordinal);
        _batch = null;
        Assert.Contains("cannot be fetched", await ProblemAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://127.0.0.2/lfs")]
    [InlineData("https://evil.example/lfs")]
    [InlineData("file:///srv/lfs")]
    [InlineData("ssh://git@evil.example/x")]
    public async Task The_repository_may_not_send_Portal_to_another_host(string url)
    {
        _commit = await _outside.CommitAsync("config", (".lfsconfig", $"[lfs]\n\turl = {url}\n"));
        await _outside.PublishAsync();
        var problem = await ProblemAsync();
        Assert.Contains("repository's own host 127.0.0.1 only", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_repository_may_name_another_path_of_its_own_host()
    {
        _batch = _ => Answer(Href);
        _commit = await _outside.CommitAsync("config", (".lfsconfig", $"[lfs]\n\turl = {_outside.Url}/open.git/info/lfs/\n"));
        await _outside.PublishAsync();
        var (host, source) = _outside.Open("open.git");
        await host.CheckoutAsync(source, _commit, Path.Combine(_outside.Root, "out"), OutsideRepository.Limits, _ => { }, Token);
        Assert.Equal(1, _fetched);
    }

    public ValueTask DisposeAsync() => _outside.DisposeAsync();

    private async Task<string> ProblemAsync()
    {
        var (host, source) = _outside.Open("open.git");
        var e = await Assert.ThrowsAsync<PortalException>(() => host.CheckoutAsync(source, _commit, Path.Combine(_outside.Root, "out"), OutsideRepository.Limits, _ => { }, Token));
        return e.Message;
    }

    private static object Answer(string? href, object? header = null) => new
    {
        transfer = "basic",
        objects = new[] { new { oid = Oid, size = Large.Length, actions = new { download = new { href, header } } } },
    };
}
