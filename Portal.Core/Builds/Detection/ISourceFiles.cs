namespace Portal.Core.Builds.Detection;

/// <summary>
/// The little that detection may look at: which files there are and the text of small ones. Never throws.
/// </summary>
public interface ISourceFiles
{
    /// <summary>Relative paths of files with '/', in ordinal order; bounded by the implementation.</summary>
    IReadOnlyList<string> Paths { get; }

    /// <summary>The text of a file, cut at <paramref name="maxBytes"/>; null when absent, unreadable or outside the source.</summary>
    string? Read(string path, int maxBytes = SourceLimits.FileBytes);
}

public static class SourceLimits
{
    /// <summary>Files listed at most; the rest of a larger repository is not looked at.</summary>
    public const int Paths = 20_000;

    /// <summary>Bytes read of one file at most.</summary>
    public const int FileBytes = 512 * 1024;

    /// <summary>Folders deep at most.</summary>
    public const int Depth = 24;
}
