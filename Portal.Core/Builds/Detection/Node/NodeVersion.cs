using System.Globalization;

namespace Portal.Core.Builds.Detection.Node;

/// <summary>
/// Brings another Node where the machine's is not among the versions asked for: Node is itself an npm package. Before
/// Node 20 its npm comes along, because the machine's would not run on it.
/// </summary>
internal static class NodeVersion
{
    // Older ones run on no current system library, and their code usually runs on a newer Node.
    private const int Oldest = 12;
    private const int Newest = 99;

    // Every system that is still maintained has this Node or a newer one.
    private static readonly long OnEveryMachine = VersionRange.Number(18, 0, 0);

    private static readonly (string Package, int Major)[] ForNode22 = [("nuxt", 4), ("astro", 6), ("@angular/cli", 22), ("wrangler", 4), ("@tanstack/react-start", 0), ("@tanstack/solid-start", 0)];

    // The even numbers are maintained for years.
    private static readonly Dictionary<string, string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["argon"] = "4",
        ["boron"] = "6",
        ["carbon"] = "8",
        ["dubnium"] = "10",
        ["erbium"] = "12",
        ["fermium"] = "14",
        ["gallium"] = "16",
        ["hydrogen"] = "18",
        ["iron"] = "20",
        ["jod"] = "22",
        ["krypton"] = "24",
    };

    /// <summary>The versions asked for; null where any will do or nothing usable is said.</summary>
    public static VersionRange? Range(string wanted)
    {
        var text = wanted.StartsWith("lts/", StringComparison.OrdinalIgnoreCase) ? wanted["lts/".Length..] : wanted;
        return VersionRange.Parse(Names.GetValueOrDefault(text, text) is var version && ExactMajor(version) is { } major ? major : version);
    }

    public static bool MeansAny(string wanted) => wanted.Trim() is "" or "*" or "x" or "node" or "latest" or "lts" or "lts/*" or "lts/latest" or "stable" or "current" or "system";

    public static void Bring(Draft draft, string wanted)
    {
        if (MeansAny(wanted))
        {
            return;
        }

        if (Range(wanted) is not { } range)
        {
            draft.Warnings.Add($"“{wanted}” is no version of Node; this machine's Node is used.");
            return;
        }

        if (IsEverywhere(range))
        {
            return;
        }

        if (Best(range.Intervals) is not { } major)
        {
            draft.Warnings.Add($"Node {wanted} is too old to be brought; this machine's Node is used. Ask for a newer one, such as 22.");
            return;
        }

        Bring(draft, range, major, wanted);
    }

    /// <summary>For a source that asks for nothing: what its packages run on, where that is not every Node of today.</summary>
    public static void BringFor(Draft draft, SourceView root, PackageJson package)
    {
        // A package that names only old versions usually runs on newer ones, and the oldest that fits is what it was tried on most.
        if (LockedEngines.Of(root, package) is { } locked && locked.Range.Intervals[0].From > OnEveryMachine && Best([locked.Range.Intervals[0]]) is { } major)
        {
            draft.Because($"in the lock file {locked.Package} needs Node {locked.Asked}");
            Bring(draft, locked.Range, major, locked.Asked);
        }
        else if (Implied(package) is { } implied)
        {
            draft.Because($"its framework needs Node {implied} or newer");
            Bring(draft, $">={implied}");
        }
    }

    private static bool IsEverywhere(VersionRange range) => range.Intervals.Any(i => i.To == long.MaxValue && i.From <= OnEveryMachine);

    private static void Bring(Draft draft, VersionRange range, int major, string wanted)
    {
        var accepts = string.Join("||", range.Intervals.Select(i => i.To == long.MaxValue ? $"v>={i.From}" : $"v>={i.From}&&v<{i.To}"));
        var packages = major >= 20 ? $"node@{major}" : $"node@{major} npm@{(major >= 18 ? 10 : 8)}";
        draft.BringTool("node", packages, $"node -e 'const [a,b,c]=process.versions.node.split(\".\").map(Number),v=a*1e6+b*1e3+c;process.exit({accepts}?0:1)'", $"Node {wanted}: this machine's where it fits, else node@{major} from npm");
    }

    /// <summary>True where every Node asked for is older than the hash functions that OpenSSL 3 left out.</summary>
    public static bool IsBefore17(string? wanted) =>
        wanted is not null && !MeansAny(wanted) && Range(wanted) is { } range && Best(range.Intervals) is not null && range.Intervals.All(i => i.To <= VersionRange.Number(17, 0, 0));

    /// <summary>What a framework needs although the source asks for nothing: their releases of these majors say so.</summary>
    private static string? Implied(PackageJson package) =>
        ForNode22.Any(f => package.Dependencies.TryGetValue(f.Package, out var range) && (range is "latest" or "*" || package.Major(f.Package) >= f.Major)) ? "22" : null;

    // Of a closed range the newest, of an open one the lowest, which is the one it was written for; even numbers first.
    private static int? Best(IReadOnlyList<(long From, long To)> intervals)
    {
        int? best = null;
        foreach (var (from, to) in intervals)
        {
            var lowest = VersionRange.MajorOf(from);
            var highest = to == long.MaxValue ? lowest + 1 : VersionRange.MajorOf(to - 1);
            var even = to == long.MaxValue ? lowest + (lowest % 2) : highest - (highest % 2);
            var pick = even >= lowest && even <= highest ? even : highest;
            best = pick is >= Oldest and < Newest && pick > (best ?? 0) ? pick : best;
        }

        return best;
    }

    // A full version means its major: nobody wants to build Node 22.12.0 anew because 22.13 is there.
    private static string? ExactMajor(string version) =>
        version.TrimStart('v', '=', ' ') is var bare && bare.Split('.') is { Length: 2 or 3 } parts && parts.All(p => p.Length > 0 && p.All(char.IsAsciiDigit)) && parts[0].Length <= 3
            ? int.Parse(parts[0], CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture) : null;
}
