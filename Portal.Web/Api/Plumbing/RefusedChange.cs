using System.Text.Json;
using Portal.Core.Audit;
using Portal.Core.Common;

namespace Portal.Web.Api.Plumbing;

/// <summary>A known actor tried a change without the right to it: the trail keeps that, within its bounds.</summary>
internal static class RefusedChange
{
    public static async Task RecordAsync(HttpContext context, Exception exception, ILogger logger)
    {
        var method = context.Request.Method;
        if (exception is not PortalException { Refusal: Refusal.Denied } denied || HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ||
            context.RequestServices.GetRequiredService<ApiActor>().Value is not { } actor)
        {
            return;
        }
        var route = context.Request.RouteValues;
        var name = context.GetEndpoint()?.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName ?? method;
        try
        {
            await context.RequestServices.GetRequiredService<AuditRefusals>().RecordAsync(actor, JsonNamingPolicy.KebabCaseLower.ConvertName(name), Target(route),
                route.GetValueOrDefault("team") as string, denied.Message, context.RequestAborted);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Nothing was changed, so the refusal itself must not fail for want of its record.
            logger.LogWarning(e, "A refused change could not be recorded");
        }
    }

    /// <summary>As the services name their targets: "shop/api production DATABASE_URL".</summary>
    private static string Target(RouteValueDictionary route)
    {
        var app = route.TryGetValue("team", out var team) ? route.TryGetValue("app", out var name) ? $"{team}/{name}" : $"{team}" : "portal";
        var rest = route.Where(r => r.Key is not ("team" or "app") && r.Value is not null).Select(r => r.Value!.ToString());
        return string.Join(' ', rest.Prepend(app));
    }
}
