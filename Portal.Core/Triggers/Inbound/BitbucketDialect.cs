using System.Text.Json;
using Portal.Core.Git;

namespace Portal.Core.Triggers.Inbound;

/// <summary>
/// Bitbucket Cloud (https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/#Push) and Data Center
/// (https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html): one delivery names every moved ref.
/// </summary>
internal sealed class BitbucketDialect : WebhookDialect
{
    private static readonly string Zeros = new('0', 40);

    public override string Name => "Bitbucket";

    public override string EventHeader => "X-Event-Key";

    public override IReadOnlyList<string> DeliveryHeaders { get; } = ["X-Request-UUID", "X-Request-Id"];

    public override WebhookProof Proof(Func<string, string> header, IReadOnlyList<byte[]> secrets) =>
        header("X-Hub-Signature") is { Length: > 0 } signature
            ? WebhookSignature.Hub(secrets, signature)
            : throw NoProof("X-Hub-Signature", "set the webhook's secret at Bitbucket");

    public override WebhookMeaning Read(string eventName, ReadOnlyMemory<byte> json)
    {
        using var document = Object(json);
        var root = document.RootElement;
        return eventName switch
        {
            "repo:push" => new WebhookMeaning([.. Items(root, "push", "changes").Take(MostPushes).Select(change => Cloud(root, change))]),
            "repo:refs_changed" => new WebhookMeaning([.. Items(root, "changes").Take(MostPushes).Select(change => DataCenter(root, change))]),
            _ => new WebhookMeaning([], eventName == "diagnostics:ping"),
        };
    }

    private static PushPayload Cloud(JsonElement root, JsonElement change)
    {
        // A deleted ref has no "new", a made one no "old".
        var named = At(change, "new").ValueKind == JsonValueKind.Object ? At(change, "new") : At(change, "old");
        var prefix = Text(named, "type") is "tag" or "annotated_tag" ? RefNames.Tags : RefNames.Branches;
        return PushPayload.Of(Text(named, "name") is { } name ? prefix + name : null, Text(change, "old", "target", "hash") ?? Zeros, Text(change, "new", "target", "hash") ?? Zeros,
            Text(root, "actor", "nickname") ?? Text(root, "actor", "display_name"), Text(change, "new", "target", "message"));
    }

    private static PushPayload DataCenter(JsonElement root, JsonElement change) =>
        PushPayload.Of(Text(change, "ref", "id"), Text(change, "fromHash"), Text(change, "toHash"), Text(root, "actor", "name"), null);
}
