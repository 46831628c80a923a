using Microsoft.AspNetCore.Routing.Template;

namespace Portal.Web.Api.Plumbing;

/// <summary>
/// Answers below <c>/api</c> that no endpoint takes. Without it the pages' <c>/{team}/{app}</c> would; because it takes
/// every method, it also has to find out itself whether only the method was wrong.
/// </summary>
internal static class UnknownAddress
{
    public static void MapUnknownAddress(this IEndpointRouteBuilder routes) =>
        routes.Map("/api/{**rest}", Answer).ExcludeFromDescription();

    private static void Answer(HttpContext context, EndpointDataSource endpoints)
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
        context.Response.Headers.Allow = string.Join(", ", methods);
        context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
    }

    private static bool Matches(RouteEndpoint endpoint, PathString path) =>
        new TemplateMatcher(new RouteTemplate(endpoint.RoutePattern), []).TryMatch(path, []);
}
