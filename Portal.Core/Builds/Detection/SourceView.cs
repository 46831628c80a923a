namespace Portal.Core.Builds.Detection;

/// <summary>One folder of a source, as stacks see it: paths are relative to that folder.</summary>
internal sealed class SourceView
{
    private readonly ISourceFiles files;
    private readonly bool alone;
    private readonly HashSet<string> known;
    private readonly HashSet<string> folders = new(StringComparer.Ordinal);

    public SourceView(ISourceFiles files, string folder = "", bool alone = false)
    {
        this.files = files;
        this.alone = alone;
        Folder = folder;
        var prefix = folder.Length == 0 ? "" : folder + "/";
        Paths = [.. files.Paths.Where(p => p.Length > prefix.Length && p.StartsWith(prefix, StringComparison.Ordinal)).Select(p => p[prefix.Length..])];
        known = new HashSet<string>(Paths, StringComparer.Ordinal);
        foreach (var path in Paths)
        {
            for (var i = path.IndexOf('/'); i > 0; i = path.IndexOf('/', i + 1))
            {
                folders.Add(path[..i]);
            }
        }
    }

    /// <summary>"" for the root of the source.</summary>
    public string Folder { get; }

    public IReadOnlyList<string> Paths { get; }

    public IReadOnlyCollection<string> Folders => folders;

    public bool Has(string path) => known.Contains(path);

    public bool HasFolder(string path) => folders.Contains(path);

    public string? Read(string path, int maxBytes = SourceLimits.FileBytes) =>
        known.Contains(path) ? files.Read(Folder.Length == 0 ? path : Folder + "/" + path, maxBytes) : null;

    public SourceView At(string folder) => new(files, Join(Folder, folder), alone);

    /// <summary>
    /// A folder as if there were nothing above it. A search through hundreds of folders must not read what lies above
    /// each of them again.
    /// </summary>
    public SourceView Alone(string folder) => new(files, Join(Folder, folder), alone: true);

    /// <summary>The folder above, or null at the root.</summary>
    public SourceView? Parent() => Folder.Length == 0 || alone ? null : new(files, FolderOf(Folder));

    public string? First(params ReadOnlySpan<string> candidates)
    {
        foreach (var candidate in candidates)
        {
            if (known.Contains(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>Files that satisfy the test, the ones nearest to the root first.</summary>
    public IEnumerable<string> Where(Func<string, bool> test) => Paths.Where(test).OrderBy(Depth).ThenBy(p => p, StringComparer.Ordinal);

    /// <summary>Files of that name anywhere, the ones nearest to the root first.</summary>
    public IEnumerable<string> Named(string name) => Where(p => NameOf(p) == name);

    public IEnumerable<string> WithExtension(string extension) => Where(p => p.EndsWith(extension, StringComparison.OrdinalIgnoreCase));

    public static int Depth(string path) => path.AsSpan().Count('/');

    public static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    public static string FolderOf(string path) => path.LastIndexOf('/') is var i and > 0 ? path[..i] : "";

    public static string Join(string folder, string path) => folder.Length == 0 || folder == "." ? path : path.Length == 0 || path == "." ? folder : folder + "/" + path;

    /// <summary>
    /// A relative path without ".", ".." and empty parts, as people type it into package files and settings;
    /// null when it leaves the folder.
    /// </summary>
    public static string? Normalise(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Replace('\\', '/').Split('/'))
        {
            if (part == "..")
            {
                if (parts.Count == 0)
                {
                    return null;
                }

                parts.RemoveAt(parts.Count - 1);
            }
            else if (part.Trim() is { Length: > 0 } name && name != "." && !name.Contains('\0'))
            {
                parts.Add(name);
            }
        }

        return string.Join('/', parts);
    }
}
