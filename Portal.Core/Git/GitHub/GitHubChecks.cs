using Microsoft.EntityFrameworkCore;
using Octokit;
using Portal.Core.Data;

namespace Portal.Core.Git.GitHub;

public enum CheckOutcome
{
    Pending,
    Passed,
    Failed,
}

/// <param name="Name">Of the check, or the context of a status; an outsider's text.</param>
public sealed record CommitCheck(string Name, CheckOutcome Outcome);

/// <summary>What others say of a commit: check runs and statuses, each by its newest word, without Portal's own.</summary>
internal sealed class GitHubChecks(IDbContextFactory<PortalDbContext> contexts, GitHubReporter reporter)
{
    private const int MostPages = 5;

    /// <param name="ownStatuses">How the contexts of Portal's own statuses begin.</param>
    public async Task<IReadOnlyList<CommitCheck>> ReadAsync(RepositoryKey key, string commit, string ownStatuses, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var own = await db.Set<GitConnection>().Where(c => c.Id == key.Connection).Select(c => c.AppId).SingleOrDefaultAsync(cancellationToken);
        return await reporter.AsRepositoryAsync<IReadOnlyList<CommitCheck>>(key, async client =>
        {
            var pages = new ApiOptions { PageSize = GitHubCalls.PageSize, PageCount = MostPages };
            var runs = await client.Check.Run.GetAllForReference(key.Repository, commit, new CheckRunRequest { Filter = CheckRunCompletedAtFilter.Latest }, pages);
            var statuses = await client.Repository.Status.GetAll(key.Repository, commit, pages);
            return
            [
                .. runs.CheckRuns.Where(r => r.App?.Id != own).Select(r => new CommitCheck(RepositoryText.Clean(r.Name, 200), Of(r))),
                // Newest first: of one context, what was said last counts.
                .. statuses.DistinctBy(s => s.Context).Where(s => !s.Context.StartsWith(ownStatuses, StringComparison.Ordinal)).Select(s => new CommitCheck(RepositoryText.Clean(s.Context, 200),
                    s.State.StringValue switch { "success" => CheckOutcome.Passed, "pending" => CheckOutcome.Pending, _ => CheckOutcome.Failed })),
            ];
        }, cancellationToken);
    }

    private static CheckOutcome Of(CheckRun run) => run.Status.StringValue != "completed" ? CheckOutcome.Pending
        : run.Conclusion?.StringValue is "success" or "neutral" or "skipped" ? CheckOutcome.Passed : CheckOutcome.Failed;
}
