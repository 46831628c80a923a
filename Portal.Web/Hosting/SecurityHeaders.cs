namespace Portal.Web.Hosting;

/// <summary>
/// Headers on every answer of the portal itself; answers of apps are their own. Inline styles are allowed because the
/// component library sets them; inline scripts only with this response's nonce.
/// </summary>
internal sealed class SecurityHeaders(RequestDelegate next)
{
    private const string OwnForms = "form-action 'self'";

    public Task InvokeAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        // What machines get is never a page.
        headers.ContentSecurityPolicy = RateLimits.IsMachineDoor(context.Request.Path)
            ? "default-src 'none'; frame-ancestors 'none'"
            : $"default-src 'self'; script-src 'self' 'nonce-{context.RequestServices.GetRequiredService<CspNonce>().Value}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
            + $"font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; {OwnForms}; object-src 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        // Not "no-referrer": with it browsers send "Origin: null" with forms, which SameOrigin refuses.
        headers["Referrer-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (context.Request.IsHttps)
        {
            headers.StrictTransportSecurity = "max-age=31536000";
        }
        return next(context);
    }

    /// <summary>Lets the forms of this one answer be sent to another site too, which an admin named.</summary>
    /// <param name="origin">Scheme, host and port.</param>
    public static void AllowFormsTo(HttpResponse response, string origin) =>
        response.Headers.ContentSecurityPolicy = response.Headers.ContentSecurityPolicy.ToString().Replace(OwnForms, $"{OwnForms} {origin}", StringComparison.Ordinal);
}
