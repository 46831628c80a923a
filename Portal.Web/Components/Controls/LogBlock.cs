namespace Portal.Web.Components.Controls;

/// <summary>Up to a hundred neighbouring lines of one step; re-rendered only when its version moved.</summary>
public sealed class LogBlock(long key, string? step)
{
    private readonly List<ShownLine> _lines = [];

    public long Key { get; } = key;

    public string? Step { get; } = step;

    public int Version { get; private set; }

    public IReadOnlyList<ShownLine> Lines => _lines;

    internal void Add(ShownLine line)
    {
        _lines.Add(line);
        Version++;
    }

    internal void Touch() => Version++;
}

/// <summary>A line with its markup, made once from text that was encoded first.</summary>
public sealed class ShownLine
{
    private readonly AnsiStyle _before;

    public ShownLine(LogLine line, AnsiStyle before, string? find)
    {
        Line = line;
        _before = before;
        Mark(find);
    }

    public LogLine Line { get; }

    public AnsiStyle After { get; private set; }

    public string Html { get; private set; } = "";

    public bool Hit { get; private set; }

    internal void Mark(string? find)
    {
        var style = _before;
        Hit = find is not null && AnsiText.Plain(Line.Text).Contains(find, StringComparison.OrdinalIgnoreCase);
        Html = AnsiText.ToHtml(Line.Text, ref style, Hit ? find : null);
        After = style;
    }
}
