using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Portal.Core.Common;
using Portal.Core.Releases;
using Yarp.ReverseProxy.Forwarder;

namespace Portal.Web.Gateway;

/// <summary>
/// The front door of every app. Stands before routing, authentication and static files, so that nothing of the portal
/// touches an app's requests and each costs as little as forwarding can.
/// </summary>
internal sealed class AppGateway(AppHosts hosts, HostTableHolder table, AppWaker waker, AppForwarder forwarder, GatewayMetrics metrics, PortalOptions options)
{
    public bool Handles(HttpContext context) => hosts.TryMatch(context.Request.Host.Value ?? "", out _);

    public async Task HandleAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMetricsTagsFeature>() is { } server)
        {
            // Counted here, per app; the web server's own measurements are of the portal.
            server.MetricsDisabled = true;
        }
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body)
        {
            body.MaxRequestBodySize = options.Limits.AppRequestBytes;
        }
        if (Enter(context) is not { } route)
        {
            metrics.Refused(Outcomes.Unknown);
            await AppPages.WriteAsync(context, AppPage.Unknown);
            return;
        }
        if (route is { TargetCount: 0, Row.State: RouteStates.Asleep })
        {
            table.Leave(route);
            route = await waker.WakeAsync(route, context.RequestAborted);
        }
        try
        {
            await ServeAsync(context, route);
        }
        finally
        {
            table.Leave(route);
        }
    }

    private AppRoute? Enter(HttpContext context) =>
        hosts.TryMatch(context.Request.Host.Value ?? "", out var label) ? table.Enter(label) : null;

    private async Task ServeAsync(HttpContext context, AppRoute route)
    {
        if (route.TargetCount == 0)
        {
            var page = AppPages.Of(route.Row.State);
            route.Traffic.Record(null, error: page.Status >= StatusCodes.Status500InternalServerError);
            metrics.Refused(Outcomes.NotServing);
            await AppPages.WriteAsync(context, page);
            return;
        }
        if (route.InFlight > options.Limits.AppRequestsInFlight)
        {
            route.Traffic.Record(null, error: true);
            metrics.Refused(Outcomes.Busy);
            await AppPages.WriteAsync(context, AppPage.Busy);
            return;
        }
        if (context.Request.ContentLength > options.Limits.AppRequestBytes)
        {
            metrics.Refused(Outcomes.TooLarge);
            await AppPages.WriteAsync(context, AppPage.TooLarge);
            return;
        }
        var started = Stopwatch.GetTimestamp();
        var error = await forwarder.SendAsync(context, route);
        var gone = context.RequestAborted.IsCancellationRequested;
        if (error != ForwarderError.None && !context.Response.HasStarted && !gone)
        {
            await AppPages.WriteAsync(context, Of(error, context));
        }
        TimeSpan? took = IsStream(context) ? null : Stopwatch.GetElapsedTime(started);
        route.Traffic.Record(took, error: !gone && context.Response.StatusCode >= StatusCodes.Status500InternalServerError);
        metrics.Forwarded(gone ? Outcomes.Gone : Outcomes.Of(error, context.Response.StatusCode), took);
    }

    private static AppPage Of(ForwarderError error, HttpContext context) => error switch
    {
        ForwarderError.RequestTimedOut => AppPage.Slow,
        // The client's own fault, e.g. a body over the limit; the forwarder has set what it was.
        ForwarderError.RequestBodyClient when context.Response.StatusCode == StatusCodes.Status413PayloadTooLarge => AppPage.TooLarge,
        _ => AppPage.NoAnswer,
    };

    private static bool IsStream(HttpContext context) =>
        context.Response.StatusCode == StatusCodes.Status101SwitchingProtocols
        || context.Response.ContentType?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) == true;
}
