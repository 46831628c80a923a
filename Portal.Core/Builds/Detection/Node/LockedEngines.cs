using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Node;

/// <summary>
/// The versions of Node that the package's own dependencies run on, as the lock file of npm or pnpm tells. Read line by
/// line: a lock file may be longer than what is read of it.
/// </summary>
internal static partial class LockedEngines
{
    /// <summary>What all of them accept, with the package that asks for the newest; null where none asks for anything or they contradict each other.</summary>
    public static (VersionRange Range, string Package, string Asked)? Of(SourceView root, PackageJson package)
    {
        var all = VersionRange.Any;
        (string Package, string Asked)? narrowest = null;
        foreach (var (name, asked) in Asked(root).Where(e => package.Has(e.Name)))
        {
            if (VersionRange.Parse(asked) is not { } range)
            {
                continue;
            }

            if (all.And(range) is not { } both)
            {
                return null;
            }

            narrowest = both.Intervals[0].From > all.Intervals[0].From ? (name, asked) : narrowest;
            all = both;
        }

        return narrowest is { } said ? (all, said.Package, said.Asked) : null;
    }

    private static IEnumerable<(string Name, string Asked)> Asked(SourceView root)
    {
        var (file, head, engine) = root.First("package-lock.json", "npm-shrinkwrap.json") is { } npm ? (npm, NpmHead(), NpmEngine())
            : ("pnpm-lock.yaml", PnpmHead(), PnpmEngine());
        string? name = null;
        foreach (var line in (root.Read(file) ?? "").Split('\n'))
        {
            if (head.Match(line) is { Success: true } started)
            {
                name = started.Groups[1].Value;
            }
            else if (name is not null && engine.Match(line) is { Success: true } said)
            {
                yield return (name, said.Groups[1].Value);
                name = null;
            }
        }
    }

    [GeneratedRegex(@"^\s+""(?:node_modules/((?:@[^/""]+/)?[^/""]+)|[^""]*node_modules/[^""]*)"": \{", RegexOptions.NonBacktracking)]
    private static partial Regex NpmHead();

    [GeneratedRegex(@"^\s+""node"": ""([^""]+)""", RegexOptions.NonBacktracking)]
    private static partial Regex NpmEngine();

    [GeneratedRegex(@"^  '?((?:@[^/]+/)?[^@/:\s]+)@\d[^:]*:\s*$", RegexOptions.NonBacktracking)]
    private static partial Regex PnpmHead();

    [GeneratedRegex(@"^    engines: \{node: '?([^'},]+)'?", RegexOptions.NonBacktracking)]
    private static partial Regex PnpmEngine();
}
