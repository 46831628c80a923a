namespace Portal.Core.Git;

/// <summary>Names and messages that outsiders chose: bounded, and without what a database cannot keep or a terminal would obey.</summary>
public static class RepositoryText
{
    public static string FirstLine(string message)
    {
        var line = message.AsSpan().TrimStart();
        var end = line.IndexOfAny('\r', '\n');
        return Clean((end < 0 ? line : line[..end]).ToString(), 200);
    }

    /// <summary>Control characters become spaces; cut between whole characters, with an ellipsis.</summary>
    public static string Clean(string text, int most)
    {
        var clean = (HasControls(text) ? new string(text.Select(c => char.IsControl(c) ? ' ' : c).ToArray()) : text).Trim();
        return clean.Length <= most ? clean : Cut(clean, most - 1) + "…";
    }

    /// <summary>As <see cref="Clean"/>, but keeps line breaks and cuts silently.</summary>
    public static string Keep(string text, int most)
    {
        var cut = text.Length <= most ? text : Cut(text, most);
        return cut.Any(c => char.IsControl(c) && c is not ('\n' or '\r')) ? new string(cut.Select(c => char.IsControl(c) && c is not ('\n' or '\r') ? ' ' : c).ToArray()) : cut;
    }

    private static bool HasControls(string text)
    {
        foreach (var c in text)
        {
            if (char.IsControl(c))
            {
                return true;
            }
        }
        return false;
    }

    private static string Cut(string text, int length) => text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
}
