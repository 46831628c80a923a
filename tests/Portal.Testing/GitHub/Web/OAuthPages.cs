using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Portal.Testing.GitHub;

/// <summary>Signing in with GitHub through an app's client id: the question, the code, the person's token.</summary>
internal sealed class OAuthPages(GitHubDouble github)
{
    private const int TokenSeconds = 28_800;
    private const int RefreshSeconds = 15_897_600;

    private readonly Dictionary<string, (DoubleApp App, DoubleAccount Person)> _refresh = [];

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/login/oauth/authorize", ["GET"], AskAsync);
        routes.MapMethods("/login/oauth/authorize", ["POST"], AgreeAsync);
        routes.MapMethods("/login/oauth/access_token", ["POST"], TokenAsync);
        routes.MapMethods("/api/v3/applications/{client}/token", ["DELETE"], GiveBackAsync);
    }

    private async Task AskAsync(HttpContext http)
    {
        if (Find(http.Request.Query["client_id"].ToString()) is not { } app || Html.Person(github, http) is not { } person)
        {
            await Html.NotFoundAsync(http);
            return;
        }
        var query = http.Request.Query;
        if (Redirect(app, query["redirect_uri"].ToString()) is not { } redirect)
        {
            // Not to the address itself: it may be somebody else's.
            await Html.PageAsync(http, "Be careful!", "<p>The <code>redirect_uri</code> is not associated with this application.</p>", 400);
            return;
        }
        if (github.HasAuthorized(app, person) && query["prompt"] != "select_account")
        {
            Back(http, app, person, redirect, name => query[name].ToString());
            return;
        }
        await Html.PageAsync(http, $"Authorize {app.Name}",
            $"""
            <form method="post" action="/login/oauth/authorize">
            {Html.Hidden("client_id", app.ClientId)}{Html.Hidden("redirect_uri", redirect)}{string.Concat(new[] { "state", "scope", "code_challenge", "code_challenge_method" }.Select(n => Html.Hidden(n, query[n].ToString())))}
            <button type="submit" name="authorize" value="1">Authorize {Html.Encode(app.Name)}</button>
            <button type="submit" name="authorize" value="0">Cancel</button>
            </form>
            """);
    }

    private async Task AgreeAsync(HttpContext http)
    {
        var form = await http.Request.ReadFormAsync();
        if (Find(form["client_id"].ToString()) is not { } app || Html.Person(github, http) is not { } person || Redirect(app, form["redirect_uri"].ToString()) is not { } redirect)
        {
            await Html.NotFoundAsync(http);
            return;
        }
        if (form["authorize"] == "0")
        {
            http.Response.Redirect(Html.Link(redirect, ("error", "access_denied"), ("error_description", "The user has denied your application access."), ("state", form["state"])));
            return;
        }
        github.Authorize(app, person);
        Back(http, app, person, redirect, name => form[name].ToString());
    }

    private void Back(HttpContext http, DoubleApp app, DoubleAccount person, string redirect, Func<string, string> field)
    {
        var challenge = field("code_challenge") is { Length: > 0 } given ? given : null;
        var code = github.AddOAuthCode(app, person, redirect, challenge, field("scope"));
        http.Response.Redirect(Html.Link(redirect, ("code", code), ("state", field("state") is { Length: > 0 } state ? state : null)));
    }

    /// <summary>Errors come with 200, as GitHub sends them.</summary>
    private async Task TokenAsync(HttpContext http)
    {
        var fields = await FieldsAsync(http);
        string Field(string name) => fields.GetValueOrDefault(name, "");
        var app = Find(Field("client_id"));
        var answer = app is null || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(app.ClientSecret), Encoding.UTF8.GetBytes(Field("client_secret")))
            ? Error("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect.")
            : Field("grant_type") == "refresh_token" ? Refresh(app, Field("refresh_token")) : Exchange(app, Field);
        if (http.Request.Headers.Accept.ToString().Contains("json", StringComparison.Ordinal))
        {
            await new Answer(200, answer).WriteAsync(http, new Answer(200, answer).Bytes());
            return;
        }
        http.Response.ContentType = "application/x-www-form-urlencoded; charset=utf-8";
        await http.Response.WriteAsync(string.Join('&', answer.Select(a => $"{a.Key}={Uri.EscapeDataString(a.Value?.ToString() ?? "")}")));
    }

    /// <summary>The app proves itself with its client id and secret, and the token ends.</summary>
    private async Task GiveBackAsync(HttpContext http)
    {
        var app = Find((string)http.Request.RouteValues["client"]!);
        var proof = app is null ? null : $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{app.ClientId}:{app.ClientSecret}"))}";
        var token = (string?)(await JsonNode.ParseAsync(http.Request.Body))?["access_token"];
        http.Response.StatusCode = proof is null || http.Request.Headers.Authorization != proof ? 404 : token is not null && github.EndUserToken(app!, token) ? 204 : 422;
    }

    private JsonObject Exchange(DoubleApp app, Func<string, string> field)
    {
        if (github.TakeOAuthCode(field("code")) is not { } code || code.App != app)
        {
            return Error("bad_verification_code", "The code passed is incorrect or expired.");
        }
        if (field("redirect_uri") is { Length: > 0 } redirect && redirect != code.Redirect)
        {
            return Error("redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL for this application.");
        }
        if (code.Challenge is not null && Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(field("code_verifier")))) != code.Challenge)
        {
            return Error("bad_verification_code", "The code passed is incorrect or expired.");
        }
        return Grant(app, code.Person);
    }

    private JsonObject Refresh(DoubleApp app, string token)
    {
        lock (_refresh)
        {
            if (!_refresh.Remove(token, out var kept) || kept.App != app)
            {
                return Error("bad_refresh_token", "The refresh token passed is incorrect or expired.");
            }
            return Grant(app, kept.Person);
        }
    }

    private JsonObject Grant(DoubleApp app, DoubleAccount person)
    {
        var refresh = $"ghr_{Tokens.Random(76)}";
        lock (_refresh)
        {
            _refresh.Add(refresh, (app, person));
        }
        return new JsonObject
        {
            ["access_token"] = github.CreateUserToken(app, person, TimeSpan.FromSeconds(TokenSeconds)),
            ["expires_in"] = TokenSeconds,
            ["refresh_token"] = refresh,
            ["refresh_token_expires_in"] = RefreshSeconds,
            ["token_type"] = "bearer",
            // An app's permissions decide, whatever scope was asked for.
            ["scope"] = "",
        };
    }

    private static async Task<Dictionary<string, string>> FieldsAsync(HttpContext http)
    {
        if (http.Request.HasFormContentType)
        {
            return (await http.Request.ReadFormAsync()).ToDictionary(f => f.Key, f => f.Value.ToString());
        }
        var query = http.Request.Query.ToDictionary(f => f.Key, f => f.Value.ToString());
        try
        {
            return http.Request.ContentType?.Contains("json", StringComparison.Ordinal) == true && await JsonNode.ParseAsync(http.Request.Body) is JsonObject json
                ? json.ToDictionary(f => f.Key, f => f.Value?.ToString() ?? "")
                : query;
        }
        catch (JsonException)
        {
            return query;
        }
    }

    private static JsonObject Error(string error, string description) => new()
    {
        ["error"] = error,
        ["error_description"] = description,
        ["error_uri"] = "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/",
    };

    private static string? Redirect(DoubleApp app, string asked) =>
        asked.Length == 0 ? app.Manifest.CallbackUrls.FirstOrDefault() : app.Manifest.CallbackUrls.Contains(asked) ? asked : null;

    private DoubleApp? Find(string clientId)
    {
        lock (github.State.Gate)
        {
            return github.State.Apps.Values.FirstOrDefault(a => !a.IsDeleted && a.ClientId == clientId);
        }
    }
}
