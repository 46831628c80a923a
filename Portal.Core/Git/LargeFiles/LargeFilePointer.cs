using System.Globalization;
using System.Text;

namespace Portal.Core.Git.LargeFiles;

/// <summary>
/// What Git LFS keeps in a repository in a large file's place:
/// https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md. The objects themselves lie elsewhere, named by their hash.
/// </summary>
/// <param name="Oid">SHA-256 of the file, 64 lower-case hex digits.</param>
/// <param name="Size">Bytes of the file.</param>
public sealed record LargeFilePointer(string Oid, long Size)
{
    /// <summary>No pointer is shorter (its size has one digit).</summary>
    public const int LeastBytes = 120;

    /// <summary>A pointer is smaller than this.</summary>
    public const int MostBytes = 1024;

    private const string OidLine = "oid sha256:";
    private const string SizeLine = "size ";

    public static bool IsOid(string? text) => text is { Length: 64 } && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Null when it is an ordinary file.</summary>
    public static LargeFilePointer? Parse(ReadOnlySpan<byte> file)
    {
        if (file.Length is < LeastBytes or >= MostBytes || !(file.StartsWith("version https://git-lfs.github.com/spec/"u8) || file.StartsWith("version https://hawser.github.com/spec/"u8)))
        {
            return null;
        }
        string? oid = null;
        long? size = null;
        foreach (var line in Encoding.UTF8.GetString(file).Split('\n'))
        {
            if (line.StartsWith(OidLine, StringComparison.Ordinal))
            {
                oid = line[OidLine.Length..].TrimEnd('\r');
            }
            else if (line.StartsWith(SizeLine, StringComparison.Ordinal) && long.TryParse(line[SizeLine.Length..].TrimEnd('\r'), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes))
            {
                size = bytes;
            }
        }
        return IsOid(oid) && size is { } known ? new LargeFilePointer(oid!, known) : null;
    }
}
