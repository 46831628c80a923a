using System.Text;
using System.Text.RegularExpressions;
using Portal.Core.Variables;

namespace Portal.Web.Components.Pages.Variables;

/// <summary>What was found in a pasted <c>.env</c>, and which lines were not understood.</summary>
public sealed record EnvFile(IReadOnlyList<VariableInput> Variables, IReadOnlyList<string> Problems)
{
    public const int MaxLength = 256 * 1024;

    /// <summary>
    /// <c>KEY=value</c>, <c>export KEY=value</c>, comments, single quotes (literal), double quotes (with \n, \t, \", \\, \$) that
    /// may run over lines. A key that sounds like a secret is proposed as one. The last of two equal keys wins, as in a shell.
    /// </summary>
    public static EnvFile Parse(string? text)
    {
        text = (text ?? "").Replace("\r\n", "\n", StringComparison.Ordinal);
        if (text.Length > MaxLength)
        {
            return new EnvFile([], [$"At most {MaxLength / 1024} KB can be pasted at once."]);
        }

        var found = new Dictionary<string, VariableInput>(StringComparer.Ordinal);
        var problems = new List<string>();
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var number = i + 1;
            var line = lines[i].Trim();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            var match = Assignment.Match(line);
            if (!match.Success)
            {
                problems.Add($"Line {number} is not KEY=value.");
                continue;
            }

            var key = match.Groups["key"].Value;
            var raw = match.Groups["value"].Value;
            if (raw.Length > 0 && raw[0] is '"' or '\'')
            {
                while (End(raw) < 0 && i + 1 < lines.Length)
                {
                    raw += "\n" + lines[++i];
                }

                var end = End(raw);
                if (end < 0)
                {
                    problems.Add($"Line {number}: the quote of {key} is not closed.");
                    continue;
                }

                raw = raw[0] == '\'' ? raw[1..end] : Unescape(raw[1..end]);
            }
            else
            {
                var comment = raw.IndexOf(" #", StringComparison.Ordinal);
                raw = (comment < 0 ? raw : raw[..comment]).Trim();
            }

            found[key] = new VariableInput(key, raw, SoundsSecret(key));
        }

        return new EnvFile(found.Values.ToList(), problems);
    }

    public static bool SoundsSecret(string key) => SecretWords.IsMatch(key);

    private static int End(string quoted)
    {
        for (var i = 1; i < quoted.Length; i++)
        {
            if (quoted[i] == '\\' && quoted[0] == '"')
            {
                i++;
            }
            else if (quoted[i] == quoted[0])
            {
                return i;
            }
        }

        return -1;
    }

    private static string Unescape(string text)
    {
        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                plain.Append(text[i]);
                continue;
            }

            plain.Append(text[++i] switch
            {
                'n' => "\n",
                'r' => "\r",
                't' => "\t",
                '"' => "\"",
                '\\' => "\\",
                '$' => "$",
                var other => $"\\{other}",
            });
        }

        return plain.ToString();
    }

    private static readonly Regex Assignment = new(@"^(?:export\s+)?(?<key>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?<value>.*)$", RegexOptions.CultureInvariant);

    private static readonly Regex SecretWords = new("(SECRET|PASSWORD|PASSWD|TOKEN|API_?KEY|PRIVATE|CREDENTIAL|_KEY$|_DSN$|_PW$|DATABASE_URL|WEBHOOK_URL)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
}
