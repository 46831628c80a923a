using System.Globalization;
using System.Text;

namespace Portal.Core.Git.Hosted;

/// <summary>One commit without a parent, as <c>git fast-import</c> reads it. Lengths are told before every text, so that no text can end early.</summary>
internal static class FastImport
{
    public static byte[] Write(string fullRef, IReadOnlyDictionary<string, byte[]> files, string author, string message, DateTimeOffset at)
    {
        using var stream = new MemoryStream();
        Line($"commit {fullRef}");
        Line(string.Create(CultureInfo.InvariantCulture, $"committer {Name(author)} <portal@localhost> {at.ToUnixTimeSeconds()} +0000"));
        Data(Encoding.UTF8.GetBytes(message));
        foreach (var (path, content) in files.OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            Line($"M 100644 inline {path}");
            Data(content);
        }
        return stream.ToArray();

        void Line(string text) => stream.Write(Encoding.UTF8.GetBytes(text + "\n"));

        void Data(byte[] content)
        {
            Line(string.Create(CultureInfo.InvariantCulture, $"data {content.Length}"));
            stream.Write(content);
            Line("");
        }
    }

    private static string Name(string author) => string.Concat(author.Where(c => !char.IsControl(c) && c is not ('<' or '>'))).Trim() is { Length: > 0 } name ? name : "Portal";
}
