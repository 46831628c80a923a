using System.Globalization;
using System.Text;
using System.Text.Json;
using Portal.Core.Releases;

namespace Portal.Web.Gateway;

/// <summary>Writes the gateway's own pages: complete in themselves, without script, in the reader's light or dark.</summary>
internal static class AppPages
{
    public static AppPage Of(string state) => state switch
    {
        RouteStates.Starting or RouteStates.Asleep => AppPage.Starting,
        RouteStates.NothingDeployed => AppPage.NothingDeployed,
        _ => AppPage.Down,
    };

    public static async Task WriteAsync(HttpContext context, AppPage page)
    {
        var response = context.Response;
        response.Clear();
        response.StatusCode = page.Status;
        response.Headers.CacheControl = "no-store";
        response.Headers["Portal-Page"] = "gateway";
        if (page.RetryAfter is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }
        byte[] body;
        if (WantsJson(context.Request))
        {
            response.ContentType = "application/problem+json";
            body = JsonSerializer.SerializeToUtf8Bytes(new { type = "about:blank", title = page.Title, status = page.Status, detail = page.Detail });
        }
        else
        {
            response.ContentType = "text/html; charset=utf-8";
            response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
            response.Headers.XContentTypeOptions = "nosniff";
            body = Encoding.UTF8.GetBytes(Html(page));
        }
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body, context.RequestAborted);
        }
    }

    private static bool WantsJson(HttpRequest request)
    {
        var accept = request.Headers.Accept.ToString();
        return accept.Contains("json", StringComparison.OrdinalIgnoreCase) && !accept.Contains("html", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Texts are constants: nothing of the request is shown.</summary>
    private static string Html(AppPage page) => $$"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        {{(page.Reloads ? $"<meta http-equiv=\"refresh\" content=\"{page.RetryAfter}\">" : "")}}
        <title>{{page.Title}}</title>
        <style>
        :root { --back: #fafafa; --text: #18181b; --muted: #5b5b66 }
        @media (prefers-color-scheme: dark) { :root { --back: #0f1012; --text: #edeef0; --muted: #a0a5ad } }
        body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--back); color: var(--text); font: 16px/24px system-ui, sans-serif }
        main { max-width: 440px; padding: 24px }
        h1 { margin: 0 0 8px; font-size: 28px; line-height: 36px; font-weight: 600 }
        p { margin: 0; color: var(--muted) }
        small { display: block; margin-top: 24px; color: var(--muted) }
        </style>
        </head>
        <body><main><h1>{{page.Title}}</h1><p>{{page.Detail}}</p><small>{{page.Status}} · Portal</small></main></body>
        </html>

        """;
}
