using System.Text;

namespace Portal.Core.Builds.Detection;

/// <summary>Writes and looks at command lines for a POSIX shell.</summary>
internal static class Shell
{
    private static readonly HashSet<string> NotPrograms = new(StringComparer.Ordinal)
    {
        "!", ".", ":", "[", "{", "case", "cd", "echo", "eval", "exec", "exit", "export", "false", "for", "if", "printf", "read",
        "set", "source", "test", "trap", "true", "ulimit", "umask", "unset", "until", "wait", "while",
    };

    public static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-' or '+' or '=' or ':' or '@' or ',' or '%')
            ? word
            : "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    /// <summary>
    /// The complete line for <c>sh -c</c>: <paramref name="path"/> folders of the working directory first on PATH, then
    /// the command in <paramref name="folder"/>, replacing the shell where it is one program.
    /// </summary>
    public static string Complete(string command, IReadOnlyList<string> path, string folder)
    {
        var line = new StringBuilder();
        if (path.Count > 0)
        {
            line.Append("export PATH=\"").AppendJoin(':', path.Select(p => "$PWD/" + p)).Append(":$PATH\"; ");
        }

        if (folder.Length > 0 && folder != ".")
        {
            line.Append("cd ").Append(Quote(folder)).Append(" && ");
        }

        return line.Append(Replacing(command)).ToString();
    }

    // A=1 node x → A=1 exec node x. Anything with operators stays as it is: exec would end it after its first part.
    private static string Replacing(string command)
    {
        var text = command.Trim();
        if (HasOperators(text))
        {
            return text;
        }

        var start = 0;
        while (AssignmentLength(text.AsSpan(start)) is var length and > 0)
        {
            start += length;
        }

        var word = new string([.. text[start..].TakeWhile(c => !char.IsWhiteSpace(c))]);
        return word.Length == 0 || NotPrograms.Contains(word) ? text : $"{text[..start]}exec {text[start..]}";
    }

    /// <summary>True when a shell would do more than start one program: sequence, pipe, background, group, newline.</summary>
    public static bool HasOperators(string text)
    {
        char quote = '\0';
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quote != '\0')
            {
                if (c == '\\' && quote == '"')
                {
                    i++;
                }
                else if (c == quote)
                {
                    quote = '\0';
                }
            }
            else if (c is '\'' or '"')
            {
                quote = c;
            }
            else if (c == '\\')
            {
                i++;
            }
            else if (c is ';' or '|' or '\n' or '(' or ')' or '`' or '{' && !(c == '{' && i > 0 && text[i - 1] == '$')
                || (c == '&' && !(i > 0 && text[i - 1] is '>' or '<')))
            {
                return true;
            }
        }

        return quote != '\0';
    }

    // Length of a leading NAME=value and the blanks behind it, 0 when there is none.
    private static int AssignmentLength(ReadOnlySpan<char> text)
    {
        var i = 0;
        while (i < text.Length && (char.IsAsciiLetterOrDigit(text[i]) || text[i] == '_'))
        {
            i++;
        }

        if (i == 0 || i >= text.Length || text[i] != '=' || char.IsAsciiDigit(text[0]))
        {
            return 0;
        }

        char quote = '\0';
        for (; i < text.Length && (quote != '\0' || !char.IsWhiteSpace(text[i])); i++)
        {
            quote = quote == '\0' && text[i] is '"' or '\'' ? text[i] : quote == text[i] ? '\0' : quote;
        }

        while (i < text.Length && char.IsWhiteSpace(text[i]))
        {
            i++;
        }

        return i;
    }

    /// <summary>The words of a simple command; quotes are taken off, nothing is expanded.</summary>
    public static List<string> Words(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var open = false;
        char quote = '\0';
        foreach (var c in text)
        {
            if (quote != '\0' ? c == quote : c is '\'' or '"')
            {
                quote = quote == '\0' ? c : '\0';
                open = true;
            }
            else if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (open || word.Length > 0)
                {
                    words.Add(word.ToString());
                }

                word.Clear();
                open = false;
            }
            else
            {
                word.Append(c);
            }
        }

        if (open || word.Length > 0)
        {
            words.Add(word.ToString());
        }

        return words;
    }
}
