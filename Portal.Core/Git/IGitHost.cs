using Portal.Core.Apps;

namespace Portal.Core.Git;

/// <summary>
/// Where an app's code is read from: everything that is needed to reach it, so that git work needs no database.
/// Holds a secret: it is never logged and prints nothing of itself.
/// </summary>
/// <param name="AppId">Names the repository or the mirror on disk.</param>
/// <param name="Url">The address of an outside repository; null for Portal's own.</param>
/// <param name="DeployKey">Private key in OpenSSH's format, opened from its seal; null without one.</param>
/// <param name="MaxBytes">Most bytes that are fetched at once; null: the limit of sources.</param>
/// <param name="HostKeys">Which record of the hosts' ssh keys counts.</param>
public sealed record GitSource(SourceKind Kind, Guid AppId, string? Url = null, string? DeployKey = null, int HostKeys = 0, long? MaxBytes = null)
{
    /// <summary>What opens an https:// repository; null where everybody may read it. Only for the host of <see cref="Url"/>.</summary>
    public GitAccess? Access { get; init; }

    public override string ToString() => $"{Kind} source of {AppId}";
}

/// <summary>Text of a commit is attacker-controlled: bounded, without control characters, never markup.</summary>
/// <param name="Commit">Full object id.</param>
/// <param name="Message">First line, at most 200 characters.</param>
/// <param name="Author">At most 200 characters.</param>
/// <param name="SkipsDeploy">The whole message holds a mark such as <c>[skip ci]</c>.</param>
public sealed record CommitInfo(string Commit, string Message, string Author, DateTimeOffset AuthoredAt, bool SkipsDeploy);

/// <param name="Ref">Full ref: <c>refs/heads/main</c>, <c>refs/tags/v1</c>.</param>
/// <param name="Commit">Full object id of the commit; for an annotated tag that of the tagged commit.</param>
public sealed record Head(string Ref, string Commit);

/// <param name="Files">Most files of one checkout.</param>
/// <param name="Bytes">Most bytes of one checkout.</param>
public sealed record CheckoutLimits(int Files, long Bytes);

public sealed record CheckoutResult(int Files, long Bytes);

/// <summary>
/// Reads one app's repository. Failures are a <see cref="Portal.Core.Common.PortalException"/> whose message is a sentence
/// for the developer; <c>Unavailable</c> may pass by itself, anything else stays until somebody changes something.
/// </summary>
public interface IGitHost
{
    /// <summary>The commit that a branch, tag, full ref or commit id means now; null when there is none.</summary>
    Task<string?> ResolveAsync(GitSource source, string refOrCommit, CancellationToken cancellationToken);

    /// <summary>Makes the commit available here, and says what it is.</summary>
    Task<CommitInfo> FetchAsync(GitSource source, string commit, CancellationToken cancellationToken);

    /// <summary>
    /// Writes the plain files of a fetched commit into <paramref name="targetFolder"/> (made when absent, else empty), without
    /// a .git folder; submodules and what Git LFS keeps elsewhere included. As root the files belong to the user of builds.
    /// </summary>
    /// <param name="log">Told what a developer should read in the build's log, one line each.</param>
    Task<CheckoutResult> CheckoutAsync(GitSource source, string commit, string targetFolder, CheckoutLimits limits, Action<string> log, CancellationToken cancellationToken);

    /// <summary>All branches and tags, at most <see cref="MaxHeads"/>.</summary>
    Task<IReadOnlyList<Head>> HeadsAsync(GitSource source, CancellationToken cancellationToken);

    /// <summary>The branch that a clone starts at; null when there is none.</summary>
    Task<string?> DefaultBranchAsync(GitSource source, CancellationToken cancellationToken);

    /// <summary>Paths that differ between two commits, by git's own diff; null when <paramref name="before"/> does not exist any more.</summary>
    Task<IReadOnlyList<string>?> ChangedFilesAsync(GitSource source, string before, string after, CancellationToken cancellationToken);

    /// <summary>Null when it cannot be known (the commit is gone, or the history is not here).</summary>
    Task<bool?> IsAncestorAsync(GitSource source, string ancestor, string descendant, CancellationToken cancellationToken);

    const int MaxHeads = 20_000;
}

/// <summary>Chooses the host of an app's code and opens what is needed to reach it.</summary>
public interface IGitHosts
{
    /// <param name="toLook">Only to see where its branches are, again and again: what opens it may then be shared between looks.</param>
    (IGitHost Host, GitSource Source) For(App app, bool toLook = false);
}
