using System.Text.Json;
using System.Text.Json.Serialization;
using Portal.Core.Common;

namespace Portal.Web.Api.Plumbing;

/// <summary>An error as every door for machines answers it: RFC 9457, content type <c>application/problem+json</c>.</summary>
/// <param name="Type">Stable for programs: <c>urn:portal:problem:changed</c>.</param>
/// <param name="Title">Names the kind of problem in a few words.</param>
/// <param name="Status">The HTTP status again.</param>
/// <param name="Detail">What is wrong this time and what to do, a plain sentence.</param>
/// <param name="Errors">Sentences by the field they are about, where there are any.</param>
internal sealed record ApiProblem(string Type, string Title, int Status, string Detail,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, string[]>? Errors = null)
{
    public const string ContentType = "application/problem+json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = ApiJson.Encoder };

    public static ApiProblem Of(Refusal refusal, string detail, IReadOnlyDictionary<string, string[]>? errors = null)
    {
        var (status, name, title) = refusal switch
        {
            Refusal.Invalid => (StatusCodes.Status400BadRequest, "invalid", "The request is not valid"),
            Refusal.Unauthenticated => (StatusCodes.Status401Unauthorized, "unauthenticated", "Sign in first"),
            Refusal.Denied => (StatusCodes.Status403Forbidden, "denied", "Not allowed"),
            Refusal.NotFound => (StatusCodes.Status404NotFound, "not-found", "Not found"),
            Refusal.Conflict => (StatusCodes.Status409Conflict, "conflict", "Not possible now"),
            Refusal.Changed => (StatusCodes.Status412PreconditionFailed, "changed", "Changed by somebody else"),
            Refusal.TooLarge => (StatusCodes.Status413PayloadTooLarge, "too-large", "Too large"),
            Refusal.TooMany => (StatusCodes.Status429TooManyRequests, "too-many", "Too many requests"),
            Refusal.Unavailable => (StatusCodes.Status503ServiceUnavailable, "unavailable", "Away for the moment"),
            _ => (StatusCodes.Status500InternalServerError, "internal", "Something went wrong"),
        };
        return new ApiProblem($"urn:portal:problem:{name}", title, status, detail, errors is { Count: > 0 } ? errors : null);
    }

    /// <summary>For an answer that the framework left without a body.</summary>
    public static ApiProblem Of(HttpContext context, int status) => status switch
    {
        400 => Of(Refusal.Invalid, "The request could not be read."),
        401 => Of(Refusal.Unauthenticated, "Send “Authorization: Bearer” with an API token; make one under Me → API tokens."),
        403 => Of(Refusal.Denied, "This is not allowed."),
        404 => Of(Refusal.NotFound, "There is nothing at this address. /api lists what there is."),
        405 => Other(status, "method-not-allowed", "Method not allowed", context.Response.Headers.Allow is { Count: > 0 } allow
            ? $"This address does not take {context.Request.Method}, but {allow}." : $"This address does not take {context.Request.Method}."),
        409 => Of(Refusal.Conflict, "This is not possible now."),
        412 => Of(Refusal.Changed, "It was changed since it was read; read it again."),
        413 => Of(Refusal.TooLarge, $"A request may have at most {ApiLimits.BodyBytes / 1024} KB."),
        415 => Other(status, "media-type", "Unsupported media type", "Send JSON with “Content-Type: application/json”."),
        429 => Of(Refusal.TooMany, "Too many requests; try again in a few seconds."),
        503 => Of(Refusal.Unavailable, "Something that is needed is away for the moment; try again."),
        _ => Other(status, status < 500 ? "refused" : "internal", status < 500 ? "Refused" : "Something went wrong",
            status < 500 ? "The request was refused." : "This is the portal's fault and was recorded; try again, or tell an admin the time it happened."),
    };

    public static ApiProblem Other(int status, string name, string title, string detail) => new($"urn:portal:problem:{name}", title, status, detail);

    public async Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;
        context.Response.ContentType = ContentType;
        context.Response.Headers.CacheControl = "no-store";
        if (Status == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer realm=\"portal\"";
        }
        if (Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable && context.Response.Headers.RetryAfter.Count == 0)
        {
            context.Response.Headers.RetryAfter = "2";
        }
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.WriteAsync(JsonSerializer.Serialize(this, Json), context.RequestAborted);
        }
    }
}

/// <summary>Bounds of the REST API.</summary>
internal static class ApiLimits
{
    public const int BodyBytes = 1024 * 1024;

    public const int IdempotencyKeyLength = 200;

    /// <summary>Logs that one person or token may follow at the same time.</summary>
    public const int Follows = 20;
}
