namespace Portal.Core.Builds.Detection;

/// <summary>Version files shared by tools: .tool-versions (asdf), mise.toml, and one-line files such as .nvmrc.</summary>
internal static class VersionFiles
{
    /// <summary>The first line of the first file that has one, without a leading "v" or the names given.</summary>
    public static (string Version, string File)? OneLine(SourceView source, params ReadOnlySpan<string> files)
    {
        foreach (var file in files)
        {
            var line = source.Read(file, 4096)?.TrimStart('\uFEFF').Split('\n').Select(l => l.Split('#')[0].Trim()).FirstOrDefault(l => l.Length > 0);
            if (line is { Length: <= 64 })
            {
                var bare = line.Length > 1 && line[0] is 'v' or 'V' && char.IsAsciiDigit(line[1]) ? line[1..] : line;
                return (bare, file);
            }
        }

        return null;
    }

    public static (string Version, string File)? Tool(SourceView source, params string[] names)
    {
        foreach (var line in (source.Read(".tool-versions", 16384) ?? "").Split('\n'))
        {
            var words = line.Split('#')[0].Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 2 && names.Contains(words[0]))
            {
                return (words[1], ".tool-versions");
            }
        }

        foreach (var file in (string[])["mise.toml", ".mise.toml"])
        {
            if (Toml.Parse(source.Read(file)).Table("tools") is { } tools && names.Select(n => tools.Text(n)).FirstOrDefault(v => v is not null) is { } version)
            {
                return (version, file);
            }
        }

        return null;
    }
}
