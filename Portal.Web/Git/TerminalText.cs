using System.Text;
using System.Text.RegularExpressions;

namespace Portal.Web.Git;

/// <summary>A build's log as plain lines for a pusher's terminal: steps become headings; what a terminal would obey is left out.</summary>
internal static partial class TerminalText
{
    public static string Of(string log)
    {
        var text = new StringBuilder();
        foreach (var line in log.Split('\n'))
        {
            var step = Step().Match(line);
            if (step.Success)
            {
                text.Append("-----> ").Append(Plain(step.Groups[1].Value)).Append('\n');
                continue;
            }
            text.Append("       ").Append(Plain(line)).Append('\n');
        }
        // Whole lines end in a line break, after which Split finds one more, empty, line.
        if (log.EndsWith('\n'))
        {
            text.Length -= "       \n".Length;
        }
        return text.ToString();
    }

    public static string Plain(string text) =>
        new(Sequence().Replace(text, "").Where(c => !char.IsControl(c) || c == '\t').ToArray());

    [GeneratedRegex("\u001b\\]portal;step;([^\u0007]*)\u0007")]
    private static partial Regex Step();

    /// <summary>ECMA-48: CSI … final byte, OSC/DCS/PM/APC … terminator, and single escapes.</summary>
    [GeneratedRegex("\u001b\\[[0-?]*[ -/]*[@-~]|\u001b[\\]PX^_][^\u0007\u001b]*(\u0007|\u001b\\\\)?|\u001b[ -/]*[0-~]")]
    private static partial Regex Sequence();
}
