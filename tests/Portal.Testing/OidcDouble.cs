using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Portal.Testing;

/// <summary>Who the double says is there.</summary>
public sealed record OidcPerson(string Subject, string? Email = null, bool? EmailVerified = true, string? Name = null);

/// <summary>
/// An OpenID Connect provider on a port of this machine: description, keys, a page that asks nobody and sends back at
/// once, tokens for a code with its PKCE proof, who that is. It is strict with the client (registered address, secret,
/// verifier, a code once) and lies in the id_token where a test asks it to.
/// </summary>
/// <remarks>
/// What it does not do: refresh tokens, other flows than the code's, encrypted tokens, several keys, sign-out, pushed
/// authorization requests, client registration, consent. Its tokens end after five minutes by the machine's clock.
/// </remarks>
public sealed class OidcDouble : IAsyncDisposable
{
    public const string ClientId = "portal";
    public const string ClientSecret = "a secret of the double";

    private const string KeyId = "one";
    private readonly WebApplication _app;
    private readonly RSA _key = RSA.Create(2048);
    private readonly RSA _wrongKey = RSA.Create(2048);
    private readonly ConcurrentDictionary<string, (OidcPerson Person, string? Nonce, string? Challenge, string Redirect)> _codes = new();
    private readonly ConcurrentDictionary<string, OidcPerson> _tokens = new();

    private OidcDouble(WebApplication app) => _app = app;

    /// <summary>Without a slash at its end.</summary>
    public string Authority { get; private set; } = "";

    public OidcPerson Person { get; set; } = new("somebody");

    /// <summary>Where people may be sent back to; others get a refusal that goes nowhere.</summary>
    public string? RegisteredRedirect { get; set; }

    /// <summary>Changes the claims of the id_token before it is signed.</summary>
    public Action<JsonObject>? Lie { get; set; }

    /// <summary>Signs with a key that is not among the published ones.</summary>
    public bool SignsWithAnotherKey { get; set; }

    /// <summary>The id_token says only who it is; name and e-mail address are at the userinfo endpoint.</summary>
    public bool ThinTokens { get; set; }

    /// <summary>Answers nothing but 503.</summary>
    public bool IsDown { get; set; }

    /// <summary>Sends people back with this error instead of a code.</summary>
    public string? Refusal { get; set; }

    public static async Task<OidcDouble> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        var oidc = new OidcDouble(app);
        app.Use((context, next) =>
        {
            if (oidc.IsDown)
            {
                context.Response.StatusCode = 503;
                return Task.CompletedTask;
            }
            return next(context);
        });
        app.UseRouting();
        app.MapMethods("/.well-known/openid-configuration", ["GET"], oidc.DescribeAsync);
        app.MapMethods("/keys", ["GET"], oidc.KeysAsync);
        app.MapMethods("/authorize", ["GET"], oidc.AuthorizeAsync);
        app.MapMethods("/token", ["POST"], oidc.TokenAsync);
        app.MapMethods("/userinfo", ["GET"], oidc.UserInfoAsync);
        await app.StartAsync();
        oidc.Authority = $"http://127.0.0.1:{new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port}";
        return oidc;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _key.Dispose();
        _wrongKey.Dispose();
    }

    private Task DescribeAsync(HttpContext http) => WriteAsync(http, new JsonObject
    {
        ["issuer"] = Authority,
        ["authorization_endpoint"] = $"{Authority}/authorize",
        ["token_endpoint"] = $"{Authority}/token",
        ["userinfo_endpoint"] = $"{Authority}/userinfo",
        ["jwks_uri"] = $"{Authority}/keys",
        ["response_types_supported"] = new JsonArray("code"),
        ["subject_types_supported"] = new JsonArray("public"),
        ["id_token_signing_alg_values_supported"] = new JsonArray("RS256"),
        ["code_challenge_methods_supported"] = new JsonArray("S256"),
    });

    private Task KeysAsync(HttpContext http)
    {
        var key = _key.ExportParameters(false);
        return WriteAsync(http, new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject { ["kty"] = "RSA", ["use"] = "sig", ["alg"] = "RS256", ["kid"] = KeyId, ["n"] = Base64Url.EncodeToString(key.Modulus), ["e"] = Base64Url.EncodeToString(key.Exponent) }),
        });
    }

    private Task AuthorizeAsync(HttpContext http)
    {
        var query = http.Request.Query;
        var redirect = query["redirect_uri"].ToString();
        if (query["client_id"] != ClientId || redirect != RegisteredRedirect || query["response_type"] != "code" || query["code_challenge_method"] != "S256" || !$"{query["scope"]}".Split(' ').Contains("openid"))
        {
            return WriteAsync(http, new JsonObject { ["error"] = "invalid_request" }, 400);
        }
        var code = RandomNumberGenerator.GetHexString(32);
        _codes[code] = (Person, query["nonce"], query["code_challenge"], redirect);
        var answer = Refusal is null ? $"code={code}" : $"error={Uri.EscapeDataString(Refusal)}&error_description={Uri.EscapeDataString("<b>as the provider says it</b>")}";
        http.Response.Redirect($"{redirect}?{answer}&state={Uri.EscapeDataString(query["state"].ToString())}");
        return Task.CompletedTask;
    }

    private async Task TokenAsync(HttpContext http)
    {
        var form = await http.Request.ReadFormAsync();
        var proven = form["client_id"] == ClientId && form["client_secret"] == ClientSecret && form["grant_type"] == "authorization_code";
        if (!proven || !_codes.TryRemove(form["code"].ToString(), out var kept) || kept.Redirect != form["redirect_uri"]
            || kept.Challenge != Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))))
        {
            await WriteAsync(http, new JsonObject { ["error"] = proven ? "invalid_grant" : "invalid_client" }, 400);
            return;
        }
        var token = RandomNumberGenerator.GetHexString(32);
        _tokens[token] = kept.Person;
        await WriteAsync(http, new JsonObject { ["access_token"] = token, ["token_type"] = "Bearer", ["expires_in"] = 300, ["id_token"] = IdToken(kept.Person, kept.Nonce) });
    }

    private Task UserInfoAsync(HttpContext http) => http.Request.Headers.Authorization.ToString() is ['B', 'e', 'a', 'r', 'e', 'r', ' ', .. var token] && _tokens.TryGetValue(token, out var person)
        ? WriteAsync(http, Describe(person))
        : WriteAsync(http, new JsonObject { ["error"] = "invalid_token" }, 401);

    private string IdToken(OidcPerson person, string? nonce)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var claims = ThinTokens ? new JsonObject { ["sub"] = person.Subject } : Describe(person);
        (claims["iss"], claims["aud"], claims["iat"], claims["exp"], claims["nonce"]) = (Authority, ClientId, now, now + 300, nonce);
        Lie?.Invoke(claims);
        var header = new JsonObject { ["alg"] = "RS256", ["kid"] = KeyId, ["typ"] = "JWT" };
        var signed = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header.ToJsonString()))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims.ToJsonString()))}";
        var signature = (SignsWithAnotherKey ? _wrongKey : _key).SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{signed}.{Base64Url.EncodeToString(signature)}";
    }

    private static JsonObject Describe(OidcPerson person)
    {
        var claims = new JsonObject { ["sub"] = person.Subject };
        if (person.Name is not null)
        {
            claims["name"] = person.Name;
        }
        if (person.Email is not null)
        {
            claims["email"] = person.Email;
            if (person.EmailVerified is { } verified)
            {
                claims["email_verified"] = verified;
            }
        }
        return claims;
    }

    private static Task WriteAsync(HttpContext http, JsonObject answer, int status = 200)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(answer.ToJsonString());
    }
}
