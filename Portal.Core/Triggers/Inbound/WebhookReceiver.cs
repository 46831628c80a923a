using System.Security.Cryptography;
using System.Text.Json;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git;
using Portal.Core.Jobs;
using Portal.Core.Live;

namespace Portal.Core.Triggers.Inbound;

/// <param name="Secret">Which of the connection's secrets it proved to know.</param>
/// <param name="Headers">To be kept: a few, without proofs.</param>
public sealed record SignedDelivery(WebhookDialect Dialect, WebhookConnection Connection, int Secret, string EventName, string? DeliveryId,
    IReadOnlyDictionary<string, string> Headers, ReadOnlyMemory<byte> Json);

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
        WebhookMeaning meaning;
        try
        {
            meaning = delivery.Dialect.Read(delivery.EventName, delivery.Json);
        }
        catch (JsonException)
        {
            throw new PortalException(Refusal.Invalid, "The body is not a JSON object.");
        }
        var key = delivery.DeliveryId ?? "sha256:" + Convert.ToHexStringLower(SHA256.HashData(delivery.Json.Span));
        var isPush = meaning.Pushes.Count > 0;
        // All of them or an error; what was stored of it by then is found again when the sender repeats it.
        var stored = await Task.WhenAll((isPush ? meaning.Pushes : [new PushPayload()]).Select((push, place) => store.StoreAsync(new InboundDelivery(
            delivery.Connection.AppId, delivery.Connection.TeamId, place == 0 ? key : $"{key}#{place}", isPush ? "push" : delivery.EventName,
            push.Ref, push.Before, push.After, push.PushedBy, push.Message, place == 0 && delivery.Json.Length <= MaxKeptBody ? delivery.Json : default, Headers(delivery), isPush,
            meaning.IsGreeting ? "the sender's greeting: the connection works" : $"ignored: the event “{delivery.EventName}” is not a push"))));
        var (id, times) = stored[0];
        signals.Signal(LiveTopics.Activity, delivery.Connection.TeamId);
        if (isPush)
        {
            signals.Wake(Signals.JobsChannel);
        }
        if (meaning.IsGreeting || !delivery.Connection.IsVerified)
        {
            await connections.VerifiedAsync(delivery.Connection.AppId, cancellationToken);
            signals.Signal(LiveTopics.App, delivery.Connection.AppId);
        }
        return (meaning.IsGreeting ? Reception.Greeted : times > 1 ? Reception.Duplicate : isPush ? Reception.Accepted : Reception.Ignored, id, times);
    }

    private static string Headers(SignedDelivery delivery) => CoreJson.Write(new PushHeaders(delivery.Dialect.Name,
        delivery.Secret == 0 ? PushHeaders.Current : PushHeaders.Previous,
        delivery.Headers.ToDictionary(h => h.Key, h => RepositoryText.Clean(h.Value, 200))));
}
