using System.Security.Cryptography;
using System.Text.Json;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git;
using Portal.Core.Jobs;
using Portal.Core.Live;

namespace Portal.Core.Triggers.Inbound;

/// <param name="Secret">Which of the connection's secrets signed it.</param>
public sealed record SignedDelivery(WebhookConnection Connection, int Secret, string EventName, string? DeliveryId, string? Sender, string? HookId, ReadOnlyMemory<byte> Json);

public enum Reception
{
    /// <summary>Stored; the worker decides.</summary>
    Accepted,

    /// <summary>Stored, and of no further meaning.</summary>
    Ignored,

    /// <summary>The sender's greeting.</summary>
    Greeted,

    /// <summary>It came before.</summary>
    Duplicate,
}

/// <summary>Stores a delivery whose signature was checked. Returns only after the commit.</summary>
public sealed class WebhookReceiver(InboundStore store, WebhookConnections connections, CoalescedSignals signals)
{
    /// <summary>A longer body is not kept: what counts of it is in columns.</summary>
    private const int MaxKeptBody = 256 * 1024;

    public async Task<(Reception Reception, Guid Id, int Times)> ReceiveAsync(SignedDelivery delivery, CancellationToken cancellationToken)
    {
        var isPush = delivery.EventName == "push";
        PushPayload payload;
        try
        {
            payload = PushPayload.Parse(delivery.Json.Span);
        }
        catch (JsonException)
        {
            throw new PortalException(Refusal.Invalid, "The body is not a JSON object.");
        }
        var (id, times) = await store.StoreAsync(new InboundDelivery(delivery.Connection.AppId, delivery.Connection.TeamId,
            delivery.DeliveryId ?? "sha256:" + Convert.ToHexStringLower(SHA256.HashData(delivery.Json.Span)),
            delivery.EventName, payload.Ref, payload.Before, payload.After, payload.PushedBy, isPush ? payload.Message : null,
            delivery.Json.Length <= MaxKeptBody ? delivery.Json : default, Headers(delivery), isPush,
            delivery.EventName == "ping" ? "the sender's greeting: the connection works" : $"ignored: the event “{delivery.EventName}” is not a push"));
        signals.Signal(LiveTopics.Activity, delivery.Connection.TeamId);
        if (isPush)
        {
            signals.Wake(Signals.JobsChannel);
        }
        if (delivery.EventName == "ping")
        {
            await connections.VerifiedAsync(delivery.Connection.AppId, cancellationToken);
            return (Reception.Greeted, id, times);
        }
        return (times > 1 ? Reception.Duplicate : isPush ? Reception.Accepted : Reception.Ignored, id, times);
    }

    private static string Headers(SignedDelivery delivery) => JsonSerializer.Serialize(new
    {
        sender = Short(delivery.Sender),
        hook = Short(delivery.HookId),
        // A sender that still uses the old secret shall be found before it stops working.
        secret = delivery.Secret == 0 ? "current" : "previous",
    }, CoreJson.Options);

    private static string? Short(string? header) => header is null ? null : RepositoryText.Clean(header, 100);
}
