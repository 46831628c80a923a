using System.Data.Common;
using Microsoft.AspNetCore.Http.Features;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Triggers.Inbound;

namespace Portal.Web.Webhooks;

/// <summary>
/// <c>POST /webhooks/git/{connection}</c>: verify, store once, answer after the commit. Takes what any of the git hosts
/// sends (<see cref="WebhookDialect"/>); <c>/webhooks/github/{connection}</c> is the same door.
/// </summary>
internal static class GitWebhooks
{
    private const int Megabyte = 1024 * 1024;

    /// <summary>GitHub sends at most 25 MB of JSON.</summary>
    private const int MaxJson = 26 * Megabyte;

    /// <summary>The same, percent-encoded.</summary>
    private const int MaxForm = 80 * Megabyte;

    private const int MaxKeptHeaders = 20;

    private static readonly HashSet<string> KeptNames = new(["User-Agent", "Content-Type", "Content-Length", "Idempotency-Key", "webhook-id", "webhook-timestamp"], StringComparer.OrdinalIgnoreCase);

    private static readonly string[] KeptPrefixes = ["X-GitHub-", "X-Gitlab-", "X-Gitea-", "X-Forgejo-", "X-Gogs-", "X-Event-", "X-Request-", "X-Hook-", "X-Attempt-"];

    private static readonly string[] Proofs = ["signature", "token"];

    /// <summary>With the number of a moved ref it makes a key of at most 100 characters.</summary>
    private const int MaxDeliveryId = 96;

    /// <summary>Bodies over 1 MB are rare; so many at once may take memory.</summary>
    private static readonly SemaphoreSlim Large = new(4);

    public static IServiceCollection AddGitWebhooks(this IServiceCollection services)
    {
        services.AddSingleton<InboundStore>().AddSingleton<WebhookConnections>().AddSingleton<WebhookReceiver>().AddCoalescedSignals();
        return services;
    }

    public static void MapGitWebhooks(this IEndpointRouteBuilder routes)
    {
        foreach (var path in (string[])["/webhooks/git/{connection}", "/webhooks/github/{connection}"])
        {
            routes.MapPost(path, (Delegate)HandleAsync).AllowAnonymous().DisableAntiforgery().ExcludeFromDescription();
        }
    }

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
        string Sent(string name) => request.Headers[name].ToString();
        var dialect = WebhookDialect.Of(Sent);
        var eventName = Header(request, dialect.EventHeader, 64);
        var delivery = dialect.DeliveryHeaders.Select(name => Header(request, name, MaxDeliveryId)).FirstOrDefault(value => value.Length > 0);
        var connection = Guid.TryParseExact(id, "D", out var app) ? await connections.FindAsync(app, http.RequestAborted) : null;
        if (connection is null)
        {
            throw new PortalException(Refusal.NotFound, "There is no such connection.");
        }
        if (connection.Secrets.Count == 0)
        {
            throw new PortalException(Refusal.Unauthenticated, "This connection has no secret; make a new one in the app's settings, or connect the host again.");
        }
        using var proof = dialect.Proof(Sent, connection.Secrets);
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
            using var body = await DeliveryBody.ReadAsync(request, most, proof, http.RequestAborted);
            var secret = proof.Match();
            if (secret < 0)
            {
                throw new PortalException(Refusal.Unauthenticated, $"The {(proof is WebhookToken ? "secret token" : "signature")} does not fit: the secret at the sender is not the one of this connection.");
            }
            var json = most == MaxForm
                ? body.FormPayload() ?? throw new PortalException(Refusal.Invalid, "The form has no field named payload.")
                : body.Bytes;
            // Once it is read it is stored, even if the sender stops waiting for the answer.
            var (reception, _, _) = await receiver.ReceiveAsync(new SignedDelivery(dialect, connection, secret, eventName, delivery, Kept(request.Headers), json), CancellationToken.None);
            http.Response.StatusCode = reception is Reception.Accepted or Reception.Ignored or Reception.Noticed or Reception.Unused ? StatusCodes.Status202Accepted : StatusCodes.Status200OK;
            http.Response.ContentType = "text/plain; charset=utf-8";
            await http.Response.WriteAsync(reception switch
            {
                Reception.Accepted => "accepted\n",
                Reception.Ignored => "stored; this event means nothing to Portal\n",
                Reception.Greeted => "the connection works\n",
                Reception.Noticed => "accepted: Portal looks what changed\n",
                Reception.Unused => "nothing here waits for this\n",
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

    /// <summary>What says something about the delivery, and nothing that proves who sent it or tells of the way it came.</summary>
    private static Dictionary<string, string> Kept(IHeaderDictionary headers)
    {
        var kept = new Dictionary<string, string>();
        foreach (var (name, value) in headers)
        {
            if (kept.Count < MaxKeptHeaders && (KeptNames.Contains(name) || (KeptPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
                && !Proofs.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase)))))
            {
                kept[name] = value.ToString();
            }
        }
        return kept;
    }

    private static string Header(HttpRequest request, string name, int most)
    {
        var value = request.Headers[name].ToString();
        return value.Length <= most && !value.Any(char.IsControl) ? value : throw new PortalException(Refusal.Invalid, $"The header {name} is not well-formed.");
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
