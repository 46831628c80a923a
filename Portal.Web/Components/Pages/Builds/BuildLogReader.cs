using Portal.Core.Builds;
using Portal.Web.Components.Controls;

namespace Portal.Web.Components.Pages.Builds;

/// <summary>
/// Turns the pieces of a build's log into numbered lines with their step. A piece holds whole lines; a line that starts
/// with <c>ESC ] portal;step;NAME BEL</c> opens a step. Keeps its place, so that following costs only the new pieces.
/// </summary>
public sealed class BuildLogReader
{
    private const string Marker = "\u001b]portal;step;";
    private long _line;
    private string? _step;

    /// <summary>The sequence number of the first piece not seen yet.</summary>
    public int Next { get; private set; }

    public IReadOnlyList<LogLine> Read(IEnumerable<BuildLogChunk> chunks)
    {
        var lines = new List<LogLine>();
        foreach (var chunk in chunks.Where(c => c.Sequence >= Next))
        {
            Next = chunk.Sequence + 1;
            var text = chunk.Text.EndsWith('\n') ? chunk.Text[..^1] : chunk.Text;
            foreach (var raw in text.Split('\n'))
            {
                var line = raw;
                if (line.StartsWith(Marker, StringComparison.Ordinal))
                {
                    var end = line.IndexOf('\a', Marker.Length);
                    _step = StepWords.Title(end < 0 ? line[Marker.Length..] : line[Marker.Length..end]);
                    line = end < 0 ? "" : line[(end + 1)..];
                    if (line.Length == 0)
                    {
                        continue;
                    }
                }

                lines.Add(new LogLine(++_line, line, chunk.At, _step));
            }
        }

        return lines;
    }
}
