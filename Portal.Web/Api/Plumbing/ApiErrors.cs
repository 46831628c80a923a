using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Core.Common;

namespace Portal.Web.Api.Plumbing;

/// <summary>
/// The outermost layer of the API: whatever happens below becomes one problem-details answer, and nothing of the
/// inside (types, stacks, SQL) is told.
/// </summary>
internal sealed class ApiErrors(RequestDelegate next, ILogger<ApiErrors> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null, ContentLength: null or 0 })
            {
                await ApiProblem.Of(context, context.Response.StatusCode).WriteAsync(context);
            }
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            // The caller went away; nobody reads an answer.
        }
        catch (Exception e)
        {
            var problem = Explain(context, e);
            await RefusedChange.RecordAsync(context, e, logger);
            if (problem.Status >= 500)
            {
                logger.LogError(e, "An API request failed: {Method} {Route}", context.Request.Method, RouteOf(context));
            }
            if (context.Response.HasStarted)
            {
                // A cut connection is the only way left to say that the stream is not complete.
                context.Abort();
                return;
            }
            Clear(context.Response);
            await problem.WriteAsync(context);
        }
    }

    private static ApiProblem Explain(HttpContext context, Exception exception) => exception switch
    {
        PortalException portal => ApiProblem.Of(portal.Refusal, portal.Message, portal.Errors),
        BadHttpRequestException bad => UnreadableRequest.Explain(context, bad),
        DbUpdateConcurrencyException => ApiProblem.Of(context, StatusCodes.Status412PreconditionFailed),
        NpgsqlException { IsTransient: true } or TimeoutException or DbUpdateException { InnerException: NpgsqlException { IsTransient: true } } or
            InvalidOperationException { InnerException: NpgsqlException { IsTransient: true } } =>
            ApiProblem.Of(Refusal.Unavailable, "The database is away for the moment; nothing was changed. Try again."),
        _ => ApiProblem.Of(context, StatusCodes.Status500InternalServerError),
    };

    private static string RouteOf(HttpContext context) => (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "(none)";

    /// <summary>Unlike <c>HttpResponse.Clear</c> keeps the security headers that were set on the way in.</summary>
    private static void Clear(HttpResponse response)
    {
        foreach (var header in new[] { "Content-Length", "Content-Type", "Location", "ETag", "Content-Disposition" })
        {
            response.Headers.Remove(header);
        }
        if (response.Body.CanSeek)
        {
            response.Body.SetLength(0);
        }
    }
}
