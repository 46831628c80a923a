using System.Globalization;
using System.Text;
using Portal.Core.Common;

namespace Portal.Core.Git;

/// <param name="Path">As git stores it, invalid UTF-8 replaced; only for looking at, never for opening files.</param>
internal sealed record TreeLink(string Path, string Commit);

/// <summary>What a commit holds, measured before anything is written.</summary>
/// <param name="Links">Submodules.</param>
internal sealed record SourceTree(int Files, long Bytes, IReadOnlyList<TreeLink> Links, bool HasModules, bool HasAttributes)
{
    /// <summary>Reads <c>git ls-tree -r -l -z</c>: <c>mode type id size\tpath\0</c>, size right-aligned, "-" for submodules.</summary>
    public static SourceTree Parse(byte[] listing, CheckoutLimits limits)
    {
        var (files, bytes, hasModules, hasAttributes) = (0, 0L, false, false);
        var links = new List<TreeLink>();
        var symbolic = new HashSet<string>();
        var rest = listing.AsSpan();
        while (rest.IndexOf((byte)0) is var end and >= 0)
        {
            var entry = rest[..end];
            rest = rest[(end + 1)..];
            var tab = entry.IndexOf((byte)'\t');
            var path = entry[(tab + 1)..];
            var words = Encoding.ASCII.GetString(entry[..tab]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            files++;
            if (words[1] == "commit")
            {
                links.Add(new TreeLink(Encoding.UTF8.GetString(path), words[2]));
            }
            else
            {
                bytes += long.Parse(words[3], CultureInfo.InvariantCulture);
                hasModules |= path.SequenceEqual(".gitmodules"u8);
                hasAttributes |= path.EndsWith(".gitattributes"u8);
                if (words[0] == "120000")
                {
                    symbolic.Add(Encoding.UTF8.GetString(path));
                }
            }
            if (files > limits.Files)
            {
                throw TooMany(limits);
            }
            if (bytes > limits.Bytes)
            {
                throw TooLarge(limits);
            }
        }
        return links.Find(l => Steps(l.Path).Any(symbolic.Contains)) is { } through
            ? throw new PortalException(Refusal.Invalid, $"The path of the submodule {RepositoryText.Clean(through.Path, 200)} leads through a symbolic link.")
            : new SourceTree(files, bytes, links, hasModules, hasAttributes);
    }

    /// <summary>"a", "a/b" and "a/b/c" on the way to "a/b/c".</summary>
    private static IEnumerable<string> Steps(string path)
    {
        for (var at = path.IndexOf('/', StringComparison.Ordinal); at >= 0; at = path.IndexOf('/', at + 1))
        {
            yield return path[..at];
        }
        yield return path;
    }

    public static PortalException TooMany(CheckoutLimits limits) => new(Refusal.TooLarge,
        string.Create(CultureInfo.InvariantCulture, $"The source has more than {limits.Files:#,0} files, which is the limit. Keep generated folders such as node_modules out of git."));

    public static PortalException TooLarge(CheckoutLimits limits) => new(Refusal.TooLarge,
        string.Create(CultureInfo.InvariantCulture, $"The source is larger than {limits.Bytes / 1024 / 1024:#,0} MB, which is the limit. Keep large generated files out of git."));
}
