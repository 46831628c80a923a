using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

internal sealed partial class Shapes
{
    public JsonObject Status(DoubleRepository repository, DoubleStatus status) => new()
    {
        ["url"] = Api($"/repos/{repository.FullName}/statuses/{status.Sha}"),
        ["avatar_url"] = Web($"/avatars/u/{status.Creator.Id}?v=4"),
        ["id"] = status.Id,
        ["node_id"] = NodeId("SC", status.Id),
        ["state"] = status.State,
        ["description"] = status.Description,
        ["target_url"] = status.TargetUrl,
        ["context"] = status.Context,
        ["created_at"] = Time(status.CreatedAt),
        ["updated_at"] = Time(status.CreatedAt),
        ["creator"] = Account(status.Creator),
    };

    public JsonObject CheckSuite(DoubleRepository repository, DoubleCheckSuite suite)
    {
        var runs = repository.CheckRuns.Where(r => r.Suite == suite).ToList();
        var completed = runs.Count > 0 && runs.TrueForAll(r => r.Status == "completed");
        return new JsonObject
        {
            ["id"] = suite.Id,
            ["node_id"] = NodeId("CS", suite.Id),
            ["head_branch"] = suite.Branch,
            ["head_sha"] = suite.Sha,
            ["status"] = completed ? "completed" : runs.Exists(r => r.Status == "in_progress") ? "in_progress" : "queued",
            ["conclusion"] = completed ? runs.TrueForAll(r => r.Conclusion is "success" or "neutral" or "skipped") ? "success" : "failure" : null,
            ["url"] = Api($"/repos/{repository.FullName}/check-suites/{suite.Id}"),
            ["before"] = suite.Before,
            ["after"] = suite.Sha,
            ["pull_requests"] = PullRequestsOf(repository, suite),
            ["app"] = App(suite.App),
            ["created_at"] = Time(suite.CreatedAt),
            ["updated_at"] = Time(suite.CreatedAt),
            ["latest_check_runs_count"] = runs.Count,
            ["check_runs_url"] = Api($"/repos/{repository.FullName}/check-suites/{suite.Id}/check-runs"),
        };
    }

    /// <param name="payload">In a webhook, where the suite is told in full.</param>
    public JsonObject CheckRun(DoubleRepository repository, DoubleCheckRun run, bool payload = false) => new()
    {
        ["id"] = run.Id,
        ["name"] = run.Name,
        ["node_id"] = NodeId("CR", run.Id),
        ["head_sha"] = run.Suite.Sha,
        ["external_id"] = run.ExternalId ?? "",
        ["url"] = Api($"/repos/{repository.FullName}/check-runs/{run.Id}"),
        ["html_url"] = Web($"{repository.FullName}/runs/{run.Id}"),
        ["details_url"] = run.DetailsUrl ?? run.Suite.App.Manifest.Url,
        ["status"] = run.Status,
        ["conclusion"] = run.Conclusion,
        ["started_at"] = Time(run.StartedAt),
        ["completed_at"] = Time(run.CompletedAt),
        ["output"] = new JsonObject
        {
            ["title"] = run.Title,
            ["summary"] = run.Summary,
            ["text"] = run.Text,
            ["annotations_count"] = run.Annotations.Count,
            ["annotations_url"] = Api($"/repos/{repository.FullName}/check-runs/{run.Id}/annotations"),
        },
        ["check_suite"] = payload ? CheckSuite(repository, run.Suite) : new JsonObject { ["id"] = run.Suite.Id },
        ["app"] = App(run.Suite.App),
        ["pull_requests"] = PullRequestsOf(repository, run.Suite),
    };

    public JsonObject Deployment(DoubleRepository repository, DoubleDeployment deployment)
    {
        var api = Api($"/repos/{repository.FullName}");
        return new JsonObject
        {
            ["url"] = $"{api}/deployments/{deployment.Id}",
            ["id"] = deployment.Id,
            ["node_id"] = NodeId("DE", deployment.Id),
            ["task"] = deployment.Task,
            ["original_environment"] = deployment.Environment,
            ["environment"] = deployment.Statuses is [.., var last] ? last.Environment : deployment.Environment,
            ["description"] = deployment.Description,
            ["created_at"] = Time(deployment.CreatedAt),
            ["updated_at"] = Time(deployment.Statuses is [.., var newest] ? newest.CreatedAt : deployment.CreatedAt),
            ["statuses_url"] = $"{api}/deployments/{deployment.Id}/statuses",
            ["repository_url"] = api,
            ["creator"] = Account(deployment.Creator),
            ["sha"] = deployment.Sha,
            ["ref"] = deployment.Ref,
            ["payload"] = deployment.Payload?.DeepClone() ?? new JsonObject(),
            ["transient_environment"] = deployment.Transient,
            ["production_environment"] = deployment.Production,
            ["performed_via_github_app"] = deployment.App is null ? null : App(deployment.App),
        };
    }

    public JsonObject DeploymentStatus(DoubleRepository repository, DoubleDeployment deployment, DoubleDeploymentStatus status)
    {
        var api = Api($"/repos/{repository.FullName}");
        return new JsonObject
        {
            ["url"] = $"{api}/deployments/{deployment.Id}/statuses/{status.Id}",
            ["id"] = status.Id,
            ["node_id"] = NodeId("DES", status.Id),
            ["state"] = status.State,
            ["creator"] = Account(status.Creator),
            ["description"] = status.Description ?? "",
            ["environment"] = status.Environment,
            ["target_url"] = status.LogUrl ?? "",
            ["created_at"] = Time(status.CreatedAt),
            ["updated_at"] = Time(status.CreatedAt),
            ["deployment_url"] = $"{api}/deployments/{deployment.Id}",
            ["repository_url"] = api,
            ["environment_url"] = status.EnvironmentUrl ?? "",
            ["log_url"] = status.LogUrl ?? "",
            ["performed_via_github_app"] = deployment.App is null ? null : App(deployment.App),
        };
    }

    // Of pushes to a fork GitHub knows no pull request here.
    private JsonArray PullRequestsOf(DoubleRepository repository, DoubleCheckSuite suite) =>
    [
        .. repository.PullRequests.Where(p => p.IsOpen && p.Head == repository && p.HeadSha == suite.Sha).Select(p => new JsonObject
        {
            ["url"] = Api($"/repos/{repository.FullName}/pulls/{p.Number}"),
            ["id"] = p.Id,
            ["number"] = p.Number,
            ["head"] = new JsonObject { ["ref"] = p.HeadBranch, ["sha"] = p.HeadSha, ["repo"] = new JsonObject { ["id"] = repository.Id, ["name"] = repository.Name } },
            ["base"] = new JsonObject { ["ref"] = p.BaseBranch, ["sha"] = p.BaseSha, ["repo"] = new JsonObject { ["id"] = repository.Id, ["name"] = repository.Name } },
        }),
    ];
}
