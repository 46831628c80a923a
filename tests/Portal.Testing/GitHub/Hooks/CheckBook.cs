using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

/// <summary>Check runs and statuses as they are kept, and who hears of them. To be called under the gate.</summary>
internal sealed class CheckBook(DoubleState state, Shapes shapes, Webhooks webhooks)
{
    private const int MostOfOneName = 1000;

    public DoubleCheckRun Add(DoubleRepository repository, DoubleApp app, string sha, string name)
    {
        var suite = repository.CheckSuites.FindLast(s => s.App == app && s.Sha == sha);
        if (suite is null)
        {
            suite = new DoubleCheckSuite(state.NextId("suite"), app, sha, null, state.Now);
            repository.CheckSuites.Add(suite);
        }
        var run = new DoubleCheckRun(state.NextId("check"), suite, name, state.Now);
        repository.CheckRuns.Add(run);
        // GitHub drops the oldest beyond a thousand.
        if (repository.CheckRuns.Where(r => r.Suite == suite && r.Name == name).ToList() is { Count: > MostOfOneName } same)
        {
            repository.CheckRuns.Remove(same[0]);
        }
        return run;
    }

    /// <summary>Who may read checks hears that they began and ended; a request to run one again goes to its own app only.</summary>
    public void Tell(string action, DoubleRepository repository, DoubleCheckRun run, DoubleAccount sender)
    {
        var own = action is "rerequested" or "requested_action";
        webhooks.OfRepository("check_run", action, repository, sender, new JsonObject { ["check_run"] = shapes.CheckRun(repository, run, payload: true) },
            app => !own || app == run.Suite.App);
        if (action == "completed" && repository.CheckRuns.Where(r => r.Suite == run.Suite).All(r => r.Status == "completed"))
        {
            TellOfSuite("completed", repository, run.Suite, sender);
        }
    }

    public void TellOfSuite(string action, DoubleRepository repository, DoubleCheckSuite suite, DoubleAccount sender) =>
        webhooks.OfRepository("check_suite", action, repository, sender, new JsonObject { ["check_suite"] = shapes.CheckSuite(repository, suite) },
            app => action == "completed" || app == suite.App);

    public DoubleStatus AddStatus(DoubleRepository repository, string sha, string value, string context, string? description, string? target, DoubleAccount creator)
    {
        var status = new DoubleStatus(state.NextId("status"), sha, value, context, description, target, creator, state.Now);
        repository.Statuses.Add(status);
        webhooks.OfRepository("status", null, repository, creator, new JsonObject
        {
            ["id"] = status.Id,
            ["sha"] = sha,
            ["name"] = repository.FullName,
            ["avatar_url"] = shapes.Web($"/avatars/u/{creator.Id}?v=4"),
            ["target_url"] = target,
            ["context"] = context,
            ["description"] = description,
            ["state"] = value,
            ["commit"] = new JsonObject { ["sha"] = sha, ["url"] = shapes.Api($"/repos/{repository.FullName}/commits/{sha}") },
            ["branches"] = new JsonArray(),
            ["created_at"] = Shapes.LongTime(status.CreatedAt),
            ["updated_at"] = Shapes.LongTime(status.CreatedAt),
        });
        return status;
    }

    /// <summary>The newest of each context.</summary>
    public static List<DoubleStatus> Latest(DoubleRepository repository, string sha) =>
        [.. repository.Statuses.Where(s => s.Sha == sha).GroupBy(s => s.Context, StringComparer.OrdinalIgnoreCase).Select(g => g.Last())];

    public static string Combined(IReadOnlyCollection<DoubleStatus> latest) =>
        latest.Any(s => s.State is "failure" or "error") ? "failure" : latest.Count == 0 || latest.Any(s => s.State == "pending") ? "pending" : "success";
}
