namespace Portal.Web.Components.Pages.AppDetail;

/// <summary>How a webhook is made at one kind of git host, in that host's own words.</summary>
/// <param name="Where">The way to the form.</param>
/// <param name="Secret">The field that takes the secret.</param>
public sealed record WebhookHost(string Name, string Where, string Address, string Secret, string Rest)
{
    public static readonly IReadOnlyList<WebhookHost> All =
    [
        new("GitHub", "Settings → Webhooks → Add webhook", "Payload URL", "Secret", "Content type application/json, just the push event."),
        new("GitLab", "Settings → Webhooks → Add new webhook", "URL", "Signing token (Secret token, where there is none)", "Push events and tag push events."),
        new("Gitea or Forgejo", "Settings → Webhooks → Add webhook", "Target URL", "Secret", "Content type application/json, push events."),
        new("Bitbucket", "Repository settings → Webhooks → Add webhook", "URL", "Secret", "Trigger: repository push."),
        new("Another host", "Wherever it sends GitHub's push event", "Address", "Secret of X-Hub-Signature-256", "Without one, Portal finds new commits by itself."),
    ];

    /// <summary>By the name of the repository's host; many a company's own says what it runs.</summary>
    public static WebhookHost Of(string? repository)
    {
        var address = repository ?? "";
        var name = address.Contains("gitlab", StringComparison.OrdinalIgnoreCase) ? "GitLab"
            : address.Contains("bitbucket", StringComparison.OrdinalIgnoreCase) ? "Bitbucket"
            : address.Contains("gitea", StringComparison.OrdinalIgnoreCase) || address.Contains("forgejo", StringComparison.OrdinalIgnoreCase)
                || address.Contains("codeberg", StringComparison.OrdinalIgnoreCase) ? "Gitea or Forgejo"
            : "GitHub";
        return All.First(host => host.Name == name);
    }
}
