namespace Portal.Testing.GitHub;

public sealed partial class GitHubDouble
{
    private const string ForeignApp = "Other CI";

    /// <summary>Another CI's check on a commit, with its events.</summary>
    /// <param name="conclusion">"success", "failure"…; null: it is in progress.</param>
    public void SetCommitCheck(DoubleRepository repository, string sha, string name, string? conclusion)
    {
        lock (State.Gate)
        {
            var app = State.App(DoubleApp.SlugOf(ForeignApp)) ?? Register(Actor(repository.Owner), ForeignApp, new AppManifest
            {
                Url = "https://ci.example.com",
                Public = true,
                Permissions = new Dictionary<string, string> { ["checks"] = "write" },
            });
            var run = repository.CheckRuns.Find(r => r.Suite.App == app && r.Suite.Sha == sha && r.Name == name);
            if (run is null)
            {
                run = Checks.Add(repository, app, sha, name);
                Checks.Tell("created", repository, run, app.Bot);
            }
            run.Status = conclusion is null ? "in_progress" : "completed";
            run.Conclusion = conclusion;
            run.CompletedAt = conclusion is null ? null : State.Now;
            if (conclusion is not null)
            {
                Checks.Tell("completed", repository, run, app.Bot);
            }
        }
    }

    /// <summary>Another CI's status on a commit, the old way.</summary>
    public void SetCommitStatus(DoubleRepository repository, string sha, string context, string state)
    {
        lock (State.Gate)
        {
            Checks.AddStatus(repository, sha, state, context, null, null, Actor(repository.Owner));
        }
    }

    /// <summary>Somebody presses "Re-run" beside the check; only the app that made it hears of that.</summary>
    public void RerequestCheckRun(DoubleRepository repository, long runId, string? by = null)
    {
        lock (State.Gate)
        {
            var run = repository.CheckRuns.Find(r => r.Id == runId) ?? throw new ArgumentException($"There is no check run {runId}.", nameof(runId));
            Checks.Tell("rerequested", repository, run, by is null ? Actor(repository.Owner) : State.Person(by));
        }
    }

    /// <summary>"Re-run all checks" of one app for a commit.</summary>
    public void RerequestCheckSuite(DoubleRepository repository, DoubleApp app, string sha, string? by = null)
    {
        lock (State.Gate)
        {
            var suite = repository.CheckSuites.FindLast(s => s.App == app && s.Sha == sha) ?? throw new ArgumentException("The app has no suite for the commit.", nameof(sha));
            Checks.TellOfSuite("rerequested", repository, suite, by is null ? Actor(repository.Owner) : State.Person(by));
        }
    }
}
