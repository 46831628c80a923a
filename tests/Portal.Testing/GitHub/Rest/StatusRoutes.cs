using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

/// <summary>Commit statuses: any number of contexts, each at most a thousand times on one commit.</summary>
internal static class StatusRoutes
{
    private const int MostOfOneContext = 1000;
    private const int LongestDescription = 140;

    public static void Map(RestDoor rest)
    {
        rest.RepositoryGit("POST", "/statuses/{sha}", "statuses", Level.Write, CreateAsync);
        rest.RepositoryGit("GET", "/commits/{revision}/status", "statuses", Level.Read, CombinedAsync);
        rest.RepositoryGit("GET", "/commits/{revision}/statuses", "statuses", Level.Read, ListAsync);
    }

    private static async Task<Answer> CreateAsync(Call call)
    {
        var sha = call.Route("sha");
        if (sha.Length != 40 || await call.Repository.Git.CommitOfAsync(sha) is null)
        {
            return Answer.Error(422, $"No commit found for SHA: {sha}");
        }
        if (call.Text("state") is not ("error" or "failure" or "pending" or "success"))
        {
            return Answer.Invalid("Status", "state", "custom", "state is not included in the list");
        }
        if (call.Text("description") is { Length: > LongestDescription })
        {
            return Answer.Invalid("Status", "description", "custom", $"description is too long (maximum is {LongestDescription} characters)");
        }
        if (call.Text("target_url") is { Length: > 0 } url && !(Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
        {
            return Answer.Invalid("Status", "target_url", "custom", "target_url must use http(s) scheme");
        }
        var context = call.Text("context") is { Length: > 0 } given ? given : "default";
        lock (call.State.Gate)
        {
            if (call.Repository.Statuses.Count(s => s.Sha == sha && string.Equals(s.Context, context, StringComparison.OrdinalIgnoreCase)) >= MostOfOneContext)
            {
                return Answer.Invalid("Status", "context", "custom", "This SHA and context has reached the maximum number of statuses.");
            }
            var status = call.GitHub.Checks.AddStatus(call.Repository, sha, call.Text("state")!, context, call.Text("description"), call.Text("target_url"), call.Actor);
            return Answer.Created(call.Shapes.Status(call.Repository, status));
        }
    }

    private static async Task<Answer> CombinedAsync(Call call)
    {
        if (await call.Repository.ResolveAsync(call.Route("revision")) is not { } sha)
        {
            return Answer.Error(422, $"No commit found for SHA: {call.Route("revision")}");
        }
        lock (call.State.Gate)
        {
            var latest = CheckBook.Latest(call.Repository, sha);
            return call.Page(latest, s => call.Shapes.Status(call.Repository, s), page => new JsonObject
            {
                ["state"] = CheckBook.Combined(latest),
                ["statuses"] = page,
                ["sha"] = sha,
                ["total_count"] = latest.Count,
                ["repository"] = call.Shapes.Repository(call.Repository),
                ["commit_url"] = call.Shapes.Api($"/repos/{call.Repository.FullName}/commits/{sha}"),
                ["url"] = call.Shapes.Api($"/repos/{call.Repository.FullName}/commits/{sha}/status"),
            });
        }
    }

    private static async Task<Answer> ListAsync(Call call)
    {
        if (await call.Repository.ResolveAsync(call.Route("revision")) is not { } sha)
        {
            return Answer.NotFound();
        }
        lock (call.State.Gate)
        {
            return call.Page([.. call.Repository.Statuses.Where(s => s.Sha == sha).Reverse()], s => call.Shapes.Status(call.Repository, s));
        }
    }
}
