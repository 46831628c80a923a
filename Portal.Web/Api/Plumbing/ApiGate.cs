using Microsoft.AspNetCore.Http.Features;
using Portal.Core.Common;
using Portal.Web.Auth;

namespace Portal.Web.Api.Plumbing;

/// <summary>The actor of the API request that is being answered; set by <see cref="ApiGate"/> before anything is read.</summary>
internal sealed class ApiActor
{
    public Actor? Value { get; set; }
}

/// <summary>Marks the endpoints of the REST API, which need an actor.</summary>
internal sealed class ApiEndpoint;

/// <summary>Who is asking, and how much. Runs before the body is read, so that a stranger's bytes are never parsed.</summary>
internal sealed class ApiGate(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context, ICurrentActor current, ApiActor holder)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = ApiLimits.BodyBytes;
        }
        // Not found, wrong method, wrong media type: told to anybody. /api itself and the description are public.
        if (context.GetEndpoint()?.Metadata.GetMetadata<ApiEndpoint>() is not null)
        {
            // A browser sends the sign-in cookie along with requests that other sites start; those may at most read.
            var mayUseCookie = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
            holder.Value = mayUseCookie || context.Request.Headers.Authorization.Count > 0 ? await current.GetAsync(context.RequestAborted) : null;
            if (holder.Value is null)
            {
                await ApiProblem.Of(context, StatusCodes.Status401Unauthorized).WriteAsync(context);
                return;
            }
        }
        await next(context);
    }
}
