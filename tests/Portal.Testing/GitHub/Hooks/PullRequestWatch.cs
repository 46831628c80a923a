using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

/// <summary>Keeps pull requests in step with their branches, and tells of them.</summary>
internal sealed class PullRequestWatch(DoubleState state, Shapes shapes, Webhooks webhooks)
{
    /// <summary>The caller holds the pushed repository's <see cref="BareRepository.Writing"/>.</summary>
    public async Task PushedAsync(DoubleRepository pushed, IReadOnlyList<RefChange> branches, DoubleAccount pusher)
    {
        List<(DoublePullRequest Pull, RefChange Change)> moved;
        lock (state.Gate)
        {
            moved = [.. from repository in state.Repositories.Values
                        from pull in repository.PullRequests
                        where pull.IsOpen
                        from change in branches
                        where (pull.Head == pushed && pull.HeadBranch == change.ShortName) || (repository == pushed && pull.BaseBranch == change.ShortName)
                        select (pull, change)];
        }
        foreach (var (pull, change) in moved)
        {
            var ofHead = pull.Head == pushed && pull.HeadBranch == change.ShortName;
            if (change.Deleted)
            {
                lock (state.Gate)
                {
                    pull.ClosedAt = pull.UpdatedAt = state.Now;
                    Tell("closed", pull, pusher);
                }
                continue;
            }
            await TryOutAsync(pull, ofHead ? change.After : pull.HeadSha);
            lock (state.Gate)
            {
                pull.UpdatedAt = state.Now;
                if (ofHead)
                {
                    Tell("synchronize", pull, pusher, new JsonObject { ["before"] = change.Before, ["after"] = change.After });
                }
            }
        }
    }

    /// <summary>Brings the head into the repository as <c>refs/pull/N/head</c>, and the merge that would be as <c>…/merge</c>.</summary>
    public async Task TryOutAsync(DoublePullRequest pull, string headSha)
    {
        var git = pull.Repository.Git;
        if (pull.Head is { } head && head != pull.Repository)
        {
            await git.FetchAsync(head.Git.Folder, headSha, $"refs/pull/{pull.Number}/head");
        }
        else
        {
            await git.UpdateRefAsync($"refs/pull/{pull.Number}/head", headSha);
        }
        var baseSha = (await git.BranchAsync(pull.BaseBranch))!;
        var tree = await git.MergeTreeAsync(baseSha, headSha);
        var merge = tree is null ? null : await git.CommitTreeAsync(tree, $"Merge {headSha} into {baseSha}", pull.Author, baseSha, headSha);
        await git.UpdateRefAsync($"refs/pull/{pull.Number}/merge", merge);
        lock (state.Gate)
        {
            (pull.HeadSha, pull.BaseSha, pull.MergeSha) = (headSha, baseSha, merge);
        }
    }

    /// <summary>To be called under the gate.</summary>
    public void Tell(string action, DoublePullRequest pull, DoubleAccount sender, JsonObject? more = null)
    {
        var payload = new JsonObject { ["number"] = pull.Number, ["pull_request"] = shapes.PullRequest(pull, full: true) };
        foreach (var (name, value) in more ?? [])
        {
            payload[name] = value?.DeepClone();
        }
        webhooks.OfRepository("pull_request", action, pull.Repository, sender, payload);
    }
}
