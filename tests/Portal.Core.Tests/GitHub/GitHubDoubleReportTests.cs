using System.Net;
using Octokit;
using Portal.Testing.GitHub;

namespace Portal.Core.Tests.GitHub;

/// <summary>The double where results are reported: pull requests, comments, statuses, checks, deployments.</summary>
public sealed class GitHubDoubleReportTests : IAsyncLifetime
{
    private DoubleBench _bench = null!;
    private GitHubClient _client = null!;
    private DoubleApp _app = null!;
    private string _sha = "";

    private GitHubDouble GitHub => _bench.GitHub;

    private DoubleRepository Repository => _bench.Repository;

    public async ValueTask InitializeAsync()
    {
        _bench = await DoubleBench.StartAsync();
        _sha = await GitHub.CommitAsync(Repository, "main", Files("a.txt", "1"));
        _app = _bench.App();
        _client = _bench.Client(await _bench.TokenAsync(_app, await GitHub.InstallAsync(_app, "acme")));
    }

    public async ValueTask DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task A_pull_request_from_a_fork_lives_from_opening_to_merging()
    {
        var fork = await GitHub.ForkAsync(Repository, "grace");
        var first = await GitHub.CommitAsync(fork, "topic", Files("b.txt", "1"));
        var pull = await GitHub.OpenPullRequestAsync(Repository, fork, "topic");
        var second = await GitHub.CommitAsync(fork, "topic", Files("b.txt", "2"));
        var read = await _client.PullRequest.Get("acme", "shop", pull.Number);
        Assert.Equal((second, "grace:topic", true), (read.Head.Sha, read.Head.Label, read.Mergeable));
        Assert.True(read.Head.Repository.Fork);
        await GitHub.CommitAsync(Repository, "main", Files("b.txt", "other"));
        Assert.False((await _client.PullRequest.Get("acme", "shop", pull.Number)).Mergeable);
        await GitHub.CommitAsync(fork, "topic", Files("b.txt", "other"));
        Assert.Equal(pull.Number, Assert.Single(await _client.PullRequest.GetAllForRepository("acme", "shop")).Number);
        var merged = await GitHub.MergePullRequestAsync(pull);
        Assert.Empty(await _client.PullRequest.GetAllForRepository("acme", "shop"));
        Assert.Equal(merged, (await _client.Repository.Branch.Get("acme", "shop", "main")).Commit.Sha);
        Assert.True((await _client.PullRequest.Get("acme", "shop", pull.Number)).Merged);

        var told = await ToldAsync();
        var pulls = told.Where(g => g.Event == "pull_request").Select(g => g.Json).ToList();
        Assert.Equal(["opened", "synchronize", "synchronize", "closed"], pulls.Select(p => (string?)p["action"]));
        Assert.Equal((first, second), ((string?)pulls[1]["before"], (string?)pulls[1]["after"]));
        Assert.True((bool)pulls[3]["pull_request"]!["merged"]!);
        Assert.DoesNotContain(told, g => g.Event == "push" && (string?)g.Json["ref"] == "refs/heads/topic");
        Assert.Single(told, g => g.Event == "push" && (string?)g.Json["after"] == merged);
    }

    [Fact]
    public async Task Comments_are_written_once_and_changed()
    {
        await GitHub.CommitAsync(Repository, "topic", Files("b.txt", "1"));
        var pull = await GitHub.OpenPullRequestAsync(Repository, Repository, "topic");
        var comment = await _client.Issue.Comment.Create("acme", "shop", pull.Number, "Building");
        await _client.Issue.Comment.Update("acme", "shop", comment.Id, "Ready");
        var only = Assert.Single(await _client.Issue.Comment.GetAllForIssue("acme", "shop", pull.Number));
        Assert.Equal(("Ready", "portal[bot]"), (only.Body, only.User.Login));
        await Assert.ThrowsAsync<NotFoundException>(() => _client.Issue.Comment.Create("acme", "shop", 99, "x"));
        await Assert.ThrowsAsync<ApiValidationException>(() => _client.Issue.Comment.Create("acme", "shop", pull.Number, new string('x', 65_537)));
    }

    [Fact]
    public async Task What_is_not_permitted_is_refused_and_not_hidden()
    {
        var installation = await GitHub.InstallAsync(GitHub.AddApp("acme", "Reader", new AppManifest { Url = "http://portal.test", Permissions = new Dictionary<string, string> { ["contents"] = "read" } }), "acme");
        var reader = _bench.Client(await _bench.TokenAsync(installation.App, installation));
        await reader.Repository.Branch.Get("acme", "shop", "main");
        var refused = await Assert.ThrowsAsync<ForbiddenException>(() => reader.Repository.Status.Create("acme", "shop", _sha, new NewCommitStatus { State = CommitState.Success }));
        Assert.Equal("Resource not accessible by integration", refused.Message);
    }

    [Fact]
    public async Task A_context_has_at_most_a_thousand_statuses_on_one_commit()
    {
        for (var i = 0; i < 1000; i++)
        {
            GitHub.SetCommitStatus(Repository, _sha, "portal/production", "pending");
        }
        var status = new NewCommitStatus { State = CommitState.Success, Context = "portal/production" };
        var full = await Assert.ThrowsAsync<ApiValidationException>(() => _client.Repository.Status.Create("acme", "shop", _sha, status));
        Assert.Contains("maximum number of statuses", full.ApiError.Errors[0].Message, StringComparison.Ordinal);
        status.Context = "other";
        await _client.Repository.Status.Create("acme", "shop", _sha, status);
        var combined = await _client.Repository.Status.GetCombined("acme", "shop", "main");
        Assert.Equal((CommitState.Pending, 2), (combined.State.Value, combined.TotalCount));
        status.Description = new string('x', 141);
        await Assert.ThrowsAsync<ApiValidationException>(() => _client.Repository.Status.Create("acme", "shop", _sha, status));
        await Assert.ThrowsAsync<ApiValidationException>(() => _client.Repository.Status.Create("acme", "shop", new string('a', 40), new NewCommitStatus { State = CommitState.Success }));
    }

    [Fact]
    public async Task A_check_runs_from_queued_to_its_conclusion_and_again_on_request()
    {
        var run = await _client.Check.Run.Create("acme", "shop", new NewCheckRun("Portal: production", _sha) { Status = CheckStatus.InProgress, DetailsUrl = "http://portal.test/1" });
        var done = await _client.Check.Run.Update("acme", "shop", run.Id, new CheckRunUpdate { Conclusion = CheckConclusion.Failure, Output = new NewCheckRunOutput("Failed", "No start command") });
        Assert.Equal((CheckStatus.Completed, CheckConclusion.Failure, "Failed"), (done.Status.Value, done.Conclusion!.Value.Value, done.Output.Title));
        GitHub.SetCommitCheck(Repository, _sha, "tests", "success");
        Assert.Equal(["Portal: production", "tests"], (await _client.Check.Run.GetAllForReference("acme", "shop", "main")).CheckRuns.Select(r => r.Name).Order());
        var foreign = (await _client.Check.Run.GetAllForReference("acme", "shop", _sha, new CheckRunRequest { CheckName = "tests" })).CheckRuns[0];
        await Assert.ThrowsAsync<ForbiddenException>(() => _client.Check.Run.Update("acme", "shop", foreign.Id, new CheckRunUpdate { Conclusion = CheckConclusion.Failure }));
        GitHub.RerequestCheckRun(Repository, foreign.Id);
        GitHub.RerequestCheckRun(Repository, run.Id, by: "ada");

        var told = (await ToldAsync()).Where(g => g.Event == "check_run").Select(g => ((string?)g.Json["action"], (string?)g.Json["check_run"]!["name"]));
        Assert.Equal([("created", run.Name), ("completed", run.Name), ("created", "tests"), ("completed", "tests"), ("rerequested", run.Name)], told);
    }

    [Fact]
    public async Task A_deployment_with_GitHubs_defaults_merges_or_conflicts()
    {
        var topic = await GitHub.CommitAsync(Repository, "topic", Files("b.txt", "1"));
        await GitHub.CommitAsync(Repository, "main", Files("c.txt", "1"));
        // 202 is an answer without a deployment; the client library reads it as an empty one.
        Assert.Equal(0, (await _client.Repository.Deployment.Create("acme", "shop", new NewDeployment("topic"))).Id);
        Assert.NotEqual(topic, await GitHub.HeadAsync(Repository, "topic"));

        GitHub.SetCommitStatus(Repository, (await GitHub.HeadAsync(Repository, "topic"))!, "ci", "failure");
        var conflict = await Assert.ThrowsAsync<ApiException>(() => _client.Repository.Deployment.Create("acme", "shop", new NewDeployment("topic") { AutoMerge = false }));
        Assert.Equal(HttpStatusCode.Conflict, conflict.StatusCode);
        Assert.NotEqual(0, (await DeployAsync("topic", "staging")).Id);
    }

    [Fact]
    public async Task A_success_makes_the_earlier_deployment_of_its_environment_inactive()
    {
        var preview = await DeployAsync("main", "production", transient: true);
        var first = await DeployAsync("main", "production");
        var elsewhere = await DeployAsync("main", "staging");
        foreach (var deployment in new[] { preview, first, elsewhere })
        {
            await SucceedAsync(deployment);
        }
        await SucceedAsync(await DeployAsync("main", "production"), autoInactive: false);
        Assert.Equal(DeploymentState.Success, await StateAsync(first));
        await SucceedAsync(await DeployAsync("main", "production"));
        Assert.Equal(DeploymentState.Inactive, await StateAsync(first));
        Assert.Equal(DeploymentState.Success, await StateAsync(preview));
        Assert.Equal(DeploymentState.Success, await StateAsync(elsewhere));
        Assert.Equal(5, (await _client.Repository.Deployment.GetAll("acme", "shop")).Count);
        // Five successes, and inactive for the first and for the fourth.
        Assert.Equal(7, (await ToldAsync()).Count(g => g.Event == "deployment_status"));
    }

    private static Dictionary<string, string> Files(string path, string content) => new() { [path] = content };

    private Task<Deployment> DeployAsync(string name, string environment, bool transient = false) => _client.Repository.Deployment.Create("acme", "shop", new NewDeployment(name)
    {
        AutoMerge = false,
        RequiredContexts = [],
        Environment = environment,
        TransientEnvironment = transient,
    });

    private Task SucceedAsync(Deployment deployment, bool autoInactive = true) =>
        _client.Repository.Deployment.Status.Create("acme", "shop", deployment.Id, new NewDeploymentStatus(DeploymentState.Success) { AutoInactive = autoInactive, EnvironmentUrl = "http://shop.test" });

    private async Task<DeploymentState> StateAsync(Deployment deployment) =>
        (await _client.Repository.Deployment.Status.GetAll("acme", "shop", deployment.Id))[0].State.Value;

    private async Task<IReadOnlyList<Got>> ToldAsync()
    {
        await GitHub.Deliveries.SettledAsync(TestContext.Current.CancellationToken);
        Assert.Empty(GitHub.Requests.Faults);
        return _bench.Receiver.Got;
    }
}
