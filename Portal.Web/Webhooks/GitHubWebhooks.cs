using System.Data.Common;
using Microsoft.AspNetCore.Http.Features;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Triggers.Inbound;

namespace Portal.Web.Webhooks;

/// <summary>
/// <c>POST /webhooks/github/{connection}</c>: verify, store once, answer after the commit. Takes what GitHub, Gitea and
/// Forgejo send: https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries.
/// </summary>
internal static class GitHubWebhooks
{
    private const int Megabyte = 1024 * 1024;

    /// <summary>GitHub sends at most 25 MB of JSON.</summary>
    private const int MaxJson = 26 * Megabyte;

    /// <summary>The same, percent-encoded.</summary>
    private const int MaxForm = 80 * Megabyte;

    /// <summary>Bodies over 1 MB are rare; so many at once may take memory.</summary>
    private static readonly SemaphoreSlim Large = new(4);

    public static IServiceCollection AddGitHubWebhooks(this IServiceCollection services)
    {
        services.AddSingleton<InboundStore>().AddSingleton<WebhookConnections>().AddSingleton<WebhookReceiver>().AddCoalescedSignals();
        return services;
    }

    public static void MapGitHubWebhooks(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/webhooks/github/{connection}", (Delegate)HandleAsync).AllowAnonymous().DisableAntiforgery().ExcludeFromDescription();

    private static async Task HandleAsync(HttpContext http, string connection, WebhookConnections connections, WebhookReceiver receiver, ILogger<WebhookReceiver> logger)
    {
        try
        {
            await ReceiveAsync(http, connection, connections, receiver);
        }
        catch (PortalException e)
        {
            await AnswerAsync(http, StatusOf(e.Refusal), e.Message);
        }
        catch (BadHttpRequestException e)
        {
            await AnswerAsync(http, e.StatusCode, e.StatusCode == StatusCodes.Status413PayloadTooLarge ? "The delivery is too large." : "The delivery ended before it was complete.");
        }
        catch (DbException e) when (e is Npgsql.PostgresException { SqlState: "23503" })
        {
            await AnswerAsync(http, StatusCodes.Status404NotFound, "There is no such connection.");
        }
        catch (Exception e) when (e is DbException or TimeoutException or InvalidOperationException { InnerException: DbException })
        {
            // Nothing was stored, so nothing may be promised: the sender shows the failure and can deliver again.
            logger.LogError(e, "A delivery for connection {Connection} could not be stored", connection);
            http.Response.Headers.RetryAfter = "30";
            await AnswerAsync(http, StatusCodes.Status503ServiceUnavailable, "Portal cannot store deliveries at the moment; deliver it again later.");
        }
    }

    private static async Task ReceiveAsync(HttpContext http, string id, WebhookConnections connections, WebhookReceiver receiver)
    {
        var request = http.Request;
        var most = MediaType(request.ContentType) switch
        {
            "application/json" => MaxJson,
            "application/x-www-form-urlencoded" => MaxForm,
            _ => 0,
        };
        if (most == 0)
        {
            await AnswerAsync(http, StatusCodes.Status415UnsupportedMediaType, "Set the webhook's content type to application/json (application/x-www-form-urlencoded is accepted too).");
            return;
        }
        if (request.ContentLength > most)
        {
            throw DeliveryBody.TooLarge(most);
        }
        var eventName = Header(request, "X-GitHub-Event", 64, required: true);
        var delivery = Header(request, "X-GitHub-Delivery", 100, required: false);
        var connection = Guid.TryParseExact(id, "D", out var app) ? await connections.FindAsync(app, http.RequestAborted) : null;
        if (connection is null)
        {
            throw new PortalException(Refusal.NotFound, "There is no such connection.");
        }
        var claimed = request.Headers["X-Hub-Signature-256"].ToString();
        if (connection.Secrets.Count == 0 || claimed.Length == 0)
        {
            throw new PortalException(Refusal.Unauthenticated, claimed.Length == 0
                ? "The header X-Hub-Signature-256 is missing: set the webhook's secret at the sender."
                : "This connection has no secret; make a new one in the app's settings.");
        }
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = most;
        }
        var large = request.ContentLength is null or > Megabyte;
        if (large && !await Large.WaitAsync(TimeSpan.FromSeconds(5), http.RequestAborted))
        {
            throw new PortalException(Refusal.Unavailable, "Several large deliveries are coming in; deliver it again later.");
        }
        try
        {
            using var signature = new WebhookSignature(connection.Secrets);
            using var body = await DeliveryBody.ReadAsync(request, most, signature, http.RequestAborted);
            var secret = signature.Match(claimed);
            if (secret < 0)
            {
                throw new PortalException(Refusal.Unauthenticated, "The signature does not fit: the secret at the sender is not the one of this connection.");
            }
            var json = most == MaxForm
                ? body.FormPayload() ?? throw new PortalException(Refusal.Invalid, "The form has no field named payload.")
                : body.Bytes;
            // Once it is read it is stored, even if the sender stops waiting for the answer.
            var (reception, _, _) = await receiver.ReceiveAsync(new SignedDelivery(connection, secret, eventName!, delivery,
                request.Headers.UserAgent.ToString(), request.Headers["X-GitHub-Hook-ID"].ToString(), json), CancellationToken.None);
            http.Response.StatusCode = reception is Reception.Accepted or Reception.Ignored ? StatusCodes.Status202Accepted : StatusCodes.Status200OK;
            http.Response.ContentType = "text/plain; charset=utf-8";
            await http.Response.WriteAsync(reception switch
            {
                Reception.Accepted => "accepted\n",
                Reception.Ignored => "stored; this event means nothing to Portal\n",
                Reception.Greeted => "the connection works\n",
                _ => "received before\n",
            }, http.RequestAborted);
        }
        finally
        {
            if (large)
            {
                Large.Release();
            }
        }
    }

    private static string? Header(HttpRequest request, string name, int most, bool required)
    {
        var value = request.Headers[name].ToString();
        if (value.Length > most || value.Any(char.IsControl) || (required && value.Length == 0))
        {
            throw new PortalException(Refusal.Invalid, $"The header {name} is {(value.Length == 0 ? "missing" : "not well-formed")}.");
        }
        return value.Length == 0 ? null : value;
    }

    private static string MediaType(string? contentType) => (contentType ?? "").Split(';', 2)[0].Trim().ToLowerInvariant();

    private static int StatusOf(Refusal refusal) => refusal switch
    {
        Refusal.Invalid => StatusCodes.Status400BadRequest,
        Refusal.Unauthenticated => StatusCodes.Status401Unauthorized,
        Refusal.NotFound => StatusCodes.Status404NotFound,
        Refusal.TooLarge => StatusCodes.Status413PayloadTooLarge,
        _ => StatusCodes.Status503ServiceUnavailable,
    };

    private static Task AnswerAsync(HttpContext http, int status, string sentence)
    {
        if (http.RequestAborted.IsCancellationRequested || http.Response.HasStarted)
        {
            return Task.CompletedTask;
        }
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(sentence + "\n", http.RequestAborted);
    }
}
