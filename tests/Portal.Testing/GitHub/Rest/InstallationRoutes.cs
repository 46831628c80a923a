using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

/// <summary>What an installation's token asks about itself, and what anybody may ask about the server.</summary>
internal static class InstallationRoutes
{
    public static void Map(RestDoor rest)
    {
        rest.Installation("GET", "/installation/repositories", Repositories);
        rest.Installation("DELETE", "/installation/token", call =>
        {
            call.State.Tokens.Remove(call.Caller.Token!.Value);
            return Answer.NoContent();
        });
        rest.Anybody("GET", "/rate_limit", RateLimit, counts: false);
        rest.Anybody("GET", "/meta", call => Answer.Ok(new JsonObject
        {
            ["verifiable_password_authentication"] = true,
            ["packages"] = new JsonArray(),
            ["installed_version"] = GitHubDouble.Version,
            ["hooks"] = new JsonArray("127.0.0.1/32"),
        }));
    }

    private static Answer Repositories(Call call)
    {
        var caller = call.Caller;
        List<DoubleRepository> covered = [.. call.State.Repositories.Values.Where(caller.Covers)];
        return call.Page(covered, r => call.Shapes.Repository(r, caller), page => new JsonObject
        {
            ["total_count"] = covered.Count,
            ["repository_selection"] = caller.Token!.Repositories is null ? caller.Installation!.Selection : "selected",
            ["repositories"] = page,
        });
    }

    private static Answer RateLimit(Call call)
    {
        var (remaining, reset) = call.GitHub.Limits.Now(call.Caller);
        JsonObject Core() => new()
        {
            ["limit"] = call.GitHub.Limits.Limit,
            ["used"] = call.GitHub.Limits.Limit - remaining,
            ["remaining"] = remaining,
            ["reset"] = reset,
        };
        return Answer.Ok(new JsonObject
        {
            ["resources"] = new JsonObject { ["core"] = Core(), ["search"] = new JsonObject { ["limit"] = 30, ["used"] = 0, ["remaining"] = 30, ["reset"] = reset } },
            ["rate"] = Core(),
        });
    }
}
