using System.Globalization;
using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection;

/// <summary>
/// The versions that a text such as "^18.2 || >=20", "~> 3.4.0", ">=3.8,&lt;4" or "8.*" accepts: the common part of what
/// npm, pip, composer, bundler and mix write. Pre-releases are taken for the release itself.
/// </summary>
public sealed partial class VersionRange
{
    private const long None = long.MaxValue;

    // More alternatives than anybody writes; the product of many such ranges stays small.
    private const int MostIntervals = 32;

    private VersionRange(IReadOnlyList<(long From, long To)> intervals) => Intervals = intervals;

    public static VersionRange Any { get; } = new([(0, None)]);

    /// <summary>From inclusive, to exclusive, each as <see cref="Number"/> gives it; ascending as written.</summary>
    public IReadOnlyList<(long From, long To)> Intervals { get; }

    /// <summary>major × 1,000,000 + minor × 1,000 + patch.</summary>
    public static long Number(int major, int minor, int patch) => (major * 1_000_000L) + (Math.Min(minor, 999) * 1_000L) + Math.Min(patch, 999);

    public static int MajorOf(long number) => (int)(number / 1_000_000);

    /// <summary>Null where the text is no range of versions that this understands.</summary>
    public static VersionRange? Parse(string? text)
    {
        if (text is null or { Length: > 200 })
        {
            return null;
        }

        var intervals = new List<(long From, long To)>();
        foreach (var alternative in text.Replace(" or ", "||", StringComparison.Ordinal).Split(["||", "|"], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Alternative(alternative) is not { } interval)
            {
                return null;
            }

            if (interval.From < interval.To)
            {
                intervals.Add(interval);
            }
        }

        return intervals.Count == 0 ? null : new VersionRange(intervals);
    }

    /// <summary>Null where the text holds no version: "3.11.2", "go1.19.8", "openjdk 17.0.15".</summary>
    public static long? VersionIn(string? text) =>
        FirstVersion().Match(text ?? "") is { Success: true } m ? Number(Part(m, 1), Part(m, 2), Part(m, 3)) : null;

    /// <summary>What both accept, ascending; null where that is nothing.</summary>
    public VersionRange? And(VersionRange other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var both = Intervals.SelectMany(a => other.Intervals.Select(b => (From: Math.Max(a.From, b.From), To: Math.Min(a.To, b.To)))).Where(i => i.From < i.To).Distinct().Order().Take(MostIntervals).ToList();
        return both.Count == 0 ? null : new VersionRange(both);
    }

    public bool Contains(long version) => Intervals.Any(i => version >= i.From && version < i.To);

    private static (long From, long To)? Alternative(string text)
    {
        var (from, to) = (0L, None);
        var spaced = Hyphen().Replace(text.Replace(" and ", ",", StringComparison.Ordinal), ">=$1 <=$2");
        var seen = false;
        foreach (Match m in Comparator().Matches(spaced))
        {
            seen = true;
            var next = Interval(m);
            (from, to) = (Math.Max(from, next.From), Math.Min(to, next.To));
        }

        // What is left besides comparators is something else than a range.
        return seen && Comparator().Replace(spaced, "").Trim(' ', ',').Length == 0 ? (from, to) : null;
    }

    private static (long From, long To) Interval(Match m)
    {
        var parts = (string[])[m.Groups[2].Value, m.Groups[3].Value, m.Groups[4].Value];
        var given = parts.TakeWhile(p => p.Length > 0 && char.IsAsciiDigit(p[0])).Count();
        if (given == 0)
        {
            return (0, None);
        }

        var version = Number(Part(m, 2), Part(m, 3), Part(m, 4));
        long After(int component) => component switch
        {
            1 => Number(Part(m, 2) + 1, 0, 0),
            2 => version / 1_000_000 * 1_000_000 + ((Part(m, 3) + 1) * 1_000L),
            _ => version + 1,
        };
        return m.Groups[1].Value switch
        {
            ">=" => (version, None),
            ">" => (After(given), None),
            "<" => (0, version),
            "<=" => (0, After(given)),
            "!=" => (0, None),
            "^" => (version, Part(m, 2) > 0 ? After(1) : After(Math.Min(given, 2))),
            "~" => (version, After(Math.Min(given, 2))),
            "~>" or "~=" => (version, After(Math.Max(1, given - 1))),
            _ => (version, After(given)),
        };
    }

    private static int Part(Match m, int group) => int.TryParse(m.Groups[group].ValueSpan, CultureInfo.InvariantCulture, out var value) ? Math.Min(value, 9_999) : 0;

    [GeneratedRegex(@"(>=|<=|!=|~>|~=|===|==|\^|~|>|<|=)?\s*v?(\d{1,5}|[*xX])(?:\.(\d{1,5}|[*xX]))?(?:\.(\d{1,5}|[*xX]))?(?:\.\d+)*(?:[-+][\w.+-]*|(?:a|b|rc|t|u|p)\d*)?", RegexOptions.NonBacktracking)]
    private static partial Regex Comparator();

    [GeneratedRegex(@"(v?\d[\w.]*)\s+-\s+(v?\d[\w.]*)", RegexOptions.NonBacktracking)]
    private static partial Regex Hyphen();

    [GeneratedRegex(@"(\d{1,5})(?:\.(\d{1,5}))?(?:\.(\d{1,5}))?", RegexOptions.NonBacktracking)]
    private static partial Regex FirstVersion();
}
