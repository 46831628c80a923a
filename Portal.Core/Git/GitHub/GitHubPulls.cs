using Microsoft.EntityFrameworkCore;
using Octokit;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Git.GitHub;

/// <summary>A pull request as it is now. All texts are an outsider's.</summary>
/// <param name="IsFork">Its commits come from another repository, whose pushers nobody here chose.</param>
/// <param name="Head">Full object id.</param>
public sealed record PullRequestFacts(int Number, string Title, string Author, bool IsOpen, bool IsFork, string HeadBranch, string Head, string BaseBranch);

/// <summary>Reads pull requests and keeps one comment on each.</summary>
internal sealed class GitHubPulls(IDbContextFactory<PortalDbContext> contexts, GitHubReporter reporter)
{
    private const int MostOpen = 300;

    /// <summary>The key of an app's repository, with the right to it asked anew.</summary>
    public async Task<RepositoryKey> KeyAsync(Guid app, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var (connection, installation, repository) = await GitHubAccess.DemandAsync(db, app, cancellationToken);
        return new RepositoryKey(connection.Id, installation, repository);
    }

    /// <summary>Null when there is none of this number.</summary>
    public async Task<PullRequestFacts?> GetAsync(RepositoryKey key, int number, CancellationToken cancellationToken)
    {
        try
        {
            return Of(await reporter.AsRepositoryAsync(key, client => client.PullRequest.Get(key.Repository, number), cancellationToken));
        }
        catch (PortalException e) when (e.Refusal == Refusal.NotFound)
        {
            return null;
        }
    }

    /// <summary>The newest open ones.</summary>
    public async Task<IReadOnlyList<PullRequestFacts>> OpenAsync(RepositoryKey key, CancellationToken cancellationToken) =>
        [.. (await reporter.AsRepositoryAsync(key, client => client.PullRequest.GetAllForRepository(key.Repository, new PullRequestRequest { State = ItemStateFilter.Open },
            new ApiOptions { PageSize = GitHubCalls.PageSize, PageCount = MostOpen / GitHubCalls.PageSize }), cancellationToken)).Select(Of).OfType<PullRequestFacts>()];

    /// <summary>Makes the comment, or makes it say something else.</summary>
    /// <param name="marker">Part of the text that nobody sees; finds it again when its number was lost.</param>
    /// <returns>GitHub's number of the comment.</returns>
    public Task<long> CommentAsync(RepositoryKey key, int number, string marker, string text, long? known, CancellationToken cancellationToken) => reporter.AsRepositoryAsync(key, async client =>
    {
        var comments = client.Issue.Comment;
        known ??= (await comments.GetAllForIssue(key.Repository, number, new ApiOptions { PageSize = GitHubCalls.PageSize, PageCount = 3 }))
            .FirstOrDefault(c => c.Body?.Contains(marker, StringComparison.Ordinal) == true)?.Id;
        if (known is { } id)
        {
            try
            {
                return (await comments.Update(key.Repository, id, text)).Id;
            }
            catch (NotFoundException)
            {
                // Somebody deleted it; they may see a new one.
            }
        }
        return (await comments.Create(key.Repository, number, text)).Id;
    }, cancellationToken);

    private static PullRequestFacts? Of(PullRequest pull) =>
        pull.Head?.Sha is { } head && RefNames.IsCommit(head)
            ? new PullRequestFacts(pull.Number, RepositoryText.Clean(pull.Title ?? "", 200), RepositoryText.Clean(pull.User?.Login ?? "somebody", 100), pull.State.StringValue == "open",
                // A fork that was deleted has no repository any more.
                pull.Head.Repository is null || pull.Head.Repository.Id != pull.Base.Repository.Id, RepositoryText.Clean(pull.Head.Ref ?? "", 250), head, RepositoryText.Clean(pull.Base.Ref ?? "", 250))
            : null;
}
