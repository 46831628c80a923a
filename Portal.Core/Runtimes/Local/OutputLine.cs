using System.Globalization;
using System.Text;

namespace Portal.Core.Runtimes.Local;

/// <summary>The form of one line in an instance's log files: time, a letter for its source, the text.</summary>
public static class OutputLine
{
    /// <summary>o: standard output, e: standard error, p: the platform's own word.</summary>
    public static byte[] Format(DateTimeOffset at, char source, string text) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{at.UtcDateTime:yyyy-MM-ddTHH:mm:ss.ffffffZ} {source} {text}\n"));

    /// <summary>Null for what is no line of ours.</summary>
    public static (DateTimeOffset At, char Source, string Text)? Parse(string line) =>
        line.Length >= 30 && line[27] == ' ' && line[29] == ' '
        && DateTimeOffset.TryParseExact(line.AsSpan(0, 27), "yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? (at, line[28], line[30..]) : null;
}
