using System.Net;
using Microsoft.AspNetCore.Http;

namespace Portal.Testing.GitHub;

/// <summary>Pages that a browser test can click: plain forms, labels and buttons with GitHub's words.</summary>
internal static class Html
{
    private const string SessionCookie = "user_session";

    public static string Encode(string? text) => WebUtility.HtmlEncode(text ?? "");

    public static string Hidden(string name, string? value) => value is null ? "" : $"<input type=\"hidden\" name=\"{Encode(name)}\" value=\"{Encode(value)}\">";

    public static async Task PageAsync(HttpContext http, string title, string body, int status = 200)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/html; charset=utf-8";
        await http.Response.WriteAsync(
            $"<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{Encode(title)}</title></head><body><h1>{Encode(title)}</h1>{body}</body></html>");
    }

    public static Task NotFoundAsync(HttpContext http) => PageAsync(http, "Page not found", "<p>This is not the web page you are looking for.</p>", 404);

    /// <summary>Who has signed in: <c>?login=</c>, which the browser keeps, else whoever is set, else the first person.</summary>
    public static DoubleAccount? Person(GitHubDouble github, HttpContext http)
    {
        lock (github.State.Gate)
        {
            if (http.Request.Query["login"].ToString() is { Length: > 0 } login && github.State.Account(login) is { IsOrganization: false } chosen)
            {
                http.Response.Cookies.Append(SessionCookie, chosen.Login, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Lax });
                return chosen;
            }
            return github.State.Account(http.Request.Cookies[SessionCookie] ?? "")
                ?? github.SignedIn
                ?? github.State.Accounts.Find(a => a.Kind == AccountKind.User);
        }
    }

    /// <summary>An address with more in its query.</summary>
    public static string Link(string url, params (string Name, string? Value)[] query)
    {
        var more = string.Join('&', query.Where(q => q.Value is not null).Select(q => $"{q.Name}={Uri.EscapeDataString(q.Value!)}"));
        return more.Length == 0 ? url : $"{url}{(url.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{more}";
    }
}
