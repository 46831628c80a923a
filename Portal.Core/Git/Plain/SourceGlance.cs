using Portal.Core.Apps;
using Portal.Core.Common;

namespace Portal.Core.Git.Plain;

/// <summary>What an outside repository holds now.</summary>
/// <param name="Branch">The one that was asked for, or the repository's own default.</param>
/// <param name="Branches">What could be asked for instead, the default first; at most <see cref="SourceGlance.MostBranches"/>.</param>
/// <param name="Folder">Its files; gone after the look.</param>
public sealed record Glance(string Branch, CommitInfo Commit, IReadOnlyList<string> Branches, string Folder);

/// <summary>
/// One look at an outside repository for which there is no app yet: fetched one commit deep into a folder that is removed
/// afterwards, under tighter limits than a build, because it happens while somebody types an address.
/// </summary>
public sealed class SourceGlance : IDisposable
{
    private const long MaxBytes = 100L * 1024 * 1024;
    private const int MaxFiles = 20_000;
    private const int AtOnce = 2;

    public const int MostBranches = 500;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly PlainGit _git;
    private readonly RemoteGit _remote;
    private readonly GitOptions _options;
    private readonly SemaphoreSlim _places = new(AtOnce);

    internal SourceGlance(PlainGit git, RemoteGit remote, GitOptions options)
    {
        _git = git;
        _options = options;
        _remote = remote;
    }

    /// <exception cref="PortalException">A sentence for the person who typed the address.</exception>
    /// <param name="token">Null where everybody may read it.</param>
    public static GitSource Open(string url, string? token) =>
        new(SourceKind.Git, Guid.Empty, url) { Access = string.IsNullOrEmpty(token) ? null : new GitAccess(token) };

    public Task<T> LookAsync<T>(string url, string? branch, Func<Glance, T> look, CancellationToken cancellationToken) =>
        LookAsync(Open(url, null), branch, look, cancellationToken);

    /// <param name="opened">Its address, and what opens it.</param>
    /// <exception cref="PortalException">A sentence for the person who chose it.</exception>
    public async Task<T> LookAsync<T>(GitSource opened, string? branch, Func<Glance, T> look, CancellationToken cancellationToken)
    {
        if (RepositoryAddress.Parse(opened.Url ?? "", _options).IsSsh)
        {
            throw new PortalException(Refusal.Conflict, "An ssh address is read with a deploy key, which is made together with the app. Create the app, add its key at the git host, and the first build looks at the code.");
        }
        if (!await _places.WaitAsync(Patience, cancellationToken))
        {
            throw new PortalException(Refusal.TooMany, "Several repositories are being looked at right now. Try again in a moment.");
        }
        var id = Guid.NewGuid();
        var folder = Directory.CreateTempSubdirectory("portal-glance-").FullName;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            var source = opened with { AppId = id, MaxBytes = MaxBytes };
            var first = await _git.DefaultBranchAsync(source, limit.Token);
            var heads = await _git.HeadsAsync(source, limit.Token);
            var named = string.IsNullOrEmpty(branch) ? first : branch;
            var head = named is null ? null : heads.FirstOrDefault(h => h.Ref == RefNames.Branches + named)?.Commit;
            if (named is null || head is null)
            {
                throw new PortalException(Refusal.NotFound, named is null
                    ? "The repository has no branch yet. Push to it first, or go on: Portal looks again with every push."
                    : $"The repository has no branch {named}. Correct it, or leave it empty for the default branch.");
            }
            var commit = await _git.FetchAsync(source, head, limit.Token);
            await _git.CheckoutAsync(source, head, folder, new CheckoutLimits(MaxFiles, MaxBytes), _ => { }, limit.Token);
            return look(new Glance(named, commit,
                [.. heads.Select(h => RefNames.Branch(h.Ref)).OfType<string>().OrderBy(name => name != first).ThenBy(name => name, StringComparer.OrdinalIgnoreCase).Take(MostBranches)], folder));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PortalException(Refusal.Unavailable, $"Looking at the repository took longer than {Limit.TotalSeconds:0} seconds. Go on without it: the first build looks again, with more time.");
        }
        finally
        {
            _places.Release();
            Directory.Delete(folder, recursive: true);
            _remote.Forget(id);
        }
    }

    public void Dispose() => _places.Dispose();
}
