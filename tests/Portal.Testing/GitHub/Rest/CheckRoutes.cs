using System.Globalization;
using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

/// <summary>Check runs: only an app may write them, and each its own.</summary>
internal static class CheckRoutes
{
    private const int MostAnnotations = 50;
    private const int LongestText = 65535;
    private static readonly string[] Conclusions = ["action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out"];
    private static readonly string[] States = ["queued", "in_progress", "completed", "waiting", "requested", "pending"];

    public static void Map(RestDoor rest)
    {
        rest.RepositoryGit("POST", "/check-runs", "checks", Level.Write, CreateAsync);
        rest.Repository("PATCH", "/check-runs/{id}", "checks", Level.Write, Update);
        rest.Repository("GET", "/check-runs/{id}", "checks", Level.Read, call => Find(call) is { } run ? Answer.Ok(call.Shapes.CheckRun(call.Repository, run)) : Answer.NotFound());
        rest.Repository("GET", "/check-runs/{id}/annotations", "checks", Level.Read, call => Find(call) is { } run ? call.Page(run.Annotations, a => a.DeepClone()) : Answer.NotFound());
        rest.RepositoryGit("GET", "/commits/{revision}/check-runs", "checks", Level.Read, ListAsync);
        rest.RepositoryGit("GET", "/commits/{revision}/check-suites", "checks", Level.Read, SuitesAsync);
    }

    private static async Task<Answer> CreateAsync(Call call)
    {
        foreach (var needed in new[] { "name", "head_sha" })
        {
            if (string.IsNullOrEmpty(call.Text(needed)))
            {
                return Missing(needed);
            }
        }
        var sha = call.Text("head_sha")!;
        if (sha.Length != 40 || await call.Repository.Git.CommitOfAsync(sha) is null)
        {
            return Answer.Error(422, $"No commit found for SHA: {sha}");
        }
        if (call.Caller.ActingApp is not { } app || call.Caller.Kind != CallerKind.Installation)
        {
            return Answer.Error(403, "You must authenticate via a GitHub App.");
        }
        if (Objection(call, call.Text("status")) is { } objection)
        {
            return objection;
        }
        lock (call.State.Gate)
        {
            var run = call.GitHub.Checks.Add(call.Repository, app, sha, call.Text("name")!);
            Apply(call, run);
            call.GitHub.Checks.Tell("created", call.Repository, run, call.Actor);
            TellIfDone(call, run);
            return Answer.Created(call.Shapes.CheckRun(call.Repository, run));
        }
    }

    private static Answer Update(Call call)
    {
        if (Find(call) is not { } run)
        {
            return Answer.NotFound();
        }
        if (call.Caller.Kind != CallerKind.Installation || call.Caller.ActingApp != run.Suite.App)
        {
            return Answer.Error(403, "Invalid app_id `" + run.Suite.App.Id.ToString(CultureInfo.InvariantCulture) + "` - check run can only be modified by the GitHub App that created it.");
        }
        if (Objection(call, call.Text("status")) is { } objection)
        {
            return objection;
        }
        Apply(call, run);
        TellIfDone(call, run);
        return Answer.Ok(call.Shapes.CheckRun(call.Repository, run));
    }

    private static Answer? Objection(Call call, string? status)
    {
        if (status is not null && !States.Contains(status))
        {
            return Answer.Error(422, $"Invalid request.\n\n{status} is not a member of [\"{string.Join("\", \"", States)}\"].");
        }
        var conclusion = call.Text("conclusion");
        if (conclusion is not null && !Conclusions.Contains(conclusion))
        {
            return Answer.Error(422, $"Invalid request.\n\n{conclusion} is not a member of [\"{string.Join("\", \"", Conclusions)}\"].");
        }
        if (status == "completed" && conclusion is null)
        {
            return Missing("conclusion");
        }
        if (call.Body["output"] is not JsonObject output)
        {
            return null;
        }
        if (output["summary"] is null)
        {
            return Missing("summary");
        }
        if (((string?)output["summary"])!.Length > LongestText || ((string?)output["text"])?.Length > LongestText)
        {
            return Answer.Error(422, $"Invalid request.\n\nOnly {LongestText} characters are allowed; more were supplied.");
        }
        return output["annotations"] is JsonArray { Count: > MostAnnotations } many
            ? Answer.Error(422, $"Invalid request.\n\nNo more than {MostAnnotations} items are allowed; {many.Count} were supplied.")
            : null;
    }

    private static void Apply(Call call, DoubleCheckRun run)
    {
        run.Name = call.Text("name") is { Length: > 0 } name ? name : run.Name;
        run.DetailsUrl = call.Text("details_url") ?? run.DetailsUrl;
        run.ExternalId = call.Text("external_id") ?? run.ExternalId;
        run.StartedAt = Time(call, "started_at") ?? run.StartedAt;
        if (call.Text("conclusion") is { } conclusion)
        {
            (run.Status, run.Conclusion, run.CompletedAt) = ("completed", conclusion, Time(call, "completed_at") ?? call.State.Now);
        }
        else if (call.Text("status") is { } status)
        {
            (run.Status, run.Conclusion, run.CompletedAt) = (status, null, null);
        }
        if (call.Body["output"] is JsonObject output)
        {
            run.Title = (string?)output["title"] ?? run.Title;
            run.Summary = (string?)output["summary"];
            run.Text = (string?)output["text"] ?? run.Text;
            // They add up over the updates.
            run.Annotations.AddRange((output["annotations"] as JsonArray ?? []).OfType<JsonObject>().Select(a => a.DeepClone().AsObject()));
        }
    }

    private static async Task<Answer> ListAsync(Call call)
    {
        if (await call.Repository.ResolveAsync(call.Route("revision")) is not { } sha)
        {
            return Answer.Error(422, $"No commit found for SHA: {call.Route("revision")}");
        }
        lock (call.State.Gate)
        {
            var runs = call.Repository.CheckRuns.Where(r => r.Suite.Sha == sha
                && (call.Query("check_name") ?? r.Name) == r.Name
                && (call.Query("status") ?? r.Status) == r.Status
                && (call.Query("app_id") is not { } app || app == r.Suite.App.Id.ToString(CultureInfo.InvariantCulture)));
            // By default the newest of each name, as the page shows them.
            List<DoubleCheckRun> shown = [.. (call.Query("filter") == "all" ? runs : runs.GroupBy(r => (r.Suite, r.Name)).Select(g => g.Last())).OrderByDescending(r => r.Id)];
            return call.Page(shown, r => call.Shapes.CheckRun(call.Repository, r), page => new JsonObject { ["total_count"] = shown.Count, ["check_runs"] = page });
        }
    }

    private static async Task<Answer> SuitesAsync(Call call)
    {
        if (await call.Repository.ResolveAsync(call.Route("revision")) is not { } sha)
        {
            return Answer.Error(422, $"No commit found for SHA: {call.Route("revision")}");
        }
        lock (call.State.Gate)
        {
            List<DoubleCheckSuite> suites = [.. call.Repository.CheckSuites.Where(s => s.Sha == sha)];
            return call.Page(suites, s => call.Shapes.CheckSuite(call.Repository, s), page => new JsonObject { ["total_count"] = suites.Count, ["check_suites"] = page });
        }
    }

    private static void TellIfDone(Call call, DoubleCheckRun run)
    {
        if (run.Status == "completed")
        {
            call.GitHub.Checks.Tell("completed", call.Repository, run, call.Actor);
        }
    }

    private static DoubleCheckRun? Find(Call call) => call.Repository.CheckRuns.Find(r => r.Id == call.RouteId("id"));

    private static DateTimeOffset? Time(Call call, string field) =>
        DateTimeOffset.TryParse(call.Text(field), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    private static Answer Missing(string field) => Answer.Error(422, $"Invalid request.\n\n\"{field}\" wasn't supplied.");
}
