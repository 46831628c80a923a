namespace Portal.Core.Triggers.Inbound;

/// <summary>GitHub, and Gitea and Forgejo, which send the same headers: https://docs.github.com/webhooks.</summary>
internal sealed class GitHubDialect : WebhookDialect
{
    public override string Name => "GitHub";

    public override string EventHeader => "X-GitHub-Event";

    public override IReadOnlyList<string> DeliveryHeaders { get; } = ["X-GitHub-Delivery"];

    public override WebhookProof Proof(Func<string, string> header, IReadOnlyList<byte[]> secrets) =>
        header("X-Hub-Signature-256") is { Length: > 0 } signature
            ? WebhookSignature.Hub(secrets, signature)
            : throw NoProof("X-Hub-Signature-256", "set the webhook's secret at the sender");

    public override WebhookMeaning Read(string eventName, ReadOnlyMemory<byte> json)
    {
        var payload = PushPayload.Parse(json.Span);
        return new WebhookMeaning(eventName == "push" ? [payload] : [], eventName == "ping", payload);
    }
}
