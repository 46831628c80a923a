using System.Globalization;
using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Node;

/// <summary>
/// Brings a newer Node where the machine's is too old for what the source asks for: Node is itself an npm package. An
/// older one is not brought, because the machine's npm would not run on it; newer Nodes run old code.
/// </summary>
internal static partial class NodeVersion
{
    // Anything older runs on every Node that is still maintained.
    private const int Oldest = 19;
    private const int Newest = 99;

    public static void Bring(Draft draft, string wanted)
    {
        if (Major(wanted) is not { } major)
        {
            return;
        }

        draft.Step(Draft.Prepare, $"node -e 'process.exit(parseInt(process.versions.node) < {major} ? 1 : 0)' || npm install --silent --no-save --prefix {PackageManager.ToolsFolder} node@{major}");
        if (!draft.Path.Contains(PackageManager.Programs))
        {
            draft.Path.Insert(0, PackageManager.Programs);
        }
    }

    /// <summary>What a framework needs although the source asks for nothing: their releases of these majors say so.</summary>
    public static string? Implied(PackageJson package) =>
        package.Dependencies.GetValueOrDefault("nuxt") is "latest" || package.Major("nuxt") is >= 4 || package.Major("astro") is >= 6
        || package.HasAny("@tanstack/react-start", "@tanstack/solid-start") ? "22" : null;

    // The lowest of the versions that would do: "^22", ">=22.12", "v24.1.0", "20 || 22".
    private static int? Major(string wanted)
    {
        var lowest = Newest;
        foreach (var part in wanted.Split("||"))
        {
            if (Number().Match(part) is not { Success: true } match || part.Contains('<', StringComparison.Ordinal) && !part.Contains('>', StringComparison.Ordinal))
            {
                return null;
            }

            lowest = Math.Min(lowest, int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
        }

        return lowest is >= Oldest and < Newest ? lowest : null;
    }

    [GeneratedRegex(@"^[\s^~>=v]*(\d{1,2})(?:[.\sx*<-]|$)", RegexOptions.NonBacktracking)]
    private static partial Regex Number();
}
