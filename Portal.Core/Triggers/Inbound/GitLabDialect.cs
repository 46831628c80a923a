using System.Text.Json;
using Portal.Core.Git;

namespace Portal.Core.Triggers.Inbound;

/// <summary>
/// GitLab: https://docs.gitlab.com/user/project/integrations/webhook_events/#push-events. Signed with a signing token
/// where it has one, else with the secret token itself.
/// </summary>
internal sealed class GitLabDialect : WebhookDialect
{
    public override string Name => "GitLab";

    public override string EventHeader => "X-Gitlab-Event";

    /// <summary>Stays the same when GitLab tries again. X-Gitlab-Event-UUID does not do: what one event sets off shares it.</summary>
    public override IReadOnlyList<string> DeliveryHeaders { get; } = ["Idempotency-Key"];

    public override WebhookProof Proof(Func<string, string> header, IReadOnlyList<byte[]> secrets)
    {
        if (header("webhook-signature") is { Length: > 0 } signature)
        {
            return WebhookSignature.Standard(secrets, header("webhook-id"), header("webhook-timestamp"), signature);
        }
        return header("X-Gitlab-Token") is { Length: > 0 } token
            ? new WebhookToken(secrets, token)
            : throw NoProof("webhook-signature", "set the webhook's signing token (or its secret token) at GitLab");
    }

    public override WebhookMeaning Read(string eventName, ReadOnlyMemory<byte> json)
    {
        using var document = Object(json);
        var root = document.RootElement;
        if (eventName is not ("Push Hook" or "Tag Push Hook"))
        {
            return new WebhookMeaning([]);
        }
        var after = Text(root, "after");
        // Of an annotated tag "after" is the tag; "checkout_sha" is the commit.
        var commit = Text(root, "ref")?.StartsWith(RefNames.Tags, StringComparison.Ordinal) == true ? Text(root, "checkout_sha") ?? after : after;
        var message = Items(root, "commits").Where(c => Text(c, "id") == commit).Select(c => Text(c, "message")).FirstOrDefault() ?? Text(root, "message");
        return new WebhookMeaning([PushPayload.Of(Text(root, "ref"), Text(root, "before"), commit, Text(root, "user_username") ?? Text(root, "user_name"), message)]);
    }
}
