using System.Collections.Concurrent;
using System.Collections.ObjectModel;
using Microsoft.EntityFrameworkCore;
using Octokit;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Git.GitHub;

/// <summary>A repository by the numbers that stay.</summary>
public readonly record struct RepositoryKey(Guid Connection, long Installation, long Repository);

public enum ReportState
{
    Queued,
    InProgress,
    Success,
    Failure,
    Cancelled,

    /// <summary>Of a deployment: it does not run any more.</summary>
    Inactive,
}

/// <summary>What is said of one build on its commit.</summary>
/// <param name="Name">Stays the same for an app and environment: branch protection refers to it.</param>
/// <param name="Key">Finds it again when its number was lost.</param>
/// <param name="Summary">Markdown.</param>
/// <param name="Link">To the build's log.</param>
public sealed record CommitReport(string Name, string Commit, string Key, ReportState State, string Title, string Summary, string Link, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt);

/// <summary>What is said of one release.</summary>
/// <param name="Address">Where it answers; null for apps without a web process.</param>
/// <param name="IsTransient">Goes away with its pull request.</param>
public sealed record DeploymentReport(string Environment, string Commit, string Key, ReportState State, string Description, string Link, string? Address, bool IsTransient, bool IsProduction);

/// <summary>Tells GitHub how a commit's build and deploy are. Sending the same again changes nothing.</summary>
internal sealed class GitHubReporter(IDbContextFactory<PortalDbContext> contexts, GitHubCalls calls, GitHubTokens tokens)
{
    /// <summary>GitHub's limit for descriptions of statuses and deployments.</summary>
    private const int MaxDescription = 140;

    private const string PayloadKey = "portal";

    /// <summary>What GitHub says when the App lacks a permission.</summary>
    private const string NoPermission = "not accessible by integration";

    /// <summary>Installations whose App may not write checks: they get commit statuses.</summary>
    private readonly ConcurrentDictionary<(Guid, long), bool> _statusesOnly = new();

    /// <param name="known">Of an earlier call; null: none, or it was lost.</param>
    /// <returns>GitHub's number of the check run; 0 where a commit status stands for it.</returns>
    public async Task<long> SendAsync(RepositoryKey key, CommitReport report, long? known, CancellationToken cancellationToken)
    {
        if (known is > 0 || (known is null && !_statusesOnly.ContainsKey((key.Connection, key.Installation))))
        {
            try
            {
                return await AsRepositoryAsync(key, client => CheckAsync(client.Check.Run, key.Repository, report, known), cancellationToken);
            }
            catch (PortalException e) when (known is null && e.Refusal == Refusal.Denied && e.Message.Contains(NoPermission, StringComparison.OrdinalIgnoreCase))
            {
                _statusesOnly[(key.Connection, key.Installation)] = true;
            }
        }
        await AsRepositoryAsync(key, client => client.Repository.Status.Create(key.Repository, report.Commit, new NewCommitStatus
        {
            Context = report.Name,
            State = report.State switch { ReportState.Success => CommitState.Success, ReportState.Failure => CommitState.Failure, ReportState.Cancelled => CommitState.Error, _ => CommitState.Pending },
            Description = RepositoryText.Clean(report.Title, MaxDescription),
            TargetUrl = report.Link,
        }), cancellationToken);
        return 0;
    }

    /// <returns>GitHub's number of the deployment.</returns>
    public Task<long> SendAsync(RepositoryKey key, DeploymentReport report, long? known, CancellationToken cancellationToken) => AsRepositoryAsync(key, async client =>
    {
        var deployments = client.Repository.Deployment;
        var id = known ?? await FindAsync(client, key.Repository, report) ?? (await deployments.Create(key.Repository, new NewDeployment(report.Commit)
        {
            // The defaults would merge the default branch into the commit's and wait for every check there is.
            AutoMerge = false,
            RequiredContexts = new Collection<string>(),
            Environment = report.Environment,
            Description = RepositoryText.Clean(report.Description, MaxDescription),
            Payload = new Dictionary<string, string> { [PayloadKey] = report.Key },
            TransientEnvironment = report.IsTransient,
            ProductionEnvironment = report.IsProduction,
        })).Id;
        if (id == 0)
        {
            throw new PortalException(Refusal.Invalid, "The host merged branches instead of making a deployment.");
        }
        await deployments.Status.Create(key.Repository, id, new NewDeploymentStatus(report.State switch
        {
            ReportState.Queued => DeploymentState.Queued,
            ReportState.InProgress => DeploymentState.InProgress,
            ReportState.Success => DeploymentState.Success,
            ReportState.Failure => DeploymentState.Failure,
            ReportState.Cancelled => DeploymentState.Error,
            _ => DeploymentState.Inactive,
        })
        {
            Description = RepositoryText.Clean(report.Description, MaxDescription),
            LogUrl = report.Link,
            EnvironmentUrl = report.Address,
            AutoInactive = true,
        });
        return id;
    }, cancellationToken);

    private static async Task<long> CheckAsync(ICheckRunsClient runs, long repository, CommitReport report, long? known)
    {
        CheckStatus status = report.State switch { ReportState.Queued => CheckStatus.Queued, ReportState.InProgress => CheckStatus.InProgress, _ => CheckStatus.Completed };
        CheckConclusion? conclusion = report.State switch { ReportState.Success => CheckConclusion.Success, ReportState.Failure => CheckConclusion.Failure, ReportState.Cancelled => CheckConclusion.Cancelled, _ => null };
        var output = new NewCheckRunOutput(report.Title, report.Summary);
        var id = known ?? await FoundAsync(runs, repository, report);
        if (id is null)
        {
            var made = await runs.Create(repository, new NewCheckRun(report.Name, report.Commit)
            {
                ExternalId = report.Key,
                DetailsUrl = report.Link,
                Status = status,
                Conclusion = conclusion,
                StartedAt = report.StartedAt,
                CompletedAt = conclusion is null ? null : report.EndedAt,
                Output = output,
            });
            return made.Id;
        }
        await runs.Update(repository, id.Value, new CheckRunUpdate
        {
            DetailsUrl = report.Link,
            Status = status,
            Conclusion = conclusion,
            StartedAt = report.StartedAt,
            CompletedAt = conclusion is null ? null : report.EndedAt,
            Output = output,
        });
        return id.Value;
    }

    /// <summary>It may have been made by somebody who died before keeping its number.</summary>
    private static async Task<long?> FoundAsync(ICheckRunsClient runs, long repository, CommitReport report) =>
        (await runs.GetAllForReference(repository, report.Commit, new CheckRunRequest { CheckName = report.Name, Filter = CheckRunCompletedAtFilter.All }, OnePage))
            .CheckRuns.FirstOrDefault(run => run.ExternalId == report.Key)?.Id;

    private static async Task<long?> FindAsync(IGitHubClient client, long repository, DeploymentReport report)
    {
        var listed = await client.Connection.Get<List<Deployed>>(new Uri($"repositories/{repository}/deployments", UriKind.Relative),
            new Dictionary<string, string> { ["sha"] = report.Commit, ["environment"] = report.Environment, ["per_page"] = "100" });
        return listed.Body.FirstOrDefault(d => d.Payload is IDictionary<string, object> payload && payload.TryGetValue(PayloadKey, out var key) && key as string == report.Key)?.Id;
    }

    private static ApiOptions OnePage => new() { PageSize = GitHubCalls.PageSize, PageCount = 1 };

    /// <summary>Octokit's own takes every payload for an object; of other tools it may be a text.</summary>
    private sealed class Deployed
    {
        public long Id { get; set; }

        public object? Payload { get; set; }
    }

    /// <summary>With a token for this one repository.</summary>
    public async Task<T> AsRepositoryAsync<T>(RepositoryKey key, Func<IGitHubClient, Task<T>> call, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var connection = await db.Set<GitConnection>().AsNoTracking().SingleOrDefaultAsync(c => c.Id == key.Connection, cancellationToken) ?? throw PortalException.NotFound("connection");
        var token = await tokens.SharedAsync(connection, key.Installation, key.Repository, GitHubUse.Report, cancellationToken);
        try
        {
            return await calls.WithTokenAsync(connection, key.Installation, token.Value, call, cancellationToken);
        }
        catch (PortalException e) when (e.Refusal == Refusal.Denied)
        {
            tokens.Forget(key, GitHubUse.Report);
            throw;
        }
    }
}
