using Portal.Core.Common;

namespace Portal.Web.Hosting;

/// <summary>
/// A browser may change something, or open a circuit, only from the portal's own pages. Apps answer on neighbouring host
/// names, which browsers call the same site, so that SameSite cookies alone do not keep them out.
/// Machines that bring their own proof (a token, a signature) are not browsers and are let through to it.
/// </summary>
internal sealed class SameOrigin(RequestDelegate next, PortalOptions options)
{
    private readonly string _publicOrigin = new Uri(options.PublicUrl).GetLeftPart(UriPartial.Authority);

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        var circuit = request.Path.StartsWithSegments("/_blazor");
        var guarded = circuit || (!IsSafe(request.Method) && !BringsOwnProof(request));
        if (!guarded || IsOurs(request, required: circuit && OpensWebSocket(request)))
        {
            return next(context);
        }
        return Results.Problem(statusCode: StatusCodes.Status403Forbidden, title: "This came from another site",
            detail: $"Portal accepts this only from its own pages. Open {options.PublicUrl} and try again.").ExecuteAsync(context);
    }

    private bool IsOurs(HttpRequest request, bool required)
    {
        var fetchSite = request.Headers["Sec-Fetch-Site"].ToString();
        if (fetchSite is not ("" or "same-origin" or "none"))
        {
            return false;
        }
        var origin = request.Headers.Origin.ToString();
        if (origin.Length == 0)
        {
            return !required;
        }
        return origin.Equals(_publicOrigin, StringComparison.OrdinalIgnoreCase)
            || origin.Equals($"{request.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Told by the request itself: the middleware that answers IsWebSocketRequest comes later. CONNECT is how HTTP/2 opens one.</summary>
    private static bool OpensWebSocket(HttpRequest request) =>
        request.Headers.Upgrade.ToString().Contains("websocket", StringComparison.OrdinalIgnoreCase) || HttpMethods.IsConnect(request.Method);

    private static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    private static bool BringsOwnProof(HttpRequest request) =>
        request.Headers.Authorization.Count > 0
        || RateLimits.IsMachineDoor(request.Path) || request.Path.StartsWithSegments("/git");
}
