using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Octokit;
using Portal.Testing.GitHub;

namespace Portal.Core.Tests.GitHub;

/// <summary>A double with an organization, its repository acme/shop, a receiver of webhooks and a clock that stands still.</summary>
internal sealed class DoubleBench : IAsyncDisposable
{
    public static readonly Dictionary<string, string> AllPermissions = new()
    {
        ["contents"] = "write",
        ["metadata"] = "read",
        ["checks"] = "write",
        ["statuses"] = "write",
        ["deployments"] = "write",
        ["pull_requests"] = "write",
    };

    private readonly TemporaryFolder _folder = new();

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));

    public GitHubDouble GitHub { get; private set; } = null!;

    public HookReceiver Receiver { get; private set; } = null!;

    public DoubleRepository Repository { get; private set; } = null!;

    public string CloneUrl => $"{GitHub.Url}acme/shop.git";

    public static async Task<DoubleBench> StartAsync()
    {
        var bench = new DoubleBench();
        bench.GitHub = await GitHubDouble.StartAsync(bench._folder.Path, bench.Time);
        bench.Receiver = await HookReceiver.StartAsync();
        bench.GitHub.AddUser("ada");
        bench.GitHub.AddUser("grace");
        bench.GitHub.AddOrganization("acme", "ada");
        bench.Repository = bench.GitHub.AddRepository("acme", "shop");
        return bench;
    }

    public DoubleApp App(string owner = "acme", params string[] events) => GitHub.AddApp(owner, "Portal", new AppManifest
    {
        Url = "http://portal.test",
        HookUrl = Receiver.Url,
        Permissions = AllPermissions,
        Events = events is [] ? ["push", "pull_request", "check_run", "check_suite", "status", "deployment_status", "issue_comment", "repository"] : events,
    });

    public string Manifest(string? hook)
    {
        var manifest = new JsonObject
        {
            ["name"] = "Portal",
            ["url"] = "http://portal.test",
            ["redirect_url"] = "http://portal.test/created",
            ["setup_url"] = "http://portal.test/installed",
            ["callback_urls"] = new JsonArray("http://portal.test/signed-in"),
            ["public"] = false,
            ["default_permissions"] = new JsonObject([.. AllPermissions.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))]),
            ["default_events"] = new JsonArray("push", "pull_request"),
        };
        if (hook is not null)
        {
            manifest["hook_attributes"] = new JsonObject { ["url"] = hook };
        }
        return manifest.ToJsonString();
    }

    public GitHubClient Client(string? token = null)
    {
        var client = new GitHubClient(new ProductHeaderValue("portal"), GitHub.Url);
        if (token is not null)
        {
            client.Credentials = new Credentials(token, AuthenticationType.Bearer);
        }
        return client;
    }

    public async Task<string> TokenAsync(DoubleApp app, DoubleInstallation installation, string body = "{}")
    {
        var made = await Client(Jwt.Of(app, GitHub)).Connection.Post<InstallationTokenAnswer>(
            new Uri($"app/installations/{installation.Id}/access_tokens", UriKind.Relative), body, "application/vnd.github+json", "application/json");
        return made.Body.Token;
    }

    public DoubleBrowser Browser() => new(GitHub.Url);

    public async ValueTask DisposeAsync()
    {
        await GitHub.DisposeAsync();
        await Receiver.DisposeAsync();
        await _folder.DisposeAsync();
    }

    private sealed class InstallationTokenAnswer
    {
        public string Token { get; set; } = "";
    }
}

internal static class Jwt
{
    public static string Of(DoubleApp app, GitHubDouble github) => Of(app.Id.ToString(CultureInfo.InvariantCulture), app.PrivateKeyPem, github);

    public static string Of(string issuer, string pem, GitHubDouble github, int minutes = 9, int issuedAgo = 30)
    {
        var now = github.Now.ToUnixTimeSeconds();
        using var key = RSA.Create();
        key.ImportFromPem(pem);
        var signed = $"{Part("""{"alg":"RS256","typ":"JWT"}""")}.{Part($$"""{"iss":"{{issuer}}","iat":{{now - issuedAgo}},"exp":{{now + (minutes * 60)}}}""")}";
        return $"{signed}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    private static string Part(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}

internal sealed class TemporaryFolder : IAsyncDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("github-double-").FullName;

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Path, recursive: true);
        return ValueTask.CompletedTask;
    }
}

internal sealed record Got(string Event, string Delivery, string? Signature, byte[] Body)
{
    public JsonObject Json => JsonNode.Parse(Body)!.AsObject();

    public bool SignedBy(string secret) => Signature == $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Body))}";
}

/// <summary>Takes webhooks in, and answers as it is told.</summary>
internal sealed class HookReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<Got> _got = [];

    private HookReceiver(WebApplication app) => _app = app;

    public string Url { get; private set; } = "";

    public int Status { get; set; } = 202;

    /// <summary>Takes them and never answers.</summary>
    public bool Silent { get; set; }

    public IReadOnlyList<Got> Got
    {
        get
        {
            lock (_got)
            {
                return [.. _got];
            }
        }
    }

    public static async Task<HookReceiver> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var receiver = new HookReceiver(app);
        app.Run(receiver.TakeAsync);
        await app.StartAsync();
        receiver.Url = $"{app.Urls.Single()}/webhooks/github";
        return receiver;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var headers = http.Request.Headers;
        lock (_got)
        {
            _got.Add(new Got(headers["X-GitHub-Event"]!, headers["X-GitHub-Delivery"]!, headers["X-Hub-Signature-256"], body.ToArray()));
        }
        http.Response.StatusCode = Status;
        if (Silent)
        {
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }
}

internal sealed record DoublePage(int Status, string Location, string Text);

/// <summary>Fills in the only or the first form of a page and keeps cookies, as a person's browser does; follows no redirect.</summary>
internal sealed partial class DoubleBrowser(Uri root) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = root };

    public async Task<DoublePage> GetAsync(string path)
    {
        using var response = await _http.GetAsync(path);
        return await ReadAsync(response);
    }

    public async Task<DoublePage> PostFormAsync(string path, params (string Name, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        using var response = await _http.PostAsync(path, form);
        return await ReadAsync(response);
    }

    /// <summary>The hidden fields as the page has them, the others as given.</summary>
    public Task<DoublePage> SubmitAsync(DoublePage page, params (string Name, string Value)[] fields)
    {
        var action = WebUtility.HtmlDecode(Action().Match(page.Text).Groups[1].Value);
        var hidden = Hidden().Matches(page.Text).Select(m => (WebUtility.HtmlDecode(m.Groups[1].Value), WebUtility.HtmlDecode(m.Groups[2].Value)));
        return PostFormAsync(action, [.. hidden, .. fields]);
    }

    public void Dispose() => _http.Dispose();

    private static async Task<DoublePage> ReadAsync(HttpResponseMessage response) =>
        new((int)response.StatusCode, response.Headers.Location?.OriginalString ?? "", await response.Content.ReadAsStringAsync());

    [GeneratedRegex("<form method=\"post\" action=\"([^\"]*)\"")]
    private static partial Regex Action();

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\">")]
    private static partial Regex Hidden();
}
