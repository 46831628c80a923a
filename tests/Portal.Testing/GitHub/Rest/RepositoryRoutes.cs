using System.Text;
using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

/// <summary>A repository, its branches, commits and files.</summary>
internal static class RepositoryRoutes
{
    private const int MostInline = 1024 * 1024;
    private const int MostFile = 100 * 1024 * 1024;

    public static void Map(RestDoor rest)
    {
        rest.Repository("GET", "", "metadata", Level.Read, call => Answer.Ok(call.Shapes.Repository(call.Repository, call.Caller, full: true)));
        rest.RepositoryGit("GET", "/branches", "contents", Level.Read, BranchesAsync);
        rest.RepositoryGit("GET", "/branches/{**branch}", "contents", Level.Read, BranchAsync);
        rest.RepositoryGit("GET", "/git/ref/{**name}", "contents", Level.Read, RefAsync);
        // The address before "ref", which client libraries still use.
        rest.RepositoryGit("GET", "/git/refs/{**name}", "contents", Level.Read, call => call.Route("name").Length == 0 ? MatchingAsync(call) : RefAsync(call));
        rest.RepositoryGit("GET", "/git/matching-refs/{**name}", "contents", Level.Read, MatchingAsync);
        rest.RepositoryGit("GET", "/commits/{**revision}", "contents", Level.Read, CommitAsync);
        rest.RepositoryGit("GET", "/contents/{**path}", "contents", Level.Read, ContentsAsync);
    }

    /// <summary>The commit that a branch, tag or SHA names, in that order.</summary>
    public static async Task<string?> ResolveAsync(this DoubleRepository repository, string revision)
    {
        var git = repository.Git;
        var name = revision.StartsWith("refs/", StringComparison.Ordinal) ? revision["refs/".Length..] : revision;
        return await git.BranchAsync(name.StartsWith("heads/", StringComparison.Ordinal) ? name["heads/".Length..] : name)
            ?? await git.CommitOfAsync($"refs/tags/{(name.StartsWith("tags/", StringComparison.Ordinal) ? name["tags/".Length..] : name)}")
            ?? (name.Length is >= 7 and <= 40 && name.All(char.IsAsciiHexDigit) ? await git.CommitOfAsync(name) : null);
    }

    private static async Task<Answer> BranchesAsync(Call call)
    {
        var heads = await call.Repository.Git.RefsAsync("refs/heads");
        lock (call.State.Gate)
        {
            return call.Page([.. heads.OrderBy(h => h.Key, StringComparer.Ordinal)], h => call.Shapes.Branch(call.Repository, h.Key["refs/heads/".Length..], h.Value));
        }
    }

    private static async Task<Answer> BranchAsync(Call call)
    {
        var name = call.Route("branch");
        if (await call.Repository.Git.BranchAsync(name) is not { } sha)
        {
            return Answer.Error(404, "Branch not found");
        }
        var commit = (await call.Repository.Git.CommitAsync(sha))!;
        lock (call.State.Gate)
        {
            var shape = call.Shapes.Branch(call.Repository, name, sha);
            shape["commit"] = call.Shapes.Commit(call.Repository, commit);
            shape["_links"] = new JsonObject { ["self"] = call.Shapes.Api($"/repos/{call.Repository.FullName}/branches/{name}"), ["html"] = call.Shapes.Web($"{call.Repository.FullName}/tree/{name}") };
            shape["protection"] = new JsonObject { ["enabled"] = false };
            return Answer.Ok(shape);
        }
    }

    private static async Task<Answer> RefAsync(Call call)
    {
        var name = $"refs/{call.Route("name")}";
        var refs = await call.Repository.Git.RefsAsync(name);
        if (refs.TryGetValue(name, out var sha))
        {
            return Answer.Ok(Reference(call, name, sha));
        }
        return (await call.Repository.Git.RefsAsync()).Count == 0 ? Answer.Error(409, "Git Repository is empty.") : Answer.NotFound();
    }

    private static async Task<Answer> MatchingAsync(Call call)
    {
        var name = $"refs/{call.Route("name")}";
        var refs = (await call.Repository.Git.RefsAsync()).Where(r => r.Key.StartsWith(name, StringComparison.Ordinal)).OrderBy(r => r.Key, StringComparer.Ordinal);
        return call.Page([.. refs], r => Reference(call, r.Key, r.Value));
    }

    private static JsonObject Reference(Call call, string name, string sha) => new()
    {
        ["ref"] = name,
        ["node_id"] = $"REF_{sha[..12]}",
        ["url"] = call.Shapes.Api($"/repos/{call.Repository.FullName}/git/{name}"),
        ["object"] = new JsonObject { ["sha"] = sha, ["type"] = "commit", ["url"] = call.Shapes.Api($"/repos/{call.Repository.FullName}/git/commits/{sha}") },
    };

    private static async Task<Answer> CommitAsync(Call call)
    {
        if (await call.Repository.ResolveAsync(call.Route("revision")) is not { } sha)
        {
            return Answer.Error(422, $"No commit found for SHA: {call.Route("revision")}");
        }
        if (call.Accepts("application/vnd.github.sha"))
        {
            return new Answer(200) { Raw = (Encoding.ASCII.GetBytes(sha), "application/vnd.github.sha; charset=utf-8") };
        }
        var commit = (await call.Repository.Git.CommitAsync(sha))!;
        lock (call.State.Gate)
        {
            var shape = call.Shapes.Commit(call.Repository, commit);
            shape["files"] = new JsonArray(
            [
                .. new[] { ("added", commit.Added), ("removed", commit.Removed), ("modified", commit.Modified) }
                    .SelectMany(kind => kind.Item2.Select(f => (JsonNode)new JsonObject { ["filename"] = f, ["status"] = kind.Item1 })),
            ]);
            return Answer.Ok(shape);
        }
    }

    private static async Task<Answer> ContentsAsync(Call call)
    {
        var git = call.Repository.Git;
        var reference = call.Query("ref") ?? call.Repository.DefaultBranch;
        if (await call.Repository.ResolveAsync(reference) is not { } commit)
        {
            return Answer.Error(404, call.Query("ref") is null ? "This repository is empty." : $"No commit found for the ref {reference}");
        }
        var path = call.Route("path").Trim('/');
        if (await git.ListAsync(commit, path) is not var (isFolder, entries))
        {
            return Answer.NotFound();
        }
        if (isFolder)
        {
            return Answer.Ok(new JsonArray([.. entries.Select(e => Entry(call, e, reference))]));
        }
        if (entries[0].Size > MostFile)
        {
            return Answer.Error(403, "This API returns blobs up to 100 MB in size.");
        }
        var bytes = await git.BlobAsync(entries[0].Sha);
        if (call.Accepts("raw"))
        {
            return new Answer(200) { Raw = (bytes, "application/vnd.github.raw; charset=utf-8") };
        }
        var file = Entry(call, entries[0], reference);
        file["content"] = bytes.Length > MostInline ? "" : Convert.ToBase64String(bytes, Base64FormattingOptions.InsertLineBreaks).Replace("\r", "", StringComparison.Ordinal) + "\n";
        file["encoding"] = bytes.Length > MostInline ? "none" : "base64";
        return Answer.Ok(file);
    }

    private static JsonObject Entry(Call call, GitEntry entry, string reference)
    {
        var api = call.Shapes.Api($"/repos/{call.Repository.FullName}");
        var web = call.Shapes.Web(call.Repository.FullName);
        var url = $"{api}/contents/{entry.Path}?ref={Uri.EscapeDataString(reference)}";
        var blob = entry.Type == "blob";
        return new JsonObject
        {
            ["name"] = entry.Path[(entry.Path.LastIndexOf('/') + 1)..],
            ["path"] = entry.Path,
            ["sha"] = entry.Sha,
            ["size"] = entry.Size,
            ["url"] = url,
            ["html_url"] = $"{web}/{(blob ? "blob" : "tree")}/{reference}/{entry.Path}",
            ["git_url"] = $"{api}/git/{(blob ? "blobs" : "trees")}/{entry.Sha}",
            ["download_url"] = blob ? $"{web}/raw/{reference}/{entry.Path}" : null,
            ["type"] = entry.Type switch { "tree" => "dir", "commit" => "submodule", _ => "file" },
            ["_links"] = new JsonObject { ["self"] = url, ["git"] = $"{api}/git/{(blob ? "blobs" : "trees")}/{entry.Sha}", ["html"] = $"{web}/blob/{reference}/{entry.Path}" },
        };
    }
}
