using System.Text;

namespace Portal.Core.Builds.Detection;

/// <summary>A source held in memory: files read from a git tree, or written by a test.</summary>
public sealed class MemorySource : ISourceFiles
{
    private readonly SortedDictionary<string, string> files = new(StringComparer.Ordinal);

    public MemorySource(IEnumerable<KeyValuePair<string, string>> files)
    {
        foreach (var (path, text) in files)
        {
            this.files[path] = text;
        }

        Paths = [.. this.files.Keys.Take(SourceLimits.Paths)];
    }

    public IReadOnlyList<string> Paths { get; }

    public string? Read(string path, int maxBytes = SourceLimits.FileBytes)
    {
        if (!files.TryGetValue(path, out var text))
        {
            return null;
        }

        return Encoding.UTF8.GetByteCount(text) <= maxBytes ? text : text[..Math.Min(text.Length, maxBytes)];
    }
}
