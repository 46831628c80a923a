using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Git;
using Portal.Core.Git.Hosted;
using Portal.Testing;

namespace Portal.Web.Tests.Git;

/// <summary>Git LFS at Portal's own repositories, with git-lfs itself at the other end.</summary>
public sealed class LargeFileDoorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repository_with_large_files_is_pushed_cloned_and_built_as_anywhere()
    {
        await using var host = await GitHost.StartAsync();
        var large = Convert.ToHexString(RandomNumberGenerator.GetBytes(2_000_000));
        var commit = await CommitLargeAsync(host, ("img/a.bin", large), ("b.bin", "small"));

        var pushing = host.GitAsync("push", host.Address(), "main");
        await host.EndBuildAsync("x\n");
        var push = await pushing;

        Assert.True(push.ExitCode == 0, push.All);
        Assert.DoesNotContain("locking", push.All, StringComparison.OrdinalIgnoreCase);
        var clone = await host.GitAsync("clone", "-q", host.Address(), "copy");
        Assert.True(clone.ExitCode == 0, clone.All);
        Assert.Equal(large, await File.ReadAllTextAsync(Path.Combine(host.Folder, "work", "copy", "img", "a.bin"), Token));

        var (git, source) = host.Services.GetRequiredService<IGitHosts>().For(host.App);
        var target = Path.Combine(host.Folder, "out");
        await git.CheckoutAsync(source, commit, target, new CheckoutLimits(100, 100_000_000), _ => { }, Token);
        Assert.Equal(large, await File.ReadAllTextAsync(Path.Combine(target, "img", "a.bin"), Token));
        Assert.Equal("small", await File.ReadAllTextAsync(Path.Combine(target, "b.bin"), Token));

        await using var db = host.Database.CreateDbContext();
        var entry = await db.Set<AuditEntry>().SingleAsync(e => e.Action == "code.large-files", Token);
        Assert.Contains("2", entry.After, StringComparison.Ordinal);
        Assert.Equal(0, (await host.GitAsync("lfs", "push", "--all", host.Address())).ExitCode);
        Assert.Equal(1, await db.Set<AuditEntry>().CountAsync(e => e.Action == "code.large-files", Token));
    }

    [Fact]
    public async Task More_than_an_app_may_keep_is_refused_in_words_before_anything_is_sent()
    {
        await using var host = await GitHost.StartAsync(settings: new() { ["Portal:Limits:LargeFileBytesPerApp"] = "1000000" });
        await CommitLargeAsync(host, ("a.bin", new string('x', 1_000_001)));
        var push = await host.GitAsync("push", host.Address(), "main");
        Assert.NotEqual(0, push.ExitCode);
        Assert.Contains("The large files of an app may have at most", push.All, StringComparison.Ordinal);
        Assert.Equal("", (await host.GitAsync("ls-remote", host.Address())).Output);
    }

    [Fact]
    public async Task A_viewer_may_download_and_not_upload()
    {
        await using var host = await GitHost.StartAsync();
        var viewer = await host.TokenAsync(await host.PersonAsync("Vera", host.Team.Id, TeamRole.Viewer), TokenScope.Full);
        Assert.Equal(HttpStatusCode.OK, (await BatchAsync(host, viewer, "download")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await BatchAsync(host, viewer, "upload")).Status);
        var stranger = await host.TokenAsync(await host.PersonAsync("Olaf"));
        Assert.Equal(HttpStatusCode.NotFound, (await BatchAsync(host, stranger, "download")).Status);
        var none = await BatchAsync(host, null, "download");
        Assert.Equal(HttpStatusCode.Unauthorized, none.Status);
        Assert.Contains("token", none.Body.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_request_is_refused_in_words()
    {
        await using var host = await GitHost.StartAsync();
        using var http = Client(host, host.Token);
        foreach (var body in new[]
        {
            """{"operation":"delete","objects":[]}""",
            """{"operation":"download"}""",
            """{"operation":"download","objects":[null]}""",
            """{"operation":"download","objects":[{"oid":"../../etc/passwd","size":1}]}""",
            """{"operation":"download","objects":[{"oid":"4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393","size":-1}]}""",
            """{"operation":"upload","transfers":["ssh"],"objects":[]}""",
            "not json",
            "null",
        })
        {
            using var content = new StringContent(body, null, "application/vnd.git-lfs+json");
            var answer = await http.PostAsync(new Uri("objects/batch", UriKind.Relative), content, Token);
            Assert.Equal((HttpStatusCode.UnprocessableEntity, body), (answer.StatusCode, body));
            Assert.NotEqual("", (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("message").GetString());
        }
    }

    [Fact]
    public async Task What_is_not_offered_is_not_found()
    {
        await using var host = await GitHost.StartAsync();
        using var http = Client(host, host.Token);
        var oid = new string('a', 64);
        foreach (var (method, path) in new[] { ("GET", "locks"), ("POST", "locks/verify"), ("PUT", "objects/short"), ("DELETE", $"objects/{oid}"), ("GET", $"objects/{oid}"), ("GET", "objects/../../HEAD") })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
            Assert.InRange((int)(await http.SendAsync(request, Token)).StatusCode, 403, 404);
        }
    }

    [Fact]
    public async Task An_upload_under_a_wrong_name_is_not_kept()
    {
        await using var host = await GitHost.StartAsync();
        using var http = Client(host, host.Token);
        var oid = Convert.ToHexStringLower(SHA256.HashData("right"u8));
        using var wrong = new ByteArrayContent("wrong"u8.ToArray());
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await http.PutAsync(new Uri($"objects/{oid}", UriKind.Relative), wrong, Token)).StatusCode);
        Assert.Null(host.Services.GetRequiredService<LargeFileStore>().SizeOf(host.App.Id, oid));
        using var right = new ByteArrayContent("right"u8.ToArray());
        Assert.Equal(HttpStatusCode.OK, (await http.PutAsync(new Uri($"objects/{oid}", UriKind.Relative), right, Token)).StatusCode);
        Assert.Equal("right", await http.GetStringAsync(new Uri($"objects/{oid}", UriKind.Relative), Token));
    }

    private static HttpClient Client(GitHost host, string? token)
    {
        var http = new HttpClient { BaseAddress = new Uri(host.Url, "/git/shop/api.git/info/lfs/") };
        http.DefaultRequestHeaders.Authorization = token is null ? null : new("Bearer", token);
        return http;
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> BatchAsync(GitHost host, string? token, string operation)
    {
        using var http = Client(host, token);
        var answer = await http.PostAsJsonAsync(new Uri("objects/batch", UriKind.Relative),
            new { operation, objects = new[] { new { oid = new string('a', 64), size = 3 } } }, Token);
        return (answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>(Token));
    }

    private static async Task<string> CommitLargeAsync(GitHost host, params (string Path, string Text)[] files)
    {
        (await host.GitAsync("init", "-q", "-b", "main")).Expect();
        (await host.GitAsync("lfs", "install", "--local")).Expect();
        (await host.GitAsync("lfs", "track", "*.bin")).Expect();
        return await host.CommitAsync("large", files);
    }
}
