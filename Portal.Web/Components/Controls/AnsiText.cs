using System.Text;
using System.Text.Encodings.Web;

namespace Portal.Web.Components.Controls;

/// <summary>
/// Turns one line of terminal output into safe markup. The text is cut into runs at its escape sequences and every
/// run is HTML-encoded on its own before a span is put around it: what an app prints can never become an element.
/// Colours are kept, every other sequence (cursor movement, titles, hyperlinks) is dropped.
/// </summary>
public static class AnsiText
{
    /// <summary>Characters of a line that are shown; more is cut and said.</summary>
    public const int LineLimit = 8_192;

    public static string ToHtml(string line, ref AnsiStyle style, string? find = null)
    {
        var cut = 0;
        line = LastRewrite(line);
        if (line.Length > LineLimit)
        {
            cut = line.Length - LineLimit;
            line = line[..LineLimit];
        }

        var html = new StringBuilder(line.Length + 32);
        var start = 0;
        for (var i = 0; i < line.Length;)
        {
            if (line[i] != '\x1b' && line[i] != '\x9b')
            {
                i++;
                continue;
            }

            Put(html, line.AsSpan(start, i - start), style, find);
            i = Sequence(line, i, ref style);
            start = i;
        }

        Put(html, line.AsSpan(start), style, find);
        if (cut > 0)
        {
            html.Append("<span class=\"ad\"> … ").Append(Words.Number(cut)).Append(" characters more</span>");
        }

        return html.ToString();
    }

    /// <summary>Several lines as one block, the colours running on from line to line.</summary>
    public static string ToHtml(IEnumerable<string> lines)
    {
        var style = default(AnsiStyle);
        var html = new StringBuilder();
        foreach (var line in lines)
        {
            html.Append(ToHtml(line, ref style)).Append('\n');
        }

        return html.ToString().TrimEnd('\n');
    }

    /// <summary>The line as a person reads it, for search and for the clipboard.</summary>
    public static string Plain(string line)
    {
        if (!line.AsSpan().ContainsAny('\x1b', '\x9b', '\r'))
        {
            return line;
        }

        line = LastRewrite(line);
        var plain = new StringBuilder(line.Length);
        var ignored = default(AnsiStyle);
        for (var i = 0; i < line.Length;)
        {
            if (line[i] is '\x1b' or '\x9b')
            {
                i = Sequence(line, i, ref ignored);
            }
            else
            {
                plain.Append(line[i++]);
            }
        }

        return plain.ToString();
    }

    // Progress bars rewrite their line with \r; what stood last is what one would see.
    private static string LastRewrite(string line)
    {
        line = line.TrimEnd('\r');
        var last = line.LastIndexOf('\r');
        return last < 0 ? line : line[(last + 1)..];
    }

    /// <summary>Reads the sequence that starts at <paramref name="at"/> and returns the index behind it.</summary>
    private static int Sequence(string line, int at, ref AnsiStyle style)
    {
        var i = at + 1;
        if (line[at] == '\x1b')
        {
            if (i >= line.Length)
            {
                return i;
            }

            if (line[i] is ']' or 'P' or '_' or '^')
            {
                return EndOfString(line, i + 1);
            }

            if (line[i] != '[')
            {
                // ESC ( B and the like have one intermediate character.
                return Math.Min(line.Length, line[i] is >= ' ' and <= '/' ? i + 2 : i + 1);
            }

            i++;
        }

        Span<int> codes = stackalloc int[16];
        codes.Clear();
        var count = 0;
        for (; i < line.Length; i++)
        {
            var c = line[i];
            if (char.IsAsciiDigit(c))
            {
                codes[count] = Math.Min((codes[count] * 10) + (c - '0'), 9999);
            }
            else if (c is ';' or ':')
            {
                count = Math.Min(count + 1, codes.Length - 1);
            }
            else if (c is >= '@' and <= '~')
            {
                if (c == 'm')
                {
                    style = style.Apply(codes[..(count + 1)]);
                }

                return i + 1;
            }
            else if (c is < ' ' or > '~')
            {
                // Not a sequence after all.
                return i;
            }
        }

        return i;
    }

    private static int EndOfString(string line, int from)
    {
        for (var i = from; i < line.Length; i++)
        {
            if (line[i] == '\a')
            {
                return i + 1;
            }

            if (line[i] == '\x1b' && i + 1 < line.Length && line[i + 1] == '\\')
            {
                return i + 2;
            }
        }

        return line.Length;
    }

    private static void Put(StringBuilder html, ReadOnlySpan<char> text, AnsiStyle style, string? find)
    {
        if (text.IsEmpty)
        {
            return;
        }

        var css = style.Css;
        if (css is not null)
        {
            html.Append("<span class=\"").Append(css).Append("\">");
        }

        if (!string.IsNullOrEmpty(find))
        {
            for (var at = text.IndexOf(find, StringComparison.OrdinalIgnoreCase); at >= 0; at = text.IndexOf(find, StringComparison.OrdinalIgnoreCase))
            {
                Encode(html, text[..at]);
                html.Append("<mark>");
                Encode(html, text.Slice(at, find.Length));
                html.Append("</mark>");
                text = text[(at + find.Length)..];
            }
        }

        Encode(html, text);
        if (css is not null)
        {
            html.Append("</span>");
        }
    }

    private static void Encode(StringBuilder html, ReadOnlySpan<char> text)
    {
        if (!text.IsEmpty)
        {
            html.Append(HtmlEncoder.Default.Encode(text.ToString()));
        }
    }
}
