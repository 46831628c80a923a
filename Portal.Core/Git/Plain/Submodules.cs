using Portal.Core.Common;

namespace Portal.Core.Git.Plain;

/// <param name="FetchAsync">Makes a commit of another repository available and returns its mirror.</param>
internal sealed record SubmoduleWork(GitSource Source, RemoteAddress Address, string Mirror, string Commit, SourceTree Tree, string Folder, CheckoutLimits Limits,
    Action<string> Log, Func<RemoteAddress, string, Task<string>> FetchAsync);

/// <summary>Writes submodules into their folders, under the same rules and within the same limits as the repository itself.</summary>
internal sealed class Submodules(GitCommand git, Checkout checkout, PortalOptions options)
{
    private const int MaxDepth = 5;
    private const int MaxModules = 50;

    public async Task<CheckoutResult> WriteAsync(SubmoduleWork work, CancellationToken cancellationToken)
    {
        var total = new CheckoutResult(work.Tree.Files, work.Tree.Bytes);
        return work.Tree.Links.Count == 0 ? total : await WriteAsync(work, total, 1, cancellationToken);
    }

    private async Task<CheckoutResult> WriteAsync(SubmoduleWork work, CheckoutResult total, int depth, CancellationToken cancellationToken)
    {
        if (depth > MaxDepth || work.Tree.Links.Count > MaxModules)
        {
            throw new PortalException(Refusal.TooLarge, $"At most {MaxModules} submodules, {MaxDepth} levels deep.");
        }
        var urls = work.Tree.HasModules ? await UrlsAsync(work.Mirror, work.Commit, cancellationToken) : [];
        foreach (var link in work.Tree.Links)
        {
            if (!urls.TryGetValue(link.Path, out var url))
            {
                work.Log($"The submodule {link.Path} has no address in .gitmodules; its folder stays empty.");
                continue;
            }
            var address = work.Address.Resolve(url, options.Git);
            work.Log($"Fetching the submodule {link.Path}");
            var mirror = await work.FetchAsync(address, link.Commit);
            var rest = new CheckoutLimits(work.Limits.Files - total.Files, work.Limits.Bytes - total.Bytes);
            var tree = await checkout.MeasureAsync(mirror, link.Commit, rest, cancellationToken);
            var folder = Inside(work.Folder, link.Path);
            await checkout.WriteAsync(mirror, link.Commit, folder, rest, cancellationToken);
            total = new CheckoutResult(total.Files + tree.Files, total.Bytes + tree.Bytes);
            if (tree.Links.Count > 0)
            {
                total = await WriteAsync(work with { Address = address, Mirror = mirror, Commit = link.Commit, Tree = tree, Folder = folder }, total, depth + 1, cancellationToken);
            }
        }
        return total;
    }

    private async Task<Dictionary<string, string>> UrlsAsync(string mirror, string commit, CancellationToken cancellationToken)
    {
        var result = await git.RunAsync(new GitCall("config", "--blob", $"{commit}:.gitmodules", "-z", "--get-regexp", @"^submodule\..*\.(path|url)$")
        {
            Repository = mirror,
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
                throw new PortalException(Refusal.Invalid, "A submodule's path leads out of the repository.");
            }
        }
        return at;
    }
}
