using Portal.Core.Apps;
using Portal.Core.Git;

namespace Portal.Core.Triggers;

/// <summary>What one look at an app's repository says: each question is asked of git once, also when a hundred pushes depend on it.</summary>
internal sealed class RepositoryView(IGitHosts hosts, App app)
{
    private readonly Dictionary<string, string?> _commits = [];
    private readonly Dictionary<string, CommitInfo> _infos = [];
    private readonly Dictionary<(string, string), IReadOnlyList<string>?> _changes = [];
    private (bool Asked, string? Name) _defaultBranch;
    private (IGitHost Host, GitSource Source)? _opened;

    private IGitHost Host => Opened.Host;

    private GitSource Source => Opened.Source;

    private (IGitHost Host, GitSource Source) Opened => _opened ??= hosts.For(app, toLook: true);

    public async Task<string?> ResolveAsync(string refOrCommit, CancellationToken cancellationToken) =>
        _commits.TryGetValue(refOrCommit, out var known) ? known
            : _commits[refOrCommit] = await Host.ResolveAsync(Source, refOrCommit, cancellationToken);

    public async Task<CommitInfo> FetchAsync(string commit, CancellationToken cancellationToken) =>
        _infos.TryGetValue(commit, out var known) ? known
            : _infos[commit] = await Host.FetchAsync(Source, commit, cancellationToken);

    public async Task<IReadOnlyList<string>?> ChangedFilesAsync(string before, string after, CancellationToken cancellationToken) =>
        _changes.TryGetValue((before, after), out var known) ? known
            : _changes[(before, after)] = await Host.ChangedFilesAsync(Source, before, after, cancellationToken);

    public async Task<string?> DefaultBranchAsync(CancellationToken cancellationToken)
    {
        if (!_defaultBranch.Asked)
        {
            _defaultBranch = (true, await Host.DefaultBranchAsync(Source, cancellationToken));
        }
        return _defaultBranch.Name;
    }
}
