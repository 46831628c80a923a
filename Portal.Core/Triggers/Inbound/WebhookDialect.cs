using System.Text.Json;
using Portal.Core.Common;
using Portal.Core.Git;

namespace Portal.Core.Triggers.Inbound;

/// <summary>What a delivery is about.</summary>
/// <param name="Pushes">Each moved ref of a push.</param>
/// <param name="IsGreeting">The sender tries whether the connection works.</param>
/// <param name="About">Of another event: what it is about, where the host says so by number.</param>
public sealed record WebhookMeaning(IReadOnlyList<PushPayload> Pushes, bool IsGreeting = false, PushPayload? About = null);

/// <summary>
/// How one kind of git host speaks: its headers, how it proves itself, and what its payload means. One address takes all
/// of them; which one speaks is told by the header that names the event.
/// </summary>
public abstract class WebhookDialect
{
    private static readonly WebhookDialect[] All = [new GitHubDialect(), new GitLabDialect(), new BitbucketDialect()];

    /// <summary>Refs of one delivery that are looked at; the reconciler finds the rest.</summary>
    protected const int MostPushes = 100;

    /// <summary>"GitHub", for sentences; hosts that copied its webhooks speak the same.</summary>
    public abstract string Name { get; }

    public abstract string EventHeader { get; }

    /// <summary>The first of these that is there names the delivery; the same again is the same delivery.</summary>
    public abstract IReadOnlyList<string> DeliveryHeaders { get; }

    /// <param name="header">The value of a header, "" without it.</param>
    public static WebhookDialect Of(Func<string, string> header) => Array.Find(All, dialect => header(dialect.EventHeader).Length > 0)
        ?? throw new PortalException(Refusal.Invalid, $"The headers name no event: one of {string.Join(", ", All.Select(d => d.EventHeader))} is missing.");

    /// <exception cref="PortalException">Unauthenticated: it brings no proof; the sentence says what to set at the sender.</exception>
    public abstract WebhookProof Proof(Func<string, string> header, IReadOnlyList<byte[]> secrets);

    /// <exception cref="JsonException">The body is no JSON object.</exception>
    public abstract WebhookMeaning Read(string eventName, ReadOnlyMemory<byte> json);

    protected static PortalException NoProof(string header, string where) => new(Refusal.Unauthenticated, $"The header {header} is missing: {where}.");

    protected static JsonDocument Object(ReadOnlyMemory<byte> json)
    {
        var document = JsonDocument.Parse(json);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            document.Dispose();
            throw new JsonException("Not an object.");
        }
        return document;
    }

    /// <summary>The value at a path of names; default where one of them is missing or no object.</summary>
    protected static JsonElement At(JsonElement element, params ReadOnlySpan<string> path)
    {
        try
        {
            foreach (var name in path)
            {
                if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
                {
                    return default;
                }
            }
            return element;
        }
        catch (InvalidOperationException)
        {
            // A name beside it holds half a surrogate pair.
            return default;
        }
    }

    protected static string? Text(JsonElement element, params ReadOnlySpan<string> path)
    {
        var value = At(element, path);
        try
        {
            return value.ValueKind == JsonValueKind.String ? RepositoryText.Keep(value.GetString()!, 2000) : null;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair: no text.
            return null;
        }
    }

    protected static IEnumerable<JsonElement> Items(JsonElement element, params ReadOnlySpan<string> path)
    {
        var value = At(element, path);
        return value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [];
    }
}
