using System.Globalization;
using System.Text.Json;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Git.LargeFiles;

namespace Portal.Core.Git.Plain;

/// <summary>
/// The large files of an outside repository, fetched from its own host and kept for the next build in a folder per app.
/// An ssh repository is asked over ssh for a short-lived permission (<c>git-lfs-authenticate</c>), as git-lfs does.
/// </summary>
internal sealed class RemoteLargeFiles(RemoteGit remote, GitCommand git, Pinning pinning, PortalOptions options, TimeProvider time)
{
    private const int PerBatch = 100;
    private const int AtOnce = 4;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    public static string FolderOf(PortalOptions options) => Path.Combine(options.DataDirectory, "large-files");

    public async Task<LargeFileSet> FetchAsync(GitSource source, RepositoryAddress address, string mirror, string commit,
        IReadOnlyCollection<LargeFilePointer> wanted, Action<string> log, CancellationToken cancellationToken)
    {
        var folder = new LargeFileFolder(Path.Combine(FolderOf(options), source.AppId.ToString()));
        var problems = new Dictionary<string, string>();
        var missing = new List<LargeFilePointer>();
        foreach (var file in wanted)
        {
            if (folder.SizeOf(file.Oid) == file.Size)
            {
                folder.Touch(file.Oid, time.GetUtcNow());
            }
            else
            {
                missing.Add(file);
            }
        }
        if (missing.Count == 0)
        {
            return new LargeFileSet(folder, problems);
        }
        log(string.Create(CultureInfo.InvariantCulture, $"Fetching {missing.Count} large files ({missing.Sum(m => m.Size) / 1048576.0:0.0} MB) from Git LFS"));
        MakeRoom(folder, missing.Sum(m => m.Size));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            var endpoint = await EndpointAsync(source, address, mirror, commit, limit.Token);
            var server = new LargeFileServer(pinning, options.Git, address.Host, source.Access is { IsOfConnection: true } ? Internal.Any : Internal.Listed);
            foreach (var some in missing.Chunk(PerBatch))
            {
                await FetchAsync(server, endpoint, some, folder, problems, limit.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PortalException(Refusal.Unavailable, string.Create(CultureInfo.InvariantCulture, $"The large files of Git LFS did not arrive within {Limit.TotalMinutes:0} minutes."));
        }
        return new LargeFileSet(folder, problems);
    }

    private static async Task FetchAsync(LargeFileServer server, LargeFileEndpoint endpoint, LargeFilePointer[] some, LargeFileFolder folder,
        Dictionary<string, string> problems, CancellationToken cancellationToken)
    {
        LargeFileBatch.Response answer;
        try
        {
            answer = await server.BatchAsync(endpoint, some, cancellationToken);
        }
        catch (PortalException e)
        {
            throw new PortalException(e.Refusal, $"The large files of Git LFS cannot be fetched. {e.Message}");
        }
        var links = (answer.Objects ?? []).Where(o => o.Oid is not null).GroupBy(o => o.Oid!).ToDictionary(g => g.Key, g => g.First());
        await Parallel.ForEachAsync(some, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (file, token) =>
        {
            var problem = await OneAsync(server, links.GetValueOrDefault(file.Oid), file, folder, token);
            if (problem is not null)
            {
                lock (problems)
                {
                    problems[file.Oid] = problem;
                }
            }
        });
    }

    private static async Task<string?> OneAsync(LargeFileServer server, LargeFileBatch.Answer? answer, LargeFilePointer file, LargeFileFolder folder, CancellationToken cancellationToken)
    {
        if (answer?.Actions?.GetValueOrDefault(LargeFileBatch.Download) is not { } link)
        {
            return answer?.Error is { } error ? $"The host says: {RepositoryText.Clean(error.Message ?? "", 200)} ({error.Code})" : "The host does not have it.";
        }
        try
        {
            await server.DownloadAsync(link, file, folder, cancellationToken);
            return null;
        }
        catch (PortalException e)
        {
            return e.Message;
        }
    }

    private async Task<LargeFileEndpoint> EndpointAsync(GitSource source, RepositoryAddress address, string mirror, string commit, CancellationToken cancellationToken)
    {
        if (await ConfiguredAsync(mirror, commit, cancellationToken) is { } configured)
        {
            var own = Uri.TryCreate(configured, UriKind.Absolute, out var url) && (url.Scheme == "https" || (url.Scheme == "http" && address.Scheme == "http"))
                && url.UserInfo.Length == 0 && url.Query.Length == 0 && url.Fragment.Length == 0
                && string.Equals(url.IdnHost.Trim('[', ']'), address.Host, StringComparison.OrdinalIgnoreCase) && (address.IsSsh || url.Port == address.Port);
            return own ? new LargeFileEndpoint(new Uri(url!.AbsoluteUri.TrimEnd('/')), await HeaderAsync(source, address.Host, cancellationToken)) : throw new PortalException(Refusal.Denied,
                $"The file .lfsconfig names {RepositoryText.Clean(configured, 100)} for Git LFS. Portal fetches large files from the repository's own host {address.Host} only.");
        }
        if (address.IsSsh)
        {
            return await OverSshAsync(source, address, cancellationToken);
        }
        var path = address.Path.TrimEnd('/');
        return new LargeFileEndpoint(new UriBuilder(address.Scheme, address.Host, address.Port, $"{path}{(path.EndsWith(".git", StringComparison.Ordinal) ? "" : ".git")}/info/lfs").Uri,
            await HeaderAsync(source, address.Host, cancellationToken));
    }

    private static async Task<IReadOnlyDictionary<string, string>> HeaderAsync(GitSource source, string host, CancellationToken cancellationToken) =>
        source.Access is { } access ? new Dictionary<string, string> { ["Authorization"] = await access.HeaderAsync(host, cancellationToken) } : new Dictionary<string, string>();

    private async Task<string?> ConfiguredAsync(string mirror, string commit, CancellationToken cancellationToken)
    {
        var result = await git.RunAsync(new GitCall("config", "--blob", $"{commit}:.lfsconfig", "-z", "--get-regexp", @"^(lfs|remote\.origin)\.(url|lfsurl)$")
        {
            Repository = mirror,
            MaxOutput = 1024 * 1024,
        }, cancellationToken);
        return result.Succeeded && result.Text.Split('\0', StringSplitOptions.RemoveEmptyEntries).LastOrDefault()?.Split('\n', 2) is [_, { Length: > 0 } url] ? url : null;
    }

    private async Task<LargeFileEndpoint> OverSshAsync(GitSource source, RepositoryAddress address, CancellationToken cancellationToken)
    {
        var answer = await remote.OverSshAsync(source, address, $"git-lfs-authenticate '{address.Path.TrimStart('/')}' download", cancellationToken);
        LargeFileBatch.Link? link = null;
        try
        {
            link = answer.Succeeded ? JsonSerializer.Deserialize<LargeFileBatch.Link>(answer.Output) : null;
        }
        catch (JsonException)
        {
            // No such command: a shell's complaint, or nothing.
        }
        // Some hosts have a name of their own for it, such as lfs.example.org of example.org.
        return Uri.TryCreate(link?.Href, UriKind.Absolute, out var url) && $".{url.IdnHost.Trim('[', ']')}".EndsWith($".{address.Host}", StringComparison.OrdinalIgnoreCase)
            ? new LargeFileEndpoint(new Uri(url.AbsoluteUri.TrimEnd('/')), link!.Header ?? new Dictionary<string, string>())
            : throw new PortalException(Refusal.Invalid, $"The host {address.Host} does not offer Git LFS over ssh (git-lfs-authenticate).");
    }

    /// <summary>What was not used for longest goes, so that an app never keeps more than one source may have.</summary>
    private void MakeRoom(LargeFileFolder folder, long needed)
    {
        var files = folder.All().OrderByDescending(f => f.LastWriteTimeUtc).ToList();
        var left = options.Limits.SourceBytes - needed;
        var keep = files.TakeWhile(f => (left -= f.Length) >= 0).Select(f => f.Name).ToHashSet();
        folder.Prune(f => keep.Contains(f.Name), time.GetUtcNow() - TimeSpan.FromHours(1));
    }
}
