using Portal.Core.Common;

namespace Portal.Core.Git.Hosted;

/// <summary>Portal's own repositories: everything is on this machine already.</summary>
internal sealed class HostedGit(HostedRepositories repositories, RepositoryReader reader, Checkout checkout) : IGitHost
{
    public async Task<string?> ResolveAsync(GitSource source, string refOrCommit, CancellationToken cancellationToken) =>
        repositories.Exists(source.AppId) ? await reader.ResolveAsync(repositories.FolderOf(source.AppId), refOrCommit, cancellationToken) : null;

    public async Task<CommitInfo> FetchAsync(GitSource source, string commit, CancellationToken cancellationToken) =>
        (RefNames.IsCommit(commit) && repositories.Exists(source.AppId)
            ? await reader.CommitInfoAsync(repositories.FolderOf(source.AppId), commit, cancellationToken)
            : null)
        ?? throw new PortalException(Refusal.NotFound, "This commit is not in the repository; it may have been removed by a forced push. Push it again.");

    public async Task<CheckoutResult> CheckoutAsync(GitSource source, string commit, string targetFolder, CheckoutLimits limits, Action<string> log, CancellationToken cancellationToken)
    {
        var info = await FetchAsync(source, commit, cancellationToken);
        var repository = repositories.FolderOf(source.AppId);
        var tree = await checkout.MeasureAsync(repository, info.Commit, limits, cancellationToken);
        await checkout.WriteAsync(repository, info.Commit, targetFolder, limits, cancellationToken);
        await checkout.NoteLargeFilesAsync(repository, info.Commit, tree, log, cancellationToken);
        if (tree.Links.Count > 0)
        {
            log($"Submodules of Portal's own repositories are not fetched; the folder {tree.Links[0].Path} stays empty. Push its files instead.");
        }
        return new CheckoutResult(tree.Files, tree.Bytes);
    }

    public async Task<IReadOnlyList<Head>> HeadsAsync(GitSource source, CancellationToken cancellationToken) =>
        repositories.Exists(source.AppId) ? await reader.HeadsAsync(repositories.FolderOf(source.AppId), cancellationToken) : [];

    public async Task<string?> DefaultBranchAsync(GitSource source, CancellationToken cancellationToken) =>
        repositories.Exists(source.AppId) ? await reader.DefaultBranchAsync(repositories.FolderOf(source.AppId), cancellationToken) : null;

    public Task<IReadOnlyList<string>?> ChangedFilesAsync(GitSource source, string before, string after, CancellationToken cancellationToken) =>
        reader.ChangedFilesAsync(repositories.FolderOf(source.AppId), before, after, cancellationToken);

    public Task<bool?> IsAncestorAsync(GitSource source, string ancestor, string descendant, CancellationToken cancellationToken) =>
        reader.IsAncestorAsync(repositories.FolderOf(source.AppId), ancestor, descendant, cancellationToken);
}
