using System.Text;
using Microsoft.AspNetCore.Http;

namespace Portal.Testing.GitHub;

/// <summary>From the Authorization header to who asks. To be called under the gate.</summary>
internal sealed class Authentication(DoubleState state)
{
    private const string Suspended = "This installation has been suspended";

    public (Caller Caller, Answer? Wrong) Of(HttpContext http)
    {
        var header = http.Request.Headers.Authorization.ToString();
        var (scheme, value) = header.Split(' ', 2) is [var s, var v] ? (s.ToLowerInvariant(), v.Trim()) : ("", "");
        return scheme switch
        {
            "bearer" or "token" => OfToken(value),
            "basic" when Password(value) is { Length: > 0 } password => OfToken(password),
            "" when header.Length == 0 => (Caller.Anonymous, null),
            _ => (Caller.Anonymous, Answer.Error(401, "Bad credentials")),
        };
    }

    /// <summary>git sends Basic only; the name before the token does not matter.</summary>
    public (Caller Caller, Answer? Wrong) OfGit(HttpContext http)
    {
        var (caller, wrong) = Of(http);
        return caller.Kind == CallerKind.App ? (Caller.Anonymous, Answer.Error(401, "Bad credentials")) : (caller, wrong);
    }

    private (Caller, Answer?) OfToken(string value)
    {
        if (value.Count(c => c == '.') == 2)
        {
            var (app, wrong) = AppJwt.Verify(value, state);
            return app is null ? (Caller.Anonymous, wrong) : (new Caller(CallerKind.App) { App = app }, null);
        }
        if (!state.Tokens.TryGetValue(value, out var token) || token.Expires <= state.Now)
        {
            return (Caller.Anonymous, Answer.Error(401, "Bad credentials"));
        }
        if (token.Kind != TokenKind.Installation)
        {
            return token.App is { IsDeleted: true }
                ? (Caller.Anonymous, Answer.Error(401, "Bad credentials"))
                : (new Caller(CallerKind.Person) { Token = token, Reach = Reach(token.App) }, null);
        }
        if (token.Installation!.IsDeleted || token.Installation.App.IsDeleted)
        {
            return (Caller.Anonymous, Answer.Error(401, "Bad credentials"));
        }
        var caller = new Caller(CallerKind.Installation) { Token = token };
        return token.Installation.IsSuspended ? (caller, Answer.Error(403, Suspended)) : (caller, null);
    }

    private List<DoubleInstallation> Reach(DoubleApp? app) =>
        app is null ? [] : [.. state.Installations.Values.Where(i => i.App == app && !i.IsDeleted && !i.IsSuspended)];

    private static string? Password(string base64)
    {
        try
        {
            var pair = Encoding.UTF8.GetString(Convert.FromBase64String(base64)).Split(':', 2);
            // "token:x-oauth-basic" and "token:" put it first.
            return pair is [var name, "x-oauth-basic" or ""] ? name : pair[^1];
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
