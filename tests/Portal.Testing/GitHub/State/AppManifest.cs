using System.Text.Json;
using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

/// <summary>What an app is registered with, and GitHub's objections to it.</summary>
public sealed record AppManifest
{
    private static readonly string[] KnownPermissions =
    [
        "actions", "administration", "checks", "contents", "deployments", "email_addresses", "emails", "environments", "issues", "members", "metadata", "packages", "pages",
        "pull_requests", "repository_hooks", "repository_projects", "secrets", "single_file", "statuses", "vulnerability_alerts", "workflows", "organization_administration", "organization_hooks",
    ];

    // An event → the permissions of which one is needed to hear of it. What every app hears anyway cannot be subscribed to.
    private static readonly Dictionary<string, string[]> Subscribable = new()
    {
        ["check_run"] = ["checks"],
        ["check_suite"] = ["checks"],
        ["create"] = ["contents"],
        ["delete"] = ["contents"],
        ["deployment"] = ["deployments"],
        ["deployment_status"] = ["deployments"],
        ["fork"] = ["contents"],
        ["issue_comment"] = ["issues", "pull_requests"],
        ["member"] = ["members", "administration"],
        ["meta"] = ["metadata"],
        ["public"] = ["metadata"],
        ["pull_request"] = ["pull_requests"],
        ["push"] = ["contents"],
        ["release"] = ["contents"],
        ["repository"] = ["metadata"],
        ["status"] = ["statuses"],
        ["workflow_run"] = ["actions"],
    };

    public string? Name { get; init; }

    public string? Url { get; init; }

    public string? HookUrl { get; init; }

    public bool HookActive { get; init; } = true;

    public string? RedirectUrl { get; init; }

    public IReadOnlyList<string> CallbackUrls { get; init; } = [];

    public string? SetupUrl { get; init; }

    public bool SetupOnUpdate { get; init; }

    public bool RequestOAuthOnInstall { get; init; }

    public string? Description { get; init; }

    public bool Public { get; init; }

    public IReadOnlyDictionary<string, string> Permissions { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<string> Events { get; init; } = [];

    /// <exception cref="JsonException">It is not an object of the manifest's form.</exception>
    internal static AppManifest Parse(string json)
    {
        try
        {
            var o = JsonNode.Parse(json) as JsonObject ?? throw new JsonException("The manifest is not an object.");
            var hook = o["hook_attributes"] as JsonObject;
            return new AppManifest
            {
                Name = (string?)o["name"],
                Url = (string?)o["url"],
                HookUrl = (string?)hook?["url"],
                HookActive = (bool?)hook?["active"] ?? true,
                RedirectUrl = (string?)o["redirect_url"],
                CallbackUrls = [.. ((o["callback_urls"] as JsonArray) ?? []).Select(n => (string)n!)],
                SetupUrl = (string?)o["setup_url"],
                SetupOnUpdate = (bool?)o["setup_on_update"] ?? false,
                RequestOAuthOnInstall = (bool?)o["request_oauth_on_install"] ?? false,
                Description = (string?)o["description"],
                Public = (bool?)o["public"] ?? false,
                Permissions = ((o["default_permissions"] as JsonObject) ?? []).ToDictionary(p => p.Key, p => (string)p.Value!),
                Events = [.. ((o["default_events"] as JsonArray) ?? []).Select(n => (string)n!)],
            };
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            throw new JsonException("A field of the manifest has another type.", e);
        }
    }

    /// <summary>With <c>metadata: read</c>, which every app has.</summary>
    internal AppManifest Granted() => Permissions.ContainsKey("metadata")
        ? this
        : this with { Permissions = new Dictionary<string, string>(Permissions) { ["metadata"] = "read" } };

    internal static bool Permits(IReadOnlyDictionary<string, string> permissions, string @event) =>
        !Subscribable.TryGetValue(@event, out var needed) || needed.Any(p => p == "metadata" || permissions.ContainsKey(p));

    internal IEnumerable<string> Objections(bool refuseLocalHooks)
    {
        if (!IsWeb(Url))
        {
            yield return Url is null ? "Error 'url' wasn't supplied." : "Url must be a valid URL";
        }
        if (!IsWeb(RedirectUrl))
        {
            yield return "Redirect url must be a valid URL";
        }
        if (HookUrl is not null && !IsWeb(HookUrl))
        {
            yield return "Hook url is not a valid URL";
        }
        if (HookUrl is not null && IsWeb(HookUrl) && refuseLocalHooks && new Uri(HookUrl) is { IsLoopback: true } or { Host: "localhost" })
        {
            yield return $"Hook url is not supported because it isn't reachable over the public Internet ({new Uri(HookUrl).Host})";
        }
        foreach (var (name, level) in Permissions)
        {
            if (!KnownPermissions.Contains(name) || level is not ("read" or "write" or "admin"))
            {
                yield return $"Default permission records resource is not included in the list: {name}";
            }
        }
        var unknown = Events.Where(e => !Subscribable.ContainsKey(e)).ToList();
        if (unknown.Count > 0)
        {
            yield return $"Default events unsupported: {string.Join(", ", unknown)}";
        }
        var forbidden = Events.Where(e => !Subscribable.ContainsKey(e) || !Permits(Permissions, e)).ToList();
        if (forbidden.Count > 0)
        {
            yield return $"Default events are not supported by permissions: {string.Join(", ", forbidden)}";
        }
    }

    private static bool IsWeb(string? url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";
}
