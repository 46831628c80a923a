using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

/// <summary>The JSON of GitHub's objects, for answers and for payloads. To be called under the gate.</summary>
internal sealed partial class Shapes(DoubleState state)
{
    /// <summary>An opaque name such as "R_kgDOC…"; nobody may read anything from it.</summary>
    public static string NodeId(string prefix, long id) => $"{prefix}_kgDO{Convert.ToBase64String(Encoding.ASCII.GetBytes(id.ToString(CultureInfo.InvariantCulture))).TrimEnd('=')}";

    public string Api(string path) => $"{state.Url}api/v3{path}";

    public string Web(string path) => $"{state.Url}{path.TrimStart('/')}";

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static JsonNode? Time(DateTimeOffset? time) => time is { } t ? Time(t) : null;

    /// <summary>As payloads of installations write it: with milliseconds and an offset.</summary>
    public static string LongTime(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'+00:00'", CultureInfo.InvariantCulture);

    public static JsonObject Map(IReadOnlyDictionary<string, string> values) => new(values.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => KeyValuePair.Create(v.Key, (JsonNode?)v.Value)));

    public static JsonArray List(IEnumerable<string> values) => [.. values.Select(v => (JsonNode)v)];

    public JsonObject Account(DoubleAccount account) => new()
    {
        ["login"] = account.Login,
        ["id"] = account.Id,
        ["node_id"] = account.NodeId,
        ["avatar_url"] = Web($"/avatars/u/{account.Id}?v=4"),
        ["gravatar_id"] = "",
        ["url"] = Api($"/users/{Uri.EscapeDataString(account.Login)}"),
        ["html_url"] = Web(account.Kind == AccountKind.Bot ? $"/github-apps/{account.Login.Replace("[bot]", "", StringComparison.Ordinal)}" : $"/{account.Login}"),
        ["repos_url"] = Api($"/users/{Uri.EscapeDataString(account.Login)}/repos"),
        ["events_url"] = Api($"/users/{Uri.EscapeDataString(account.Login)}/events{{/privacy}}"),
        ["type"] = account.Kind.ToString(),
        ["user_view_type"] = "public",
        ["site_admin"] = false,
    };

    public JsonNode? AccountOrNull(DoubleAccount? account) => account is null ? null : Account(account);

    public JsonObject Organization(DoubleAccount account) => new()
    {
        ["login"] = account.Login,
        ["id"] = account.Id,
        ["node_id"] = account.NodeId,
        ["url"] = Api($"/orgs/{account.Login}"),
        ["repos_url"] = Api($"/orgs/{account.Login}/repos"),
        ["avatar_url"] = Web($"/avatars/u/{account.Id}?v=4"),
        ["description"] = "",
    };

    /// <summary>The person who has signed in, as <c>GET /user</c> says it.</summary>
    public JsonObject Profile(DoubleAccount account)
    {
        var shape = Account(account);
        shape["name"] = account.Login;
        shape["company"] = null;
        shape["blog"] = "";
        shape["location"] = null;
        // The public address, which hardly anybody sets: the verified ones are at /user/emails.
        shape["email"] = null;
        shape["bio"] = null;
        shape["public_repos"] = state.Repositories.Values.Count(r => r.Owner == account && !r.IsPrivate && !r.IsDeleted);
        shape["followers"] = 0;
        shape["following"] = 0;
        shape["created_at"] = "2019-05-15T15:19:25Z";
        shape["updated_at"] = "2019-05-15T15:19:25Z";
        return shape;
    }

    public JsonObject App(DoubleApp app) => new()
    {
        ["id"] = app.Id,
        ["slug"] = app.Slug,
        ["client_id"] = app.ClientId,
        ["node_id"] = NodeId("A", app.Id),
        ["owner"] = Account(app.Owner),
        ["name"] = app.Name,
        ["description"] = app.Manifest.Description ?? "",
        ["external_url"] = app.Manifest.Url,
        ["html_url"] = Web($"/github-apps/{app.Slug}"),
        ["created_at"] = Time(app.CreatedAt),
        ["updated_at"] = Time(app.CreatedAt),
        ["permissions"] = Map(app.Permissions),
        ["events"] = List(app.Events),
    };

    /// <param name="payload">In a webhook rather than in an answer.</param>
    public JsonObject Installation(DoubleInstallation installation, bool payload = false) => new()
    {
        ["id"] = installation.Id,
        ["client_id"] = installation.App.ClientId,
        ["account"] = Account(installation.Account),
        ["repository_selection"] = installation.Selection,
        ["access_tokens_url"] = Api($"/app/installations/{installation.Id}/access_tokens"),
        ["repositories_url"] = Api("/installation/repositories"),
        ["html_url"] = Web(installation.Account.IsOrganization
            ? $"/organizations/{installation.Account.Login}/settings/installations/{installation.Id}"
            : $"/settings/installations/{installation.Id}"),
        ["app_id"] = installation.App.Id,
        ["app_slug"] = installation.App.Slug,
        ["target_id"] = installation.Account.Id,
        ["target_type"] = installation.Account.Kind.ToString(),
        ["permissions"] = Map(installation.Permissions),
        ["events"] = List(installation.Events),
        ["created_at"] = payload ? LongTime(installation.CreatedAt) : Time(installation.CreatedAt),
        ["updated_at"] = payload ? LongTime(installation.UpdatedAt) : Time(installation.UpdatedAt),
        ["single_file_name"] = null,
        ["has_multiple_single_files"] = false,
        ["single_file_paths"] = new JsonArray(),
        ["suspended_by"] = AccountOrNull(installation.SuspendedBy),
        ["suspended_at"] = Time(installation.SuspendedAt),
    };
}
