using Microsoft.Extensions.Primitives;

namespace Portal.Web.Gateway;

/// <summary>
/// What an app must not be told by a stranger: headers that only Portal sends, cookies that are Portal's own (on the
/// embedded default apps are neighbours of its host name), and where the request came from.
/// </summary>
internal static class RequestCleaning
{
    private const string PortalHeader = "portal-";

    public static void Clean(HttpContext context)
    {
        var request = context.Request;
        var headers = request.Headers;
        List<string>? own = null;
        foreach (var header in headers)
        {
            if (header.Key.StartsWith(PortalHeader, StringComparison.OrdinalIgnoreCase))
            {
                (own ??= []).Add(header.Key);
            }
        }
        foreach (var name in own ?? [])
        {
            headers.Remove(name);
        }
        if (headers.Cookie is { Count: > 0 } cookies && cookies.ToString().Contains("portal", StringComparison.Ordinal))
        {
            headers.Cookie = WithoutPortals(cookies);
        }
        headers.Remove("Forwarded");
        headers.Remove("X-Real-IP");
        headers["X-Forwarded-For"] = context.Connection.RemoteIpAddress?.ToString();
        headers["X-Forwarded-Proto"] = request.Scheme;
        headers["X-Forwarded-Host"] = request.Host.Value;
    }

    private static StringValues WithoutPortals(StringValues cookies)
    {
        var kept = cookies.SelectMany(line => (line ?? "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .Where(cookie => !IsPortals(cookie));
        return string.Join("; ", kept) is { Length: > 0 } rest ? rest : StringValues.Empty;
    }

    /// <summary><c>portal</c>, its parts <c>portalC1</c> … and <c>portal-form</c>, with and without the prefix of https.</summary>
    private static bool IsPortals(string cookie)
    {
        var name = cookie.AsSpan();
        name = name[..(name.IndexOf('=') is var equals and >= 0 ? equals : name.Length)].TrimEnd();
        if (name.StartsWith("__Host-"))
        {
            name = name["__Host-".Length..];
        }
        if (!name.StartsWith("portal"))
        {
            return false;
        }
        var rest = name["portal".Length..];
        return rest.IsEmpty || rest[0] is '-' or '.' || (rest.Length > 1 && rest[0] == 'C' && char.IsAsciiDigit(rest[1]));
    }
}
