using System.Net;
using System.Net.Http.Headers;
using Portal.Core.Runtimes;
using static Portal.Worker.Tests.Runtimes.RuntimeFixture;

namespace Portal.Worker.Tests.Runtimes;

public sealed class ServedFilesTests : IAsyncLifetime
{
    private readonly RuntimeFixture here = new();
    private readonly HttpClient client = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    public async ValueTask InitializeAsync()
    {
        var artifact = here.Artifact(
            "public/index.html", "<h1>home</h1>", "public/about.html", "about", "public/docs/index.html", "docs", "public/404.html", "lost",
            "public/app.4f3e2a1b.js", "let a = 1", "public/style.css", "0123456789", "public/style.css.gz", "zipped",
            "public/.env", "SECRET=1", "public/.well-known/security.txt", "mail us", "public/empty/readme.txt", "nothing", "outside.txt", "outside");
        File.CreateSymbolicLink(Path.Combine(artifact, "public/escape.txt"), "../outside.txt");
        File.CreateSymbolicLink(Path.Combine(artifact, "public/passwd.txt"), "/etc/passwd");
        File.CreateSymbolicLink(Path.Combine(artifact, "public/up"), "..");
        File.CreateSymbolicLink(Path.Combine(artifact, "public/same.css"), "style.css");
        var workload = here.Workload(artifact, "unused") with { Processes = [new WorkloadProcess("web", null, "public", false, 1)] };
        await here.Runtime.ConvergeAsync(workload, Cancel);
        await StartedAsync();
    }

    private async Task StartedAsync() => client.BaseAddress = new Uri($"http://{(await here.ReadyAsync()).Instances[0].Address}");

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await here.DisposeAsync();
    }

    // The path goes out as it is written: a browser would have tidied it, somebody with bad intent would not.
    private async Task<HttpResponseMessage> SendHereAsync(string path, HttpMethod? method = null, Action<HttpRequestHeaders>? headers = null)
    {
        var address = new Uri(client.BaseAddress!.ToString().TrimEnd('/') + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, address);
        headers?.Invoke(request.Headers);
        return await client.SendAsync(request, Cancel);
    }

    private async Task BodyIsAsync(string path, HttpStatusCode status, string body)
    {
        using var answer = await SendHereAsync(path);
        Assert.Equal((status, body), (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancel)));
    }

    [Fact]
    public async Task Files_are_found_and_nothing_else_is_shown()
    {
        await BodyIsAsync("/", HttpStatusCode.OK, "<h1>home</h1>");
        await BodyIsAsync("/about", HttpStatusCode.OK, "about");
        await BodyIsAsync("/docs/", HttpStatusCode.OK, "docs");
        await BodyIsAsync("/.well-known/security.txt", HttpStatusCode.OK, "mail us");
        await BodyIsAsync("/same.css", HttpStatusCode.OK, "0123456789");
        foreach (var hidden in (string[])["/missing", "/empty/", "/.env", "/%2e%2e/outside.txt", "/..%2foutside.txt", "/escape.txt", "/passwd.txt", "/up/outside.txt", "/docs/..%5c..%5coutside.txt", "/a%00b"])
        {
            using var answer = await SendHereAsync(hidden);
            Assert.True(answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"{hidden}: {answer.StatusCode}");
            Assert.True((await answer.Content.ReadAsStringAsync(Cancel)) is "lost" or "", hidden);
        }
    }

    [Fact]
    public async Task A_folder_without_its_slash_is_redirected_within_the_site()
    {
        using var answer = await SendHereAsync("/docs?x=1");
        Assert.Equal((HttpStatusCode.MovedPermanently, "/docs/?x=1"), (answer.StatusCode, answer.Headers.Location?.OriginalString));
        using var tricky = await SendHereAsync("//docs");
        Assert.DoesNotContain("//", tricky.Headers.Location?.OriginalString ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Types_validators_and_ranges_are_right()
    {
        using var css = await SendHereAsync("/style.css");
        Assert.Equal("text/css", css.Content.Headers.ContentType?.MediaType);
        Assert.Equal("no-cache", css.Headers.CacheControl?.ToString());

        using var same = await SendHereAsync("/style.css", headers: h => h.IfNoneMatch.Add(css.Headers.ETag!));
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);

        using var part = await SendHereAsync("/style.css", headers: h => h.Range = new RangeHeaderValue(2, 4));
        Assert.Equal((HttpStatusCode.PartialContent, "234", "bytes 2-4/10"), (part.StatusCode, await part.Content.ReadAsStringAsync(Cancel), part.Content.Headers.ContentRange?.ToString()));

        using var beyond = await SendHereAsync("/style.css", headers: h => h.Range = new RangeHeaderValue(50, null));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, beyond.StatusCode);

        using var head = await SendHereAsync("/style.css", HttpMethod.Head);
        Assert.Equal((10, ""), (head.Content.Headers.ContentLength!.Value, await head.Content.ReadAsStringAsync(Cancel)));

        using var zipped = await SendHereAsync("/style.css", headers: h => h.AcceptEncoding.ParseAdd("gzip"));
        Assert.Equal(("gzip", "zipped"), (zipped.Content.Headers.ContentEncoding.Single(), await zipped.Content.ReadAsStringAsync(Cancel)));
        Assert.NotEqual(css.Headers.ETag, zipped.Headers.ETag);

        using var hashed = await SendHereAsync("/app.4f3e2a1b.js");
        Assert.Contains("immutable", hashed.Headers.CacheControl?.ToString(), StringComparison.Ordinal);

        using var post = await SendHereAsync("/", HttpMethod.Post);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
    }

    [Fact]
    public async Task An_app_that_routes_in_the_browser_gets_its_page_for_every_path()
    {
        var artifact = here.Artifact("index.html", "shell");
        await here.Runtime.StopAsync(new WorkloadKey(here.Place, 1), TimeSpan.FromSeconds(5), Cancel);
        await here.Runtime.ConvergeAsync(here.Workload(artifact, "unused", version: 2) with { Processes = [new WorkloadProcess("web", null, ".", true, 1)] }, Cancel);
        using var other = new HttpClient { BaseAddress = new Uri($"http://{(await here.ReadyAsync()).Instances[0].Address}") };

        Assert.Equal("shell", await other.GetStringAsync("orders/17", Cancel));
        using var asset = await other.GetAsync("missing.js", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, asset.StatusCode);
    }
}
