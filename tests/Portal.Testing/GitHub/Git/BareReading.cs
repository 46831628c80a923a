using System.Globalization;

namespace Portal.Testing.GitHub;

internal sealed record GitCommit(
    string Sha, string Tree, IReadOnlyList<string> Parents,
    string AuthorName, string AuthorEmail, string AuthoredAt, string CommitterName, string CommitterEmail, string CommittedAt, string Message)
{
    public List<string> Added { get; } = [];

    public List<string> Removed { get; } = [];

    public List<string> Modified { get; } = [];
}

internal sealed record GitEntry(string Type, string Sha, long Size, string Path);

internal static class BareReading
{
    private const string Format = "--format=%x1e%H%x1f%T%x1f%P%x1f%an%x1f%ae%x1f%aI%x1f%cn%x1f%ce%x1f%cI%x1f%B%x1d";

    /// <summary>Oldest first; the newest <paramref name="most"/> where there are more.</summary>
    public static async Task<IReadOnlyList<GitCommit>> CommitsAsync(this BareRepository git, int most, params string[] range)
    {
        var log = await GitProcess.RunAsync(git.Folder, ["log", "--reverse", $"--max-count={most}", Format, "--name-status", "--no-renames", "-z", .. range, "--"]);
        return [.. log.Text.Split('\x1e').Skip(1).Select(Parse)];
    }

    public static async Task<GitCommit?> CommitAsync(this BareRepository git, string sha) =>
        await git.CommitOfAsync(sha) is { } found ? (await git.CommitsAsync(1, found))[^1] : null;

    /// <summary>A file as its one entry, a folder as what lies in it, null for nothing.</summary>
    public static async Task<(bool IsFolder, IReadOnlyList<GitEntry> Entries)?> ListAsync(this BareRepository git, string commit, string path)
    {
        if (path.Length > 0)
        {
            var own = Entries((await GitProcess.RunAsync(git.Folder, ["ls-tree", "-l", "-z", commit, "--", path])).Text);
            if (own is not [var entry])
            {
                return null;
            }
            if (entry.Type != "tree")
            {
                return (false, own);
            }
        }
        return (true, Entries((await GitProcess.RunAsync(git.Folder, ["ls-tree", "-l", "-z", commit, "--", .. path.Length > 0 ? [$"{path}/"] : Array.Empty<string>()])).Text));
    }

    public static async Task<byte[]> BlobAsync(this BareRepository git, string sha) => (await GitProcess.RunAsync(git.Folder, ["cat-file", "blob", sha])).Bytes;

    private static GitCommit Parse(string text)
    {
        var end = text.IndexOf('\x1d');
        var f = text[..end].Split('\x1f', 10);
        var commit = new GitCommit(f[0], f[1], f[2].Split(' ', StringSplitOptions.RemoveEmptyEntries), f[3], f[4], f[5], f[6], f[7], f[8], f[9].TrimEnd('\n'));
        var files = text[(end + 1)..].Trim('\n', '\0').Split('\0', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i + 1 < files.Length; i += 2)
        {
            (files[i].Trim('\n') switch { "A" => commit.Added, "D" => commit.Removed, _ => commit.Modified }).Add(files[i + 1]);
        }
        return commit;
    }

    private static List<GitEntry> Entries(string listed) =>
    [
        .. listed.Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(line =>
        {
            var (head, path) = (line[..line.IndexOf('\t', StringComparison.Ordinal)], line[(line.IndexOf('\t', StringComparison.Ordinal) + 1)..]);
            var parts = head.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return new GitEntry(parts[1], parts[2], long.TryParse(parts[3], CultureInfo.InvariantCulture, out var size) ? size : 0, path);
        }),
    ];
}
