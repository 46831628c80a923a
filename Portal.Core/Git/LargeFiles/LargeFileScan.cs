using System.Globalization;
using System.Text;
using Portal.Core.Common;

namespace Portal.Core.Git.LargeFiles;

/// <summary>Finds the pointers of Git LFS in a bare repository: small files whose text is one.</summary>
internal sealed class LargeFileScan(GitCommand git)
{
    /// <summary>Files looked into by one run of git.</summary>
    private const int AtOnce = 20_000;

    /// <summary>Of one commit; empty when nothing in it is kept in Git LFS.</summary>
    public async Task<IReadOnlyCollection<LargeFilePointer>> OfCommitAsync(string repository, string commit, SourceTree tree, CancellationToken cancellationToken)
    {
        if (!tree.HasAttributes || !(await git.RunAsync(new GitCall("grep", "--quiet", "--fixed-strings", "-e", "filter=lfs", commit, "--", ".gitattributes", ":(glob)**/.gitattributes")
        {
            Repository = repository,
        }, cancellationToken)).Succeeded)
        {
            return [];
        }
        var listing = await git.RunAsync(new GitCall("ls-tree", "-r", "-z", "--full-tree", "--format=%(objecttype) %(objectsize) %(objectname)", commit)
        {
            Repository = repository,
            MaxOutput = 1024 * 1024 + (tree.Files * 100L),
        }, cancellationToken);
        return await ReadAsync(repository, SmallFiles(listing.Text.Split('\0')), cancellationToken);
    }

    /// <summary>Of everything that the repository still holds, also what no branch leads to any more.</summary>
    public async Task<IReadOnlyCollection<LargeFilePointer>> OfRepositoryAsync(string repository, CancellationToken cancellationToken)
    {
        var listing = await git.RunAsync(new GitCall("cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objecttype) %(objectsize) %(objectname)")
        {
            Repository = repository,
            Limit = TimeSpan.FromMinutes(10),
            MaxOutput = 64 * 1024 * 1024,
        }, cancellationToken);
        if (!listing.Succeeded)
        {
            throw new PortalException(Refusal.Unavailable, $"The repository cannot be read: {listing.Error}");
        }
        return await ReadAsync(repository, SmallFiles(listing.Text.Split('\n')), cancellationToken);
    }

    private static List<string> SmallFiles(IEnumerable<string> lines)
    {
        var ids = new HashSet<string>();
        foreach (var line in lines)
        {
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["blob", var size, var id]
                && int.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) && bytes is >= LargeFilePointer.LeastBytes and < LargeFilePointer.MostBytes)
            {
                ids.Add(id);
            }
        }
        return [.. ids];
    }

    private async Task<IReadOnlyCollection<LargeFilePointer>> ReadAsync(string repository, List<string> ids, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, LargeFilePointer>();
        foreach (var some in ids.Chunk(AtOnce))
        {
            var result = await git.RunAsync(new GitCall("cat-file", "--batch")
            {
                Repository = repository,
                Input = Encoding.ASCII.GetBytes(string.Join('\n', some) + "\n"),
                MaxOutput = some.Length * (LargeFilePointer.MostBytes + 200L),
            }, cancellationToken);
            foreach (var pointer in Pointers(result.Output))
            {
                found[pointer.Oid] = pointer;
            }
        }
        return found.Values;
    }

    /// <summary>Reads <c>id blob size\ncontent\n</c>, again and again.</summary>
    internal static List<LargeFilePointer> Pointers(ReadOnlySpan<byte> batch)
    {
        var pointers = new List<LargeFilePointer>();
        while (batch.IndexOf((byte)'\n') is var end and >= 0)
        {
            var words = Encoding.ASCII.GetString(batch[..end]).Split(' ');
            batch = batch[(end + 1)..];
            if (words.Length != 3 || !int.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size >= batch.Length)
            {
                // "id missing" has no content.
                continue;
            }
            if (LargeFilePointer.Parse(batch[..size]) is { } pointer)
            {
                pointers.Add(pointer);
            }
            batch = batch[(size + 1)..];
        }
        return pointers;
    }
}
