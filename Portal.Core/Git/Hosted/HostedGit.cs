using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Git.Plain;

namespace Portal.Core.Git.Hosted;

/// <summary>Portal's own repositories: everything is on this machine already, but for submodules that lie elsewhere.</summary>
internal sealed class HostedGit(HostedRepositories repositories, RepositoryReader reader, Checkout checkout, Submodules submodules,
    LargeFileStore largeFiles, ITeamRepositories team, PlainGit plain) : IGitHost
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
        var written = await checkout.WriteAsync(repository, info.Commit, tree, targetFolder, limits, (wanted, _) => largeFiles.FetchAsync(source.AppId, wanted), cancellationToken);
        if (tree.Links.Count == 0)
        {
            return written;
        }
        var own = new CodeOrigin.Own(await team.PathOfAsync(source.AppId, cancellationToken));
        return await submodules.WriteAsync(new SubmoduleWork(own, repository, info.Commit, tree, targetFolder, limits, log,
            (origin, wanted) => origin switch
            {
                CodeOrigin.Own { Path: var path } => OwnAsync(source, path, wanted, cancellationToken),
                CodeOrigin.Outside { Address: var address } => plain.ModuleAsync(source, address, wanted, log, cancellationToken),
                _ => throw new InvalidOperationException($"{origin.GetType()} is no origin."),
            }), written, cancellationToken);
    }

    public async Task<IReadOnlyList<Head>> HeadsAsync(GitSource source, CancellationToken cancellationToken) =>
        repositories.Exists(source.AppId) ? await reader.HeadsAsync(repositories.FolderOf(source.AppId), cancellationToken) : [];

    public async Task<string?> DefaultBranchAsync(GitSource source, CancellationToken cancellationToken) =>
        repositories.Exists(source.AppId) ? await reader.DefaultBranchAsync(repositories.FolderOf(source.AppId), cancellationToken) : null;

    public Task<IReadOnlyList<string>?> ChangedFilesAsync(GitSource source, string before, string after, CancellationToken cancellationToken) =>
        reader.ChangedFilesAsync(repositories.FolderOf(source.AppId), before, after, cancellationToken);

    public Task<bool?> IsAncestorAsync(GitSource source, string ancestor, string descendant, CancellationToken cancellationToken) =>
        reader.IsAncestorAsync(repositories.FolderOf(source.AppId), ancestor, descendant, cancellationToken);

    private async Task<FetchedModule> OwnAsync(GitSource source, AppPath path, string commit, CancellationToken cancellationToken)
    {
        if (await team.FindAsync(source.AppId, path, cancellationToken) is not { } app || !repositories.Exists(app))
        {
            throw new PortalException(Refusal.NotFound, $"The team has no app {path.App} with a repository of its own here. Push that repository to an app of this name, or give an https:// address in .gitmodules.");
        }
        var repository = repositories.FolderOf(app);
        return await reader.CommitOfAsync(repository, commit, cancellationToken) is not null
            ? new FetchedModule(repository, (wanted, _) => largeFiles.FetchAsync(app, wanted))
            : throw new PortalException(Refusal.NotFound, $"The commit {commit[..10]} is not in the repository of {path.App}; push it there first.");
    }
}
