using System.Text;

namespace Portal.Core.Git;

/// <summary>Text of repositories and programs inside of Markdown that others read.</summary>
internal static class MarkdownText
{
    /// <summary>Markdown and HTML mean nothing in it, and nobody is mentioned.</summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var c in RepositoryText.Clean(text, 1_000))
        {
            if (c is '\\' or '`' or '*' or '_' or '{' or '}' or '[' or ']' or '<' or '>' or '#' or '|' or '~' or '!' or '&')
            {
                escaped.Append('\\');
            }
            escaped.Append(c);
            if (c == '@')
            {
                escaped.Append('\u200b');
            }
        }
        return escaped.ToString();
    }

    /// <summary>A code block; one more backtick than any run inside opens and closes it, so that nothing in it can end it early.</summary>
    public static string Fenced(string lines)
    {
        var (longest, run) = (2, 0);
        foreach (var c in lines)
        {
            run = c == '`' ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }
        var fence = new string('`', longest + 1);
        return $"{fence}text\n{lines}\n{fence}";
    }
}
