using Microsoft.AspNetCore.Routing.Template;
using Portal.Web.Auth;

namespace Portal.Web.Api.Plumbing;

/// <summary>
/// Answers below <c>/api</c> that no endpoint takes. Without it the pages' <c>/{team}/{app}</c> would; because it takes
/// every method and media type, it also has to find out itself whether only one of those was wrong.
/// </summary>
internal static class UnknownAddress
{
    public static void MapUnknownAddress(this IEndpointRouteBuilder routes) =>
        routes.Map("/api/{**rest}", AnswerAsync).ExcludeFromDescription();

    private static async Task AnswerAsync(HttpContext context, EndpointDataSource endpoints, ICurrentActor current)
    {
        var methods = endpoints.Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<ApiEndpoint>() is not null && Matches(e, context.Request.Path))
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [])
            .Distinct().Order(StringComparer.Ordinal).ToList();
        if (methods.Count == 0)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        if (methods.Contains(context.Request.Method))
        {
            var known = await current.GetAsync(context.RequestAborted) is not null;
            context.Response.StatusCode = known ? StatusCodes.Status415UnsupportedMediaType : StatusCodes.Status401Unauthorized;
            return;
        }
        context.Response.Headers.Allow = string.Join(", ", methods);
        context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
    }

    private static bool Matches(RouteEndpoint endpoint, PathString path) =>
        new TemplateMatcher(new RouteTemplate(endpoint.RoutePattern), []).TryMatch(path, []);
}
