namespace Portal.Testing.GitHub;

public sealed partial class GitHubDouble
{
    /// <summary>A copy of now in another account; a fork of something private is private too.</summary>
    public async Task<DoubleRepository> ForkAsync(DoubleRepository repository, string ownerLogin)
    {
        await repository.Git.EnsureAsync();
        DoubleRepository fork;
        lock (State.Gate)
        {
            var owner = State.Person(ownerLogin);
            fork = State.NewRepository(owner, repository.Name, (id, git) => new DoubleRepository(id, owner, repository.Name, git, State.Now)
            {
                IsPrivate = repository.IsPrivate,
                Language = repository.Language,
                DefaultBranch = repository.DefaultBranch,
                Parent = repository,
            }, repository.Git.Folder);
        }
        await fork.Git.EnsureAsync();
        lock (State.Gate)
        {
            TellOfNew(fork);
        }
        return fork;
    }

    /// <param name="head">The same repository or a fork of it.</param>
    /// <param name="author">A login; the owner of the head when none is named.</param>
    public async Task<DoublePullRequest> OpenPullRequestAsync(
        DoubleRepository repository, DoubleRepository head, string headBranch, string baseBranch = "main", string title = "A change", string? author = null, bool draft = false)
    {
        var sha = await head.Git.BranchAsync(headBranch) ?? throw new ArgumentException($"There is no branch {headBranch}.", nameof(headBranch));
        DoublePullRequest pull;
        lock (State.Gate)
        {
            pull = new DoublePullRequest(State.NextId("pull"), ++repository.LastNumber, repository, head, headBranch, baseBranch)
            {
                Title = title,
                Draft = draft,
                Author = author is null ? Actor(head.Owner) : State.Person(author),
                HeadOwner = head.Owner.Login,
                CreatedAt = State.Now,
                UpdatedAt = State.Now,
            };
        }
        await Pulls.TryOutAsync(pull, sha);
        lock (State.Gate)
        {
            repository.PullRequests.Add(pull);
            Pulls.Tell("opened", pull, pull.Author);
        }
        return pull;
    }

    public Task ClosePullRequestAsync(DoublePullRequest pull, string? by = null)
    {
        lock (State.Gate)
        {
            pull.ClosedAt = pull.UpdatedAt = State.Now;
            Pulls.Tell("closed", pull, by is null ? pull.Author : State.Person(by));
        }
        return Task.CompletedTask;
    }

    /// <summary>With what its branch has become in the meantime.</summary>
    public async Task ReopenPullRequestAsync(DoublePullRequest pull, string? by = null)
    {
        if (pull.IsMerged || pull.Head is null || await pull.Head.Git.BranchAsync(pull.HeadBranch) is not { } sha)
        {
            throw new InvalidOperationException("It is merged, or its branch is gone.");
        }
        await Pulls.TryOutAsync(pull, sha);
        lock (State.Gate)
        {
            (pull.ClosedAt, pull.UpdatedAt) = (null, State.Now);
            Pulls.Tell("reopened", pull, by is null ? pull.Author : State.Person(by));
        }
    }

    public Task LabelPullRequestAsync(DoublePullRequest pull, string label, string? by = null)
    {
        lock (State.Gate)
        {
            pull.Labels.Add(label);
            pull.UpdatedAt = State.Now;
            Pulls.Tell("labeled", pull, by is null ? Actor(pull.Repository.Owner) : State.Person(by), new() { ["label"] = Shapes.Label(label) });
        }
        return Task.CompletedTask;
    }

    /// <summary>A merge commit in the base branch; answers its SHA.</summary>
    public async Task<string> MergePullRequestAsync(DoublePullRequest pull, string? by = null)
    {
        DoubleAccount merger;
        lock (State.Gate)
        {
            merger = by is null ? Actor(pull.Repository.Owner) : State.Person(by);
        }
        var sha = await PushAsync(pull.Repository, merger, async _ =>
        {
            var git = pull.Repository.Git;
            var target = (await git.BranchAsync(pull.BaseBranch))!;
            var tree = await git.MergeTreeAsync(target, pull.HeadSha) ?? throw new InvalidOperationException("It conflicts with its base.");
            var merge = await git.CommitTreeAsync(tree, $"Merge pull request #{pull.Number} from {pull.HeadOwner}/{pull.HeadBranch}", merger, target, pull.HeadSha);
            await git.UpdateRefAsync($"refs/heads/{pull.BaseBranch}", merge);
            lock (State.Gate)
            {
                (pull.MergeSha, pull.MergedBy) = (merge, merger);
                pull.MergedAt = pull.ClosedAt = pull.UpdatedAt = State.Now;
            }
            return merge;
        });
        lock (State.Gate)
        {
            Pulls.Tell("closed", pull, merger);
        }
        return sha;
    }
}
