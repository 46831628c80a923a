using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

/// <summary>Deployments with GitHub's defaults: it merges the default branch into the ref, and wants every status green.</summary>
internal static class DeploymentRoutes
{
    private const int LongestDescription = 140;
    private static readonly string[] States = ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"];

    public static void Map(RestDoor rest)
    {
        rest.RepositoryGit("POST", "/deployments", "deployments", Level.Write, CreateAsync);
        rest.Repository("GET", "/deployments", "deployments", Level.Read, List);
        rest.Repository("GET", "/deployments/{id}", "deployments", Level.Read, call => Found(call, d => Answer.Ok(call.Shapes.Deployment(call.Repository, d))));
        rest.Repository("DELETE", "/deployments/{id}", "deployments", Level.Write, call => Found(call, d => Delete(call, d)));
        rest.Repository("POST", "/deployments/{id}/statuses", "deployments", Level.Write, call => Found(call, d => AddStatus(call, d)));
        rest.Repository("GET", "/deployments/{id}/statuses", "deployments", Level.Read, call => Found(call, d =>
            call.Page([.. Enumerable.Reverse(d.Statuses)], s => call.Shapes.DeploymentStatus(call.Repository, d, s))));
    }

    private static async Task<Answer> CreateAsync(Call call)
    {
        var repository = call.Repository;
        if (call.Text("ref") is not { Length: > 0 } name)
        {
            return Answer.Error(422, "Invalid request.\n\n\"ref\" wasn't supplied.");
        }
        if (await repository.ResolveAsync(name) is not { } sha)
        {
            return Answer.Error(422, $"No ref found for: {name}");
        }
        if (call.Text("description") is { Length: > LongestDescription })
        {
            return Answer.Invalid("Deployment", "description", "custom", $"description is too long (maximum is {LongestDescription} characters)");
        }
        if (call.Flag("auto_merge") != false && await AutoMergeAsync(call, name, sha) is { } merged)
        {
            return merged;
        }
        lock (call.State.Gate)
        {
            if (Unmet(call, name, sha) is { } unmet)
            {
                return unmet;
            }
            var environment = call.Text("environment") is { Length: > 0 } given ? given : "production";
            var deployment = new DoubleDeployment(call.State.NextId("deployment"), sha, name, call.Text("task") ?? "deploy", environment, call.Actor, call.State.Now)
            {
                Description = call.Text("description"),
                Transient = call.Flag("transient_environment") ?? false,
                Production = call.Flag("production_environment") ?? environment == "production",
                Payload = call.Body["payload"]?.DeepClone(),
                App = call.Caller.ActingApp,
            };
            repository.Deployments.Add(deployment);
            call.GitHub.Webhooks.OfRepository("deployment", "created", repository, call.Actor, new JsonObject { ["deployment"] = call.Shapes.Deployment(repository, deployment) });
            return Answer.Created(call.Shapes.Deployment(repository, deployment));
        }
    }

    /// <summary>A branch that lacks commits of the default one gets them: a merge and no deployment.</summary>
    private static async Task<Answer?> AutoMergeAsync(Call call, string name, string sha)
    {
        var repository = call.Repository;
        var git = repository.Git;
        var into = repository.DefaultBranch;
        if (name == into || await git.BranchAsync(name) is null || await git.BranchAsync(into) is not { } head || await git.IsAncestorAsync(head, sha))
        {
            return null;
        }
        if (await git.MergeTreeAsync(sha, head) is not { } tree)
        {
            return Answer.Error(409, $"Conflict merging {into} into {name}.");
        }
        return await call.GitHub.PushAsync(repository, call.Actor, async by =>
        {
            var merge = await git.CommitTreeAsync(tree, $"Merge branch '{into}' into {name}", by, sha, head);
            await git.UpdateRefAsync($"refs/heads/{name}", merge);
            return new Answer(202, new JsonObject { ["message"] = $"Auto-merged {into} into {name} on deployment." });
        });
    }

    private static Answer? Unmet(Call call, string name, string sha)
    {
        var latest = CheckBook.Latest(call.Repository, sha);
        var runs = call.Repository.CheckRuns.Where(r => r.Suite.Sha == sha).ToList();
        var contexts = latest.Select(s => (s.Context, Good: s.State == "success"))
            .Concat(runs.GroupBy(r => r.Name).Select(g => (Context: g.Key, Good: g.Last().Conclusion is "success" or "neutral" or "skipped"))).ToList();
        List<JsonNode?> bad = call.Body["required_contexts"] is JsonArray named
            ? [.. named.Select(n => (string)n!).Where(n => !contexts.Exists(c => c.Context == n && c.Good)).Select(n => (JsonNode?)new JsonObject { ["context"] = n, ["state"] = "pending" })]
            : [.. contexts.Where(c => !c.Good).Select(c => (JsonNode?)new JsonObject { ["context"] = c.Context, ["state"] = "failure" })];
        return bad.Count == 0 ? null : Answer.Error(409, $"Conflict: Commit status checks failed for {name}.",
        [
            new JsonObject { ["contexts"] = new JsonArray([.. bad]), ["resource"] = "Deployment", ["field"] = "required_contexts", ["code"] = "invalid" },
        ]);
    }

    private static Answer AddStatus(Call call, DoubleDeployment deployment)
    {
        if (call.Text("state") is not { } state || !States.Contains(state))
        {
            return Answer.Invalid("DeploymentStatus", "state", "custom", "state is not included in the list");
        }
        if (call.Text("description") is { Length: > LongestDescription })
        {
            return Answer.Invalid("DeploymentStatus", "description", "custom", $"description is too long (maximum is {LongestDescription} characters)");
        }
        var before = deployment.Statuses is [.., var last] ? last : null;
        var environment = call.Text("environment") ?? before?.Environment ?? deployment.Environment;
        var status = Add(call, deployment, state, environment, call.Text("description"), call.Text("log_url") ?? call.Text("target_url"), call.Text("environment_url") ?? before?.EnvironmentUrl);
        if (state == "success" && call.Flag("auto_inactive") != false)
        {
            foreach (var earlier in call.Repository.Deployments.Where(d => d.Id < deployment.Id && !d.Transient && EnvironmentOf(d) == environment && d.Statuses is [.., { State: "success" }]).ToList())
            {
                Add(call, earlier, "inactive", environment, null, null, earlier.Statuses[^1].EnvironmentUrl);
            }
        }
        return Answer.Created(call.Shapes.DeploymentStatus(call.Repository, deployment, status));
    }

    private static DoubleDeploymentStatus Add(Call call, DoubleDeployment deployment, string state, string environment, string? description, string? log, string? url)
    {
        var status = new DoubleDeploymentStatus(call.State.NextId("deployment status"), state, environment, description, log, url, call.Actor, call.State.Now);
        deployment.Statuses.Add(status);
        call.GitHub.Webhooks.OfRepository("deployment_status", "created", call.Repository, call.Actor, new JsonObject
        {
            ["deployment_status"] = call.Shapes.DeploymentStatus(call.Repository, deployment, status),
            ["deployment"] = call.Shapes.Deployment(call.Repository, deployment),
        });
        return status;
    }

    private static Answer Delete(Call call, DoubleDeployment deployment)
    {
        var others = call.Repository.Deployments.Count(d => EnvironmentOf(d) == EnvironmentOf(deployment)) - 1;
        if (others > 0 && deployment.Statuses is [.., { State: not "inactive" }])
        {
            return Answer.Error(422, "We cannot delete an active deployment unless it is the only deployment in a given environment.");
        }
        call.Repository.Deployments.Remove(deployment);
        return Answer.NoContent();
    }

    private static Answer List(Call call)
    {
        var found = call.Repository.Deployments.Where(d =>
            (call.Query("sha") ?? d.Sha) == d.Sha && (call.Query("ref") ?? d.Ref) == d.Ref && (call.Query("task") ?? d.Task) == d.Task
            && (call.Query("environment") ?? EnvironmentOf(d)) == EnvironmentOf(d));
        return call.Page([.. found.Reverse()], d => call.Shapes.Deployment(call.Repository, d));
    }

    private static string EnvironmentOf(DoubleDeployment deployment) => deployment.Statuses is [.., var last] ? last.Environment : deployment.Environment;

    private static Answer Found(Call call, Func<DoubleDeployment, Answer> found) =>
        call.Repository.Deployments.Find(d => d.Id == call.RouteId("id")) is { } deployment ? found(deployment) : Answer.NotFound();
}
