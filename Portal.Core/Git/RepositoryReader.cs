using System.Globalization;
using Portal.Core.Common;

namespace Portal.Core.Git;

/// <summary>Questions to a bare repository on this machine, whoever filled it.</summary>
internal sealed class RepositoryReader(GitCommand git)
{
    private static readonly string[] SkipMarks = ["[skip ci]", "[ci skip]", "[no ci]", "[skip portal]", "[portal skip]"];

    /// <param name="expression">A full ref or a whole commit id, already checked.</param>
    public async Task<string?> CommitOfAsync(string repository, string expression, CancellationToken cancellationToken)
    {
        var result = await git.RunAsync(new GitCall("rev-parse", "--verify", "--quiet", "--end-of-options", expression + "^{commit}") { Repository = repository }, cancellationToken);
        return result.Succeeded ? result.Text.Trim() : null;
    }

    public async Task<string?> ResolveAsync(string repository, string refOrCommit, CancellationToken cancellationToken)
    {
        if (RefNames.IsCommit(refOrCommit))
        {
            return await CommitOfAsync(repository, refOrCommit, cancellationToken);
        }
        if (!RefNames.IsValid(refOrCommit))
        {
            return null;
        }
        foreach (var candidate in RefNames.Candidates(refOrCommit))
        {
            if (await CommitOfAsync(repository, candidate, cancellationToken) is { } commit)
            {
                return commit;
            }
        }
        // A shortened commit id; git refuses one that means several.
        return refOrCommit is { Length: >= 7 and < 64 } && refOrCommit.All(char.IsAsciiHexDigitLower)
            ? await CommitOfAsync(repository, refOrCommit, cancellationToken)
            : null;
    }

    public async Task<CommitInfo?> CommitInfoAsync(string repository, string commit, CancellationToken cancellationToken)
    {
        var result = await git.RunAsync(new GitCall("show", "--no-patch", "--format=%H%x00%an%x00%aI%x00%B", "--end-of-options", commit)
        {
            Repository = repository,
            MaxOutput = 4 * 1024 * 1024,
        }, cancellationToken);
        if (!result.Succeeded)
        {
            return null;
        }
        var parts = result.Text.Split('\0', 4);
        var date = DateTimeOffset.TryParse(parts[2], CultureInfo.InvariantCulture, DateTimeStyles.None, out var at) ? at.ToUniversalTime() : DateTimeOffset.UnixEpoch;
        var message = parts[3];
        return new CommitInfo(parts[0].Trim(), RepositoryText.FirstLine(message), RepositoryText.Clean(parts[1], 200), date,
            SkipMarks.Any(mark => message.Contains(mark, StringComparison.OrdinalIgnoreCase)));
    }

    public async Task<IReadOnlyList<Head>> HeadsAsync(string repository, CancellationToken cancellationToken)
    {
        var result = await git.RunAsync(new GitCall("for-each-ref", $"--count={IGitHost.MaxHeads}", "--format=%(objectname) %(objecttype) %(*objectname) %(refname)", "refs/heads", "refs/tags")
        {
            Repository = repository,
        }, cancellationToken);
        if (!result.Succeeded)
        {
            throw new PortalException(Refusal.Unavailable, $"The repository cannot be read: {result.Error}");
        }
        var heads = new List<Head>();
        foreach (var line in result.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split(' ', 4);
            var commit = parts[1] == "tag" ? parts[2] : parts[0];
            if (parts[1] is "commit" or "tag" && RefNames.IsCommit(commit) && parts[3].Length <= RefNames.MaxLength)
            {
                heads.Add(new Head(parts[3], commit));
            }
        }
        return heads;
    }

    public async Task<string?> DefaultBranchAsync(string repository, CancellationToken cancellationToken)
    {
        var head = await git.RunAsync(new GitCall("symbolic-ref", "--quiet", "HEAD") { Repository = repository }, cancellationToken);
        var branch = RefNames.Branch(head.Text.Trim());
        return branch is not null && await CommitOfAsync(repository, RefNames.Branches + branch, cancellationToken) is not null ? branch : null;
    }

    public async Task<IReadOnlyList<string>?> ChangedFilesAsync(string repository, string before, string after, CancellationToken cancellationToken)
    {
        if (!RefNames.IsCommit(before) || !RefNames.IsCommit(after))
        {
            return null;
        }
        var result = await git.RunAsync(new GitCall("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none", "--end-of-options", before, after, "--")
        {
            Repository = repository,
        }, cancellationToken);
        return result.Succeeded ? result.Text.Split('\0', StringSplitOptions.RemoveEmptyEntries) : null;
    }

    public async Task<bool?> IsAncestorAsync(string repository, string ancestor, string descendant, CancellationToken cancellationToken)
    {
        if (!RefNames.IsCommit(ancestor) || !RefNames.IsCommit(descendant))
        {
            return null;
        }
        var result = await git.RunAsync(new GitCall("merge-base", "--is-ancestor", ancestor, descendant) { Repository = repository }, cancellationToken);
        return result.ExitCode switch { 0 => true, 1 => false, _ => null };
    }
}
