using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;

namespace Portal.Core.Triggers;

/// <summary>
/// Patterns of tags and paths: <c>*</c> stays within one folder, <c>**</c> crosses folders, <c>?</c> is one character.
/// A pattern without wildcards also means everything below it. Compiled without backtracking: a pattern cannot be slow.
/// </summary>
internal static class GlobPattern
{
    private const int MaxRemembered = 1000;

    private static readonly ConcurrentDictionary<string, Regex> Known = new();

    public static bool Matches(string pattern, string text) => RegexOf(pattern).IsMatch(text);

    /// <summary>As in .gitignore the last pattern that matches counts, and one that starts with "!" takes out.</summary>
    public static bool AnyMatches(IReadOnlyList<string> patterns, string path)
    {
        for (var i = patterns.Count - 1; i >= 0; i--)
        {
            var takesOut = patterns[i].StartsWith('!');
            if (Matches(takesOut ? patterns[i][1..] : patterns[i], path))
            {
                return !takesOut;
            }
        }
        // Only exceptions were named: everything else counts.
        return patterns.Count > 0 && patterns.All(p => p.StartsWith('!'));
    }

    private static Regex RegexOf(string pattern)
    {
        if (Known.Count > MaxRemembered)
        {
            Known.Clear();
        }
        return Known.GetOrAdd(pattern, Translate);
    }

    private static Regex Translate(string pattern)
    {
        var glob = pattern.TrimStart('/');
        var regex = new StringBuilder("^");
        for (var i = 0; i < glob.Length; i++)
        {
            if (glob[i] == '*' && i + 1 < glob.Length && glob[i + 1] == '*')
            {
                var wholeParts = i + 2 < glob.Length && glob[i + 2] == '/' && (i == 0 || glob[i - 1] == '/');
                regex.Append(wholeParts ? "(.*/)?" : ".*");
                i += wholeParts ? 2 : 1;
            }
            else
            {
                regex.Append(glob[i] switch { '*' => "[^/]*", '?' => "[^/]", var c => Regex.Escape(c.ToString()) });
            }
        }
        regex.Append(glob.EndsWith('/') ? ".*$" : glob.Contains('*') || glob.Contains('?') ? "$" : "(/.*)?$");
        return new Regex(regex.ToString(), RegexOptions.NonBacktracking | RegexOptions.Singleline | RegexOptions.CultureInvariant);
    }
}
