namespace Portal.Testing.GitHub;

public sealed partial class GitHubDouble
{
    /// <summary>Commits and pushes; answers the commit's SHA.</summary>
    /// <param name="branch">One that does not exist begins at <paramref name="from"/>, else at the default branch.</param>
    /// <param name="author">A login; the repository's owner when none is named.</param>
    /// <param name="remove">Paths that the commit takes away.</param>
    /// <param name="from">The parent: a force push where it is not the branch's head.</param>
    public Task<string> CommitAsync(
        DoubleRepository repository, string branch, IReadOnlyDictionary<string, string> files, string message = "Change", string? author = null,
        IReadOnlyCollection<string>? remove = null, string? from = null) =>
        PushAsync(repository, author, async by =>
        {
            var git = repository.Git;
            var parent = from ?? await git.BranchAsync(branch) ?? await git.BranchAsync(repository.DefaultBranch);
            return await git.CommitAsync(branch, parent, files, remove ?? [], message, by);
        });

    /// <summary>One push of tags that all name the same commit.</summary>
    public Task TagAsync(DoubleRepository repository, string sha, IReadOnlyList<string> names, bool annotated = false, string? author = null) =>
        PushAsync(repository, author, async by =>
        {
            foreach (var name in names)
            {
                await repository.Git.UpdateRefAsync($"refs/tags/{name}", annotated ? await repository.Git.TagObjectAsync(sha, name, $"Release {name}", by) : sha);
            }
            return sha;
        });

    public Task DeleteTagAsync(DoubleRepository repository, string name, string? author = null) => SetRefAsync(repository, $"refs/tags/{name}", null, author);

    /// <summary>Sets the branch to any commit, an older one too, or makes it.</summary>
    public Task ForcePushAsync(DoubleRepository repository, string branch, string sha, string? author = null) => SetRefAsync(repository, $"refs/heads/{branch}", sha, author);

    public Task DeleteBranchAsync(DoubleRepository repository, string branch, string? author = null) => SetRefAsync(repository, $"refs/heads/{branch}", null, author);

    /// <summary>The branch's commit, or null.</summary>
    public Task<string?> HeadAsync(DoubleRepository repository, string branch) => repository.Git.BranchAsync(branch);

    internal async Task<T> PushAsync<T>(DoubleRepository repository, string? author, Func<DoubleAccount, Task<T>> change)
    {
        DoubleAccount by;
        lock (State.Gate)
        {
            by = author is null ? Actor(repository.Owner) : State.Person(author);
        }
        return await PushAsync(repository, by, change);
    }

    internal async Task<T> PushAsync<T>(DoubleRepository repository, DoubleAccount by, Func<DoubleAccount, Task<T>> change)
    {
        await repository.Git.EnsureAsync();
        await repository.Git.Writing.WaitAsync(_end.Token);
        try
        {
            var before = await repository.Git.RefsAsync();
            var result = await change(by);
            await Pushes.AnnounceAsync(repository, before, by);
            return result;
        }
        finally
        {
            repository.Git.Writing.Release();
        }
    }

    private Task SetRefAsync(DoubleRepository repository, string name, string? value, string? author) =>
        PushAsync(repository, author, async _ =>
        {
            await repository.Git.UpdateRefAsync(name, value);
            return true;
        });
}
