using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Web.Hosting;

/// <summary>What every request to the portal itself passes, and what the process tells about itself.</summary>
internal static class HostingSetup
{
    public static void AddPortalHosting(this WebApplicationBuilder builder, PortalOptions options)
    {
        var https = options.PublicUrl.StartsWith("https:", StringComparison.OrdinalIgnoreCase);
        builder.Services.AddProblemDetails();
        builder.Services.AddScoped<CspNonce>();
        builder.Services.AddSingleton<SchemaCheck>();
        builder.Services.AddSingleton<Readiness>();
        builder.Services.AddPortalRateLimits(options);
        builder.Services.AddAntiforgery(antiforgery =>
        {
            // A name of our own: an app may be an ASP.NET Core program with cookies of the default name.
            antiforgery.Cookie.Name = https ? "__Host-portal-form" : "portal-form";
            antiforgery.Cookie.Path = "/";
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            antiforgery.Cookie.SecurePolicy = https ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
        });
        builder.Services.AddPortalTelemetry("portal-web", builder.Configuration,
            traces => traces.AddAspNetCoreInstrumentation(web =>
            {
                web.Filter = context => !IsNoise(context.Request.Path);
                web.EnrichWithHttpRequest = (activity, _) => NameOnlyRoute(activity);
                web.EnrichWithHttpResponse = (activity, _) => NameOnlyRoute(activity);
            }),
            metrics => metrics.AddAspNetCoreInstrumentation().AddPrometheusExporter());
        AddForwardedHeaders(builder.Services, options);
    }

    /// <summary>Everything before the endpoints.</summary>
    public static void UsePortalHosting(this WebApplication app)
    {
        // A failure nobody foresaw ends as problem details, without a word about the inside.
        app.UseExceptionHandler();
        app.UseMiddleware<SecurityHeaders>();
        app.UseMiddleware<SameOrigin>();
        // An address that nothing answers is said on a page, not with an empty answer.
        app.UseWhen(context => WantsPage(context.Request), people => people.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true));
        app.UseRouting();
        app.UseRateLimiter();
    }

    /// <summary>What a client says of its own address is believed only when it comes through a proxy that was named.</summary>
    private static void AddForwardedHeaders(IServiceCollection services, PortalOptions options) =>
        services.Configure<ForwardedHeadersOptions>(forwarded =>
        {
            forwarded.ForwardedHeaders = options.TrustedProxies.Count == 0
                ? ForwardedHeaders.None
                : ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            forwarded.KnownIPNetworks.Clear();
            forwarded.KnownProxies.Clear();
            foreach (var proxy in options.TrustedProxies)
            {
                if (System.Net.IPNetwork.TryParse(proxy, out var network))
                {
                    forwarded.KnownIPNetworks.Add(network);
                }
                else if (IPAddress.TryParse(proxy, out var address))
                {
                    forwarded.KnownProxies.Add(address);
                }
            }
        });

    /// <summary>The path of an invitation holds its token, and an app's paths are its own: the route (http.route) names the door.</summary>
    private static void NameOnlyRoute(Activity activity) => activity.SetTag("url.path", null).SetTag("url.query", null);

    private static bool WantsPage(HttpRequest request) =>
        HttpMethods.IsGet(request.Method) && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
        && !request.Path.StartsWithSegments("/api") && !request.Path.StartsWithSegments("/git");

    private static bool IsNoise(PathString path) =>
        path.StartsWithSegments("/_blazor") || path.StartsWithSegments("/_framework") || path.StartsWithSegments("/healthz")
        || path.StartsWithSegments("/readyz") || path.StartsWithSegments("/metrics");
}
