using System.Globalization;
using Portal.Core.Common;
using Portal.Core.Git.LargeFiles;

namespace Portal.Core.Git;

/// <param name="Repository">Bare, on this machine, with the commit in it.</param>
internal sealed record FetchedModule(string Repository, LargeFileFetch? LargeFiles);

/// <param name="FetchAsync">Makes a commit of another repository available.</param>
internal sealed record SubmoduleWork(CodeOrigin Origin, string Repository, string Commit, SourceTree Tree, string Folder, CheckoutLimits Limits,
    Action<string> Log, Func<CodeOrigin, string, Task<FetchedModule>> FetchAsync);

/// <summary>
/// Writes submodules into their folders, under the same rules and within the same limits as the repository itself. git's
/// own submodule program is never run: of a .gitmodules file only path and address count, and both are an outsider's word.
/// </summary>
internal sealed class Submodules(GitCommand git, Checkout checkout, PortalOptions options)
{
    private const int MaxDepth = 5;
    private const int MaxModules = 50;

    private static readonly PortalException TooMany = new(Refusal.TooLarge,
        string.Create(CultureInfo.InvariantCulture, $"The source has more than {MaxModules} submodules, or they are nested more than {MaxDepth} levels deep, which is the limit."));

    private sealed record Written(int Modules, CheckoutResult Total);

    /// <param name="written">The repository itself.</param>
    public async Task<CheckoutResult> WriteAsync(SubmoduleWork work, CheckoutResult written, CancellationToken cancellationToken) =>
        (await WriteAsync(work, new Written(0, written), 1, cancellationToken)).Total;

    private async Task<Written> WriteAsync(SubmoduleWork work, Written written, int depth, CancellationToken cancellationToken)
    {
        if (work.Tree.Links.Count == 0)
        {
            return written;
        }
        if (depth > MaxDepth)
        {
            throw TooMany;
        }
        var urls = work.Tree.HasModules ? await UrlsAsync(work.Repository, work.Commit, cancellationToken) : [];
        foreach (var link in work.Tree.Links)
        {
            var name = RepositoryText.Clean(link.Path, 200);
            if (!urls.TryGetValue(link.Path, out var url))
            {
                work.Log($"The submodule {name} has no address in .gitmodules; its folder stays empty.");
                continue;
            }
            if (written.Modules == MaxModules)
            {
                throw TooMany;
            }
            work.Log($"Fetching the submodule {name}");
            SubmoduleWork module;
            (module, written) = await WriteOneAsync(work, link, url, written, cancellationToken);
            written = await WriteAsync(module, written, depth + 1, cancellationToken);
        }
        return written;
    }

    /// <returns>What is left to do: the submodules of this one.</returns>
    private async Task<(SubmoduleWork Work, Written Written)> WriteOneAsync(SubmoduleWork work, TreeLink link, string url, Written written, CancellationToken cancellationToken)
    {
        try
        {
            var folder = Inside(work.Folder, link.Path);
            var origin = work.Origin.Resolve(url, options);
            var module = await work.FetchAsync(origin, link.Commit);
            var rest = new CheckoutLimits(work.Limits.Files - written.Total.Files, work.Limits.Bytes - written.Total.Bytes);
            var tree = await checkout.MeasureAsync(module.Repository, link.Commit, rest, cancellationToken);
            var result = await checkout.WriteAsync(module.Repository, link.Commit, tree, folder, rest, module.LargeFiles, cancellationToken);
            return (work with { Origin = origin, Repository = module.Repository, Commit = link.Commit, Tree = tree, Folder = folder },
                new Written(written.Modules + 1, new CheckoutResult(written.Total.Files + result.Files, written.Total.Bytes + result.Bytes)));
        }
        catch (PortalException e)
        {
            throw new PortalException(e.Refusal, $"The submodule {RepositoryText.Clean(link.Path, 200)} ({RepositoryText.Clean(WithoutCredentials(url), 120)}) cannot be fetched. {e.Message}");
        }
    }

    private async Task<Dictionary<string, string>> UrlsAsync(string repository, string commit, CancellationToken cancellationToken)
    {
        var result = await git.RunAsync(new GitCall("config", "--blob", $"{commit}:.gitmodules", "-z", "--get-regexp", @"^submodule\..*\.(path|url)$")
        {
            Repository = repository,
            MaxOutput = 1024 * 1024,
        }, cancellationToken);
        var (paths, urls) = (new Dictionary<string, string>(), new Dictionary<string, string>());
        foreach (var entry in result.Text.Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            // "submodule.NAME.path\nVALUE"
            var (key, value) = entry.Split('\n', 2) is [var k, var v] ? (k, v) : (entry, "");
            var name = key[..key.LastIndexOf('.')];
            (key.EndsWith(".path", StringComparison.Ordinal) ? paths : urls)[name] = value;
        }
        return paths.Where(p => urls.ContainsKey(p.Key)).GroupBy(p => p.Value).ToDictionary(g => g.Key, g => urls[g.First().Key]);
    }

    /// <summary>The folder of a submodule; no part of its path may be a link that leads elsewhere.</summary>
    private static string Inside(string folder, string path)
    {
        var at = folder;
        foreach (var part in path.Split('/'))
        {
            at = Path.Combine(at, part);
            if (part is "" or "." or ".." || string.Equals(part, ".git", StringComparison.OrdinalIgnoreCase) || new DirectoryInfo(at).LinkTarget is not null)
            {
                throw new PortalException(Refusal.Invalid, "Its path leads out of the repository.");
            }
        }
        return at;
    }

    /// <summary>People do write tokens into .gitmodules; the sentence stands in a log.</summary>
    private static string WithoutCredentials(string url) =>
        url.IndexOf("://", StringComparison.Ordinal) is var scheme and > 0 && url.IndexOf('@', scheme) is var at and > 0 && url[(scheme + 3)..at] is var user && !user.Contains('/', StringComparison.Ordinal)
            ? string.Concat(url.AsSpan(0, scheme + 3), user.Contains(':', StringComparison.Ordinal) || !url.StartsWith("ssh:", StringComparison.Ordinal) ? "…" : user, url.AsSpan(at)) : url;
}
