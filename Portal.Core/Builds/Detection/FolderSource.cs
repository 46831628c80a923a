using System.Text;

namespace Portal.Core.Builds.Detection;

/// <summary>
/// A checkout on disk. Links are followed for neither folders nor files, so nothing outside the root is ever read;
/// unreadable entries and names that are not valid text are left out.
/// </summary>
public sealed class FolderSource : ISourceFiles
{
    // What package managers and git put beside the source: large, and never the app itself.
    private static readonly HashSet<string> Skipped = new(StringComparer.Ordinal) { ".git", "node_modules", ".venv" };

    private readonly string root;
    private readonly HashSet<string> known;

    public FolderSource(string root)
    {
        this.root = Path.GetFullPath(root);
        Paths = [.. List(this.root).Order(StringComparer.Ordinal)];
        known = new HashSet<string>(Paths, StringComparer.Ordinal);
    }

    public IReadOnlyList<string> Paths { get; }

    public string? Read(string path, int maxBytes = SourceLimits.FileBytes)
    {
        // Only listed paths: no "..", no link, no device.
        if (!known.Contains(path))
        {
            return null;
        }

        try
        {
            var full = Path.Combine(root, path);
            if (!IsPlainFile(full))
            {
                return null;
            }

            using var stream = File.OpenRead(full);
            var buffer = new byte[Math.Min(maxBytes, (int)Math.Min(stream.Length, SourceLimits.FileBytes))];
            var read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            return Decode(buffer.AsSpan(0, read));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    private static string Decode(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0xEF, 0xBB, 0xBF, ..] => Encoding.UTF8.GetString(bytes[3..]),
        [0xFF, 0xFE, ..] => Encoding.Unicode.GetString(bytes[2..]),
        [0xFE, 0xFF, ..] => Encoding.BigEndianUnicode.GetString(bytes[2..]),
        _ => Encoding.UTF8.GetString(bytes),
    };

    private static bool IsPlainFile(string full)
    {
        var info = new FileInfo(full);
        return info.Exists && info.LinkTarget is null && info.UnixFileMode >= 0
            && (info.Attributes & (FileAttributes.Device | FileAttributes.ReparsePoint | FileAttributes.Directory)) == 0;
    }

    // Breadth first, so that a repository above the limit still shows its top.
    private static List<string> List(string root)
    {
        var found = new List<string>();
        var queue = new Queue<(string Full, string Relative, int Depth)>([(root, "", 0)]);
        while (queue.TryDequeue(out var folder) && found.Count < SourceLimits.Paths)
        {
            foreach (var entry in Entries(folder.Full))
            {
                var relative = folder.Relative + entry.Name;
                if (entry.Name.Contains('\uFFFD') || (entry.Attributes & (FileAttributes.ReparsePoint | FileAttributes.Device)) != 0)
                {
                    continue;
                }

                if (entry is DirectoryInfo)
                {
                    if (folder.Depth < SourceLimits.Depth && !Skipped.Contains(entry.Name))
                    {
                        queue.Enqueue((entry.FullName, relative + "/", folder.Depth + 1));
                    }
                }
                else if (found.Count < SourceLimits.Paths)
                {
                    found.Add(relative);
                }
            }
        }

        return found;
    }

    private static FileSystemInfo[] Entries(string folder)
    {
        try
        {
            return [.. new DirectoryInfo(folder).EnumerateFileSystemInfos().Take(SourceLimits.Paths).OrderBy(e => e.Name, StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return [];
        }
    }
}
