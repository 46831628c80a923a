namespace Portal.Web.Components.Controls;

/// <summary>
/// The window of a log that a page holds: at most <see cref="Limit"/> lines, the newest, in blocks that only grow at the
/// end, so that an append re-renders one block. Colours are resolved once, when a line comes in. While paused, new
/// lines wait and are counted. Not thread-safe: used on the page's own synchronisation context.
/// </summary>
public sealed class LogDocument(int limit = LogDocument.DefaultLimit)
{
    public const int DefaultLimit = 5_000;
    private const int BlockSize = 100;

    private readonly List<LogLine> _waiting = [];
    private readonly LinkedList<LogBlock> _blocks = [];
    private AnsiStyle _style;

    public int Limit { get; } = limit;

    public int Count { get; private set; }

    /// <summary>Lines that were dropped at the front because the window is full.</summary>
    public long Dropped { get; private set; }

    public bool Paused { get; private set; }

    public int Waiting => _waiting.Count;

    public string? Find { get; private set; }

    /// <summary>Lines in the window that contain <see cref="Find"/>.</summary>
    public int Hits { get; private set; }

    public IReadOnlyCollection<LogBlock> Blocks => _blocks;

    public long LastNumber => _waiting.Count > 0 ? _waiting[^1].Number : _blocks.Last?.Value.Lines[^1].Line.Number ?? 0;

    public void Append(IEnumerable<LogLine> lines)
    {
        if (Paused)
        {
            _waiting.AddRange(lines);
            if (_waiting.Count > Limit)
            {
                var over = _waiting.Count - Limit;
                _waiting.RemoveRange(0, over);
                Dropped += over;
            }

            return;
        }

        foreach (var line in lines)
        {
            Add(line);
        }

        Trim();
    }

    public void Pause() => Paused = true;

    public void Resume()
    {
        Paused = false;
        var lines = _waiting.ToArray();
        _waiting.Clear();
        Append(lines);
    }

    public void Clear()
    {
        _blocks.Clear();
        _waiting.Clear();
        _style = default;
        (Count, Dropped, Hits) = (0, 0, 0);
    }

    /// <summary>Marks every occurrence; null or blank marks nothing.</summary>
    public void Search(string? find)
    {
        find = string.IsNullOrWhiteSpace(find) ? null : find.Length > 200 ? find[..200] : find;
        if (find == Find)
        {
            return;
        }

        Find = find;
        Hits = 0;
        foreach (var block in _blocks)
        {
            foreach (var shown in block.Lines)
            {
                shown.Mark(find);
                Hits += shown.Hit ? 1 : 0;
            }

            block.Touch();
        }
    }

    private void Add(LogLine line)
    {
        var block = _blocks.Last?.Value;
        if (block is null || block.Lines.Count >= BlockSize || block.Step != line.Step)
        {
            block = new LogBlock(line.Number, line.Step);
            _blocks.AddLast(block);
        }

        var shown = new ShownLine(line, _style, Find);
        _style = shown.After;
        block.Add(shown);
        Count++;
        Hits += shown.Hit ? 1 : 0;
    }

    private void Trim()
    {
        while (Count > Limit && _blocks.Count > 1)
        {
            var first = _blocks.First!.Value;
            _blocks.RemoveFirst();
            Count -= first.Lines.Count;
            Dropped += first.Lines.Count;
            Hits -= first.Lines.Count(line => line.Hit);
        }
    }
}
