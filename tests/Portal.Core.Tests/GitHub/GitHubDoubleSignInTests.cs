using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Octokit;
using Portal.Testing.GitHub;

namespace Portal.Core.Tests.GitHub;

/// <summary>Signing in with GitHub at the double.</summary>
public sealed class GitHubDoubleSignInTests : IAsyncLifetime
{
    private const string Callback = "http://portal.test/signed-in";
    private const string Verifier = "a-verifier-that-is-long-enough-to-be-one-0123456789";
    private DoubleBench _bench = null!;
    private DoubleApp _app = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bench = await DoubleBench.StartAsync();
        _app = _bench.GitHub.AddApp("acme", "Portal", new AppManifest
        {
            Url = "http://portal.test",
            HookUrl = _bench.Receiver.Url,
            CallbackUrls = [Callback],
            Permissions = new Dictionary<string, string> { ["contents"] = "read", ["emails"] = "read" },
        });
    }

    public async ValueTask DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task A_person_agrees_once_and_the_token_says_who_that_is()
    {
        using var browser = _bench.Browser();
        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));
        var address = $"login/oauth/authorize?client_id={_app.ClientId}&redirect_uri={Uri.EscapeDataString(Callback)}&state=s1&code_challenge={challenge}&code_challenge_method=S256&login=grace";
        var page = await browser.GetAsync(address);
        Assert.Contains("Authorize Portal", page.Text, StringComparison.Ordinal);
        var back = await browser.SubmitAsync(page, ("authorize", "1"));
        Assert.StartsWith($"{Callback}?code=", back.Location, StringComparison.Ordinal);
        Assert.EndsWith("&state=s1", back.Location, StringComparison.Ordinal);

        Assert.Equal("bad_verification_code", (string?)(await ExchangeAsync(Code(back), "another"))["error"]);
        // That attempt has used the code up; the person is not asked a second time.
        var again = await browser.GetAsync(address);
        var granted = await ExchangeAsync(Code(again), Verifier);
        Assert.Equal("bad_verification_code", (string?)(await ExchangeAsync(Code(again), Verifier))["error"]);
        var client = _bench.Client((string)granted["access_token"]!);
        var user = await client.User.Current();
        Assert.Equal(("grace", null), (user.Login, user.Email));
        Assert.Equal("grace@example.com", (await client.User.Email.GetAll()).Single(e => e.Primary).Email);

        await _bench.GitHub.RevokeAuthorizationAsync(_app, "grace");
        await Assert.ThrowsAsync<AuthorizationException>(() => client.User.Current());
        await _bench.GitHub.Deliveries.SettledAsync(Token);
        Assert.Equal("github_app_authorization", _bench.Receiver.Got[^1].Event);
    }

    [Fact]
    public async Task A_person_reaches_what_both_the_person_and_the_app_reach()
    {
        var github = _bench.GitHub;
        var installation = await github.InstallAsync(_app, "acme", _bench.Repository);
        github.AddRepository("acme", "other");
        Assert.Equal([installation.Id], (await As("ada").GitHubApps.GetAllInstallationsForCurrentUser()).Installations.Select(i => i.Id));
        Assert.Empty((await As("grace").GitHubApps.GetAllInstallationsForCurrentUser()).Installations);
        await Assert.ThrowsAsync<NotFoundException>(() => As("grace").Repository.Get("acme", "shop"));
        await As("ada").Repository.Get("acme", "shop");
        await Assert.ThrowsAsync<NotFoundException>(() => As("ada").Repository.Get("acme", "other"));
    }

    [Fact]
    public async Task An_address_that_is_not_registered_gets_no_code()
    {
        using var browser = _bench.Browser();
        var page = await browser.GetAsync($"login/oauth/authorize?client_id={_app.ClientId}&redirect_uri=http://evil.test/");
        Assert.Equal((400, ""), (page.Status, page.Location));
        Assert.Equal("incorrect_client_credentials", (string?)(await ExchangeAsync("x", "", secret: "wrong"))["error"]);
    }

    private GitHubClient As(string login) => _bench.Client(_bench.GitHub.CreateUserToken(_app, login));

    private static string Code(DoublePage page) => page.Location.Split("code=")[1].Split('&')[0];

    private async Task<JsonObject> ExchangeAsync(string code, string verifier, string? secret = null)
    {
        using var http = new HttpClient { BaseAddress = _bench.GitHub.Url };
        http.DefaultRequestHeaders.Accept.ParseAdd("application/json");
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["client_id"] = _app.ClientId,
            ["client_secret"] = secret ?? _app.ClientSecret,
            ["code"] = code,
            ["redirect_uri"] = Callback,
            ["code_verifier"] = verifier,
        });
        using var response = await http.PostAsync("login/oauth/access_token", form, Token);
        Assert.True(response.IsSuccessStatusCode);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!.AsObject();
    }
}
