using System.Text.RegularExpressions;

namespace Portal.Core.Runtimes.Diagnosis;

/// <summary>
/// Recognises one cause in output. The output is an outsider's text of any shape, so the expressions run in linear time
/// and what they capture is cut.
/// </summary>
internal sealed class OutputRule(string expression, Func<string, Finding> find)
{
    private const int LongestCapture = 120;

    private readonly Regex regex = new(expression, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture);

    /// <summary>The first rule that recognises a line, looking from the last line back: what was said last is nearest to the end.</summary>
    public static Finding? First(IReadOnlyList<OutputRule> rules, IReadOnlyList<string> lines)
    {
        foreach (var rule in rules)
        {
            for (var i = lines.Count - 1; i >= 0; i--)
            {
                if (rule.Match(lines[i]) is { } finding)
                {
                    return finding;
                }
            }
        }
        return null;
    }

    private Finding? Match(string line)
    {
        var match = regex.Match(line);
        if (!match.Success)
        {
            return null;
        }
        // The group x is the thing in question: a variable, a module, a package.
        var x = match.Groups["x"].Value;
        return find(x.Length > LongestCapture ? x[..LongestCapture] + "…" : x);
    }
}
