using Microsoft.AspNetCore.Http.Metadata;
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
        var here = endpoints.Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<ApiEndpoint>() is not null && Matches(e, context.Request.Path)).ToList();
        var methods = here.SelectMany(Methods).Distinct().Order(StringComparer.Ordinal).ToList();
        var status = StatusCodes.Status404NotFound;
        if (here.Any(e => e.Metadata.GetMetadata<IAcceptsMetadata>() is not null && Methods(e).Contains(context.Request.Method)))
        {
            var known = await current.GetAsync(context.RequestAborted) is not null;
            status = known ? StatusCodes.Status415UnsupportedMediaType : StatusCodes.Status401Unauthorized;
        }
        else if (methods.Count > 0 && !methods.Contains(context.Request.Method))
        {
            context.Response.Headers.Allow = string.Join(", ", methods);
            status = StatusCodes.Status405MethodNotAllowed;
        }
        context.Response.StatusCode = status;
    }

    private static IReadOnlyList<string> Methods(Endpoint endpoint) => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [];

    /// <summary>By shape only: whether a number is one is not asked.</summary>
    private static bool Matches(RouteEndpoint endpoint, PathString path) =>
        new TemplateMatcher(new RouteTemplate(endpoint.RoutePattern), []).TryMatch(path, []);
}
