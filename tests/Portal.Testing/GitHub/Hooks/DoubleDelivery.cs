using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

/// <summary>One attempt to deliver a webhook, and how it ended.</summary>
public sealed record DoubleDelivery
{
    internal DoubleDelivery(DoubleApp app, byte[] payload)
    {
        App = app;
        Payload = payload;
    }

    /// <summary>Of the attempt; a redelivery has another one.</summary>
    public long Id { get; internal init; }

    /// <summary>Of the event: the same for all attempts.</summary>
    public Guid Guid { get; internal init; }

    public DoubleApp App { get; }

    public string Event { get; internal init; } = "";

    public string? Action { get; internal init; }

    public long? InstallationId { get; internal init; }

    public long? RepositoryId { get; internal init; }

    public bool Redelivery { get; internal init; }

    public DateTimeOffset DeliveredAt { get; internal init; }

    public TimeSpan Duration { get; internal init; }

    /// <summary>"OK", "Invalid HTTP Response: 503", "timed out", "failed to connect to host".</summary>
    public string Status { get; internal init; } = "";

    /// <summary>Of the answer; 502 or 504 where there was none, 0 where GitHub lost it.</summary>
    public int StatusCode { get; internal init; }

    /// <summary>The JSON, whatever form it is sent in.</summary>
    public byte[] Payload { get; }

    public IReadOnlyDictionary<string, string> RequestHeaders { get; internal init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> ResponseHeaders { get; internal init; } = new Dictionary<string, string>();

    public string? ResponseBody { get; internal init; }

    public bool Succeeded => StatusCode is >= 200 and < 400;

    public JsonObject Json => JsonNode.Parse(Payload)!.AsObject();
}
