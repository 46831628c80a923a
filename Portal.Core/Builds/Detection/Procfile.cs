namespace Portal.Core.Builds.Detection;

/// <summary>
/// Heroku's process file: one "name: command" a line. Read forgivingly: comments, blank lines, Windows line ends, blanks
/// around the colon and a byte order mark are fine; what is no entry is skipped; the last entry of a name wins.
/// </summary>
internal static class Procfile
{
    private const int MaxProcesses = 32;
    private const int MaxCommand = 4096;

    public static List<(string Name, string Command)> Parse(string text)
    {
        var entries = new List<(string Name, string Command)>();
        foreach (var raw in text.TrimStart('\uFEFF').Split('\n'))
        {
            var line = raw.Trim();
            var colon = line.IndexOf(':');
            if (line.StartsWith('#') || colon <= 0)
            {
                continue;
            }

            var name = line[..colon].TrimEnd();
            var command = line[(colon + 1)..].Trim();
            if (command.Length is 0 or > MaxCommand || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            {
                continue;
            }

            entries.RemoveAll(e => e.Name == name);
            entries.Add((name, command));
        }

        return entries.Count > MaxProcesses ? entries[..MaxProcesses] : entries;
    }

    /// <summary>Puts the file's processes in place of the detected ones; true when there were any.</summary>
    public static bool Apply(SourceView source, Draft draft)
    {
        var entries = Parse(source.Read("Procfile") ?? "");
        if (entries.Count == 0)
        {
            return false;
        }

        var detected = draft.Processes.ToList();
        draft.Processes.Clear();
        foreach (var (name, command) in entries)
        {
            if (name == "release")
            {
                draft.Release = command;
                draft.ReleaseFolder = "";
            }
            else if (name == Draft.Web && draft.KeepsWeb)
            {
                draft.Processes.AddRange(detected.Where(p => p.Name == Draft.Web));
            }
            else
            {
                draft.Processes.Add(new DraftProcess(name, command, "", Listens: name == Draft.Web));
            }
        }

        // A Procfile with a release line alone says nothing about what runs.
        if (draft.Processes.Count == 0)
        {
            draft.Processes.AddRange(detected);
        }
        else if (!draft.KeepsOutput)
        {
            // Verbatim commands may name any file of the repository.
            draft.OutputDirectory = ".";
        }

        if (draft.Processes.FindIndex(p => p.Name == Draft.Web) is var web and > 0)
        {
            var process = draft.Processes[web];
            draft.Processes.RemoveAt(web);
            draft.Processes.Insert(0, process);
        }

        draft.Why.Insert(0, $"Procfile names the process types: {string.Join(", ", entries.Select(e => e.Name))}");
        return true;
    }
}
