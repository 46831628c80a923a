using System.Collections.Concurrent;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Git.LargeFiles;

namespace Portal.Core.Git.Plain;

/// <summary>Any git address. What is needed of it is kept in a mirror on this machine, one commit deep.</summary>
internal sealed class PlainGit(RemoteGit remote, RepositoryReader reader, Checkout checkout, Submodules submodules, RemoteLargeFiles largeFiles, PortalOptions options) : IGitHost
{
    private static readonly TimeSpan ListLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FetchLimit = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, SemaphoreSlim> _fetching = new();

    public async Task<string?> ResolveAsync(GitSource source, string refOrCommit, CancellationToken cancellationToken)
    {
        if (RefNames.IsCommit(refOrCommit))
        {
            return refOrCommit;
        }
        if (!RefNames.IsValid(refOrCommit))
        {
            return null;
        }
        var names = RefNames.Candidates(refOrCommit);
        var listed = await ListAsync(source, [.. names, .. names.Select(n => n + "^{}")], cancellationToken);
        return names.Select(name => listed.GetValueOrDefault(name)).FirstOrDefault(commit => commit is not null);
    }

    public async Task<CommitInfo> FetchAsync(GitSource source, string commit, CancellationToken cancellationToken)
    {
        if (!RefNames.IsCommit(commit))
        {
            throw PortalException.Invalid("commit", "Give the commit's whole hash.");
        }
        var mirror = await GetAsync(source, Address(source), commit, cancellationToken);
        return await reader.CommitInfoAsync(mirror, commit, cancellationToken)
            ?? throw new PortalException(Refusal.NotFound, "This commit is not in the repository any more.");
    }

    public async Task<CheckoutResult> CheckoutAsync(GitSource source, string commit, string targetFolder, CheckoutLimits limits, Action<string> log, CancellationToken cancellationToken)
    {
        var address = Address(source);
        var info = await FetchAsync(source, commit, cancellationToken);
        var mirror = remote.MirrorOf(source.AppId, address);
        var tree = await checkout.MeasureAsync(mirror, info.Commit, limits, cancellationToken);
        var written = await checkout.WriteAsync(mirror, info.Commit, tree, targetFolder, limits,
            LargeFiles(source, address, mirror, info.Commit, log), cancellationToken);
        return await submodules.WriteAsync(new SubmoduleWork(new CodeOrigin.Outside(address), mirror, info.Commit, tree, targetFolder, limits, log,
            (origin, wanted) => ModuleAsync(source, ((CodeOrigin.Outside)origin).Address, wanted, log, cancellationToken)), written, cancellationToken);
    }

    /// <summary>A commit of another outside repository; the app's deploy key goes to its own host only.</summary>
    internal async Task<FetchedModule> ModuleAsync(GitSource source, RepositoryAddress address, string commit, Action<string> log, CancellationToken cancellationToken)
    {
        var own = source.Url is { } url && RepositoryAddress.Parse(url, options.Git) is var main && (main.Host, main.Port) == (address.Host, address.Port);
        // A token opens one repository, which this is not.
        var other = source with { DeployKey = own ? source.DeployKey : null, Access = null };
        var mirror = await GetAsync(other, address, commit, cancellationToken);
        return new FetchedModule(mirror, LargeFiles(other, address, mirror, commit, log));
    }

    /// <summary>A look without an app needs no large files.</summary>
    private LargeFileFetch? LargeFiles(GitSource source, RepositoryAddress address, string mirror, string commit, Action<string> log) =>
        source.MaxBytes is null ? (wanted, token) => largeFiles.FetchAsync(source, address, mirror, commit, wanted, log, token) : null;

    public async Task<IReadOnlyList<Head>> HeadsAsync(GitSource source, CancellationToken cancellationToken) =>
        [.. (await ListAsync(source, ["refs/heads/*", "refs/tags/*"], cancellationToken)).Where(h => h.Key.StartsWith("refs/", StringComparison.Ordinal))
            .Take(IGitHost.MaxHeads).Select(h => new Head(h.Key, h.Value))];

    public async Task<string?> DefaultBranchAsync(GitSource source, CancellationToken cancellationToken)
    {
        var address = Address(source);
        var result = await remote.RunAsync(source, address, new GitCall("ls-remote", "--symref", "--", address.Url, "HEAD") { Limit = ListLimit }, cancellationToken);
        if (!result.Succeeded)
        {
            throw RemoteProblem.Of(result.Error);
        }
        // "ref: refs/heads/main\tHEAD"
        var line = result.Text.Split('\n').FirstOrDefault(l => l.StartsWith("ref: ", StringComparison.Ordinal));
        var name = line?["ref: ".Length..].Split('\t')[0];
        return RefNames.IsValid(name) ? RefNames.Branch(name) : null;
    }

    public async Task<IReadOnlyList<string>?> ChangedFilesAsync(GitSource source, string before, string after, CancellationToken cancellationToken)
    {
        var address = Address(source);
        try
        {
            await GetAsync(source, address, before, cancellationToken);
            var mirror = await GetAsync(source, address, after, cancellationToken);
            return await reader.ChangedFilesAsync(mirror, before, after, cancellationToken);
        }
        catch (PortalException e) when (e.Refusal == Refusal.NotFound)
        {
            return null;
        }
    }

    /// <summary>The mirror is one commit deep and cannot know, except that a commit is its own ancestor.</summary>
    public Task<bool?> IsAncestorAsync(GitSource source, string ancestor, string descendant, CancellationToken cancellationToken) =>
        Task.FromResult(ancestor == descendant ? (bool?)true : null);

    private RepositoryAddress Address(GitSource source) => RepositoryAddress.Parse(source.Url ?? "", options.Git);

    /// <summary>Refs by name; an annotated tag by the commit that it names.</summary>
    private async Task<Dictionary<string, string>> ListAsync(GitSource source, string[] patterns, CancellationToken cancellationToken)
    {
        var address = Address(source);
        var result = await remote.RunAsync(source, address, new GitCall(["ls-remote", "--quiet", "--", address.Url, .. patterns]) { Limit = ListLimit }, cancellationToken);
        if (!result.Succeeded)
        {
            throw RemoteProblem.Of(result.Error);
        }
        var refs = new Dictionary<string, string>();
        foreach (var line in result.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split('\t', 2);
            if (parts.Length != 2 || !RefNames.IsCommit(parts[0]))
            {
                continue;
            }
            // The peeled line follows that of the tag itself.
            var name = parts[1].EndsWith("^{}", StringComparison.Ordinal) ? parts[1][..^3] : parts[1];
            if (RefNames.IsValid(name))
            {
                refs[name] = parts[0];
            }
        }
        return refs;
    }

    /// <summary>The mirror, with the commit in it.</summary>
    private async Task<string> GetAsync(GitSource source, RepositoryAddress address, string commit, CancellationToken cancellationToken)
    {
        var mirror = await remote.EnsureMirrorAsync(source.AppId, address, cancellationToken);
        var gate = _fetching.GetOrAdd(mirror, _ => new SemaphoreSlim(1));
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (await reader.CommitOfAsync(mirror, commit, cancellationToken) is not null)
            {
                return mirror;
            }
            var one = await FetchAsync(source, address, mirror, ["--depth=1"], $"+{commit}:refs/portal/{commit}", cancellationToken);
            if (one.Succeeded)
            {
                return mirror;
            }
            // Some servers give only what a branch points to: then the branches, with their whole history.
            if (one.Error.Contains("not our ref", StringComparison.Ordinal) || one.Error.Contains("unadvertised object", StringComparison.Ordinal)
                || one.Error.Contains("couldn't find remote ref", StringComparison.Ordinal))
            {
                var shallow = File.Exists(Path.Combine(mirror, "shallow")) ? new[] { "--unshallow" } : [];
                var all = await FetchAsync(source, address, mirror, shallow, "+refs/heads/*:refs/portal/heads/*", cancellationToken);
                if (!all.Succeeded)
                {
                    throw RemoteProblem.Of(all.Error);
                }
                return await reader.CommitOfAsync(mirror, commit, cancellationToken) is not null ? mirror
                    : throw new PortalException(Refusal.NotFound, $"The commit {commit[..10]} is not in the repository any more.");
            }
            throw RemoteProblem.Of(one.Error);
        }
        finally
        {
            gate.Release();
        }
    }

    private Task<GitResult> FetchAsync(GitSource source, RepositoryAddress address, string mirror, string[] how, string what, CancellationToken cancellationToken) =>
        remote.RunAsync(source, address, new GitCall(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", .. how, "--", address.Url, what])
        {
            Repository = mirror,
            Limit = FetchLimit,
        }, cancellationToken);
}
