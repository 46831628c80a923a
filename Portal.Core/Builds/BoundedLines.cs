using System.Text;

namespace Portal.Core.Builds;

/// <summary>Reads lines of a stream that may never end one: a line over the limit is cut and its rest passed over. A lone carriage return (progress bars) starts the line anew.</summary>
internal sealed class BoundedLines(StreamReader reader)
{
    private const int Longest = 8_000;

    private readonly char[] _buffer = new char[8192];
    private readonly StringBuilder _line = new();
    private int _at;
    private int _filled;
    private bool _returned;

    /// <returns>Null at the end.</returns>
    public async Task<string?> NextAsync()
    {
        while (true)
        {
            while (_at < _filled)
            {
                var c = _buffer[_at++];
                if (c == '\n')
                {
                    _returned = false;
                    return Take();
                }
                if (_returned)
                {
                    _line.Clear();
                    _returned = false;
                }
                if (c == '\r')
                {
                    _returned = true;
                }
                else if (_line.Length < Longest)
                {
                    _line.Append(c);
                }
            }
            _filled = await reader.ReadAsync(_buffer);
            _at = 0;
            if (_filled == 0)
            {
                return _line.Length > 0 ? Take() : null;
            }
        }
    }

    private string Take()
    {
        var line = _line.ToString();
        _line.Clear();
        return line;
    }
}
