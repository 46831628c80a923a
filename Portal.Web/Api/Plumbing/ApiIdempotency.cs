using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Web.Api.Plumbing;

/// <summary>
/// <c>Idempotency-Key</c> on POST: the first request with a key acts, equal ones within 24 hours repeat its answer (marked
/// with <c>Idempotency-Replayed: true</c>), other ones with the same key are refused. A refusal is not remembered.
/// </summary>
internal sealed class ApiIdempotency(RequestDelegate next)
{
    private sealed record Answer(int Status, string? ContentType, string? Location, string? ETag, string Body);

    public async Task InvokeAsync(HttpContext context, ApiActor holder, RequestMemory memory)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || holder.Value?.Id is not { } actor ||
            context.Request.Headers["Idempotency-Key"] is not { Count: > 0 } header)
        {
            await next(context);
            return;
        }
        var key = header.ToString();
        if (key.Length is 0 or > ApiLimits.IdempotencyKeyLength || key.Any(c => c is < '!' or > '~'))
        {
            throw PortalException.Invalid("Idempotency-Key", $"Idempotency-Key must be 1 to {ApiLimits.IdempotencyKeyLength} visible ASCII characters.");
        }
        var recall = await memory.BeginAsync(actor, key, await HashAsync(context.Request), context.RequestAborted);
        switch (recall.Standing)
        {
            case RequestStanding.Answered:
                await RepeatAsync(context, JsonSerializer.Deserialize<Answer>(recall.Answer!)!);
                return;
            case RequestStanding.Running:
                context.Response.Headers.RetryAfter = "1";
                throw PortalException.Conflict("The same request is being answered right now; send it again in a second for its answer.");
            case RequestStanding.Different:
                await ApiProblem.Other(StatusCodes.Status422UnprocessableEntity, "key-reused", "Idempotency-Key used twice",
                    "This Idempotency-Key was used for another request in the last 24 hours; choose a new one.").WriteAsync(context);
                return;
        }

        var real = context.Response.Body;
        using var copy = new MemoryStream();
        context.Response.Body = copy;
        var done = false;
        try
        {
            await next(context);
            done = context.Response.StatusCode is >= 200 and < 300;
        }
        finally
        {
            context.Response.Body = real;
            // Whatever becomes of the caller, what happened is remembered.
            if (done)
            {
                var headers = context.Response.Headers;
                var answer = new Answer(context.Response.StatusCode, context.Response.ContentType, headers.Location, headers.ETag, Encoding.UTF8.GetString(copy.ToArray()));
                await memory.RememberAsync(actor, key, recall.StartedAt, JsonSerializer.Serialize(answer), CancellationToken.None);
            }
            else
            {
                await memory.ForgetAsync(actor, key, recall.StartedAt, CancellationToken.None);
            }
        }
        copy.Position = 0;
        await copy.CopyToAsync(real, context.RequestAborted);
    }

    private static async Task<byte[]> HashAsync(HttpRequest request)
    {
        request.EnableBuffering(ApiLimits.BodyBytes + 1);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Path}{request.QueryString}\n"));
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await request.Body.ReadAsync(buffer, request.HttpContext.RequestAborted)) > 0)
        {
            hash.AppendData(buffer, 0, read);
        }
        request.Body.Position = 0;
        return hash.GetHashAndReset();
    }

    private static async Task RepeatAsync(HttpContext context, Answer answer)
    {
        var response = context.Response;
        response.StatusCode = answer.Status;
        response.ContentType = answer.ContentType;
        response.Headers["Idempotency-Replayed"] = "true";
        if (answer.Location is not null)
        {
            response.Headers.Location = answer.Location;
        }
        if (answer.ETag is not null)
        {
            response.Headers.ETag = answer.ETag;
        }
        if (answer.Body.Length > 0)
        {
            await response.WriteAsync(answer.Body, context.RequestAborted);
        }
    }
}
