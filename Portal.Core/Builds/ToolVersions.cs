using Portal.Core.Builds.Detection;
using Portal.Core.Common;
using Portal.Core.Runtimes.Diagnosis;

namespace Portal.Core.Builds;

/// <summary>What a plan asks of this machine's tool-chains against what is there. Pure.</summary>
public static class ToolVersions
{
    private static readonly Dictionary<string, (string Name, string Ask)> Known = new(StringComparer.Ordinal)
    {
        ["python3"] = ("Python", "python3 --version"),
        ["java"] = ("Java", "java -version"),
        ["go"] = ("Go", "go version"),
        ["ruby"] = ("Ruby", "ruby --version"),
        ["php"] = ("PHP", "php --version"),
        ["cargo"] = ("Rust", "cargo --version"),
        ["mix"] = ("Elixir", "elixir --short-version"),
        ["dotnet"] = (".NET SDK", "dotnet --list-sdks"),
    };

    /// <summary>The command that prints the version of the tool, or null where it need not be asked.</summary>
    public static string? Question(ToolRequirement tool) => tool.Accepts is not null && Known.TryGetValue(tool.Program, out var known) ? known.Ask : null;

    /// <param name="stack">Display name of what is built.</param>
    public static Status Missing(string stack, ToolRequirement tool) => new(Severity.Error, $"{tool.Program} is not installed on this machine",
        $"{stack} needs {tool.Program}{(tool.Version is null ? "" : $" {tool.Version}")} here. Programs are looked for in /usr/local/bin, /usr/bin and the like; one in somebody's home folder is not seen, as builds and apps run as users of their own.",
        $"Ask an admin: {tool.HowToGet}. Then try again.", [], [Words.Retry]);

    /// <summary>Null when what is installed does.</summary>
    /// <param name="answer">The lines that <see cref="Question"/>'s command wrote.</param>
    public static ToolMismatch? Judge(ToolRequirement tool, IEnumerable<string> answer)
    {
        var installed = answer.Select(l => (Line: l, Version: VersionRange.VersionIn(l))).Where(l => l.Version is not null).ToList();
        if (VersionRange.Parse(tool.Accepts) is not { } range || installed.Count == 0 || installed.Exists(i => range.Contains(i.Version!.Value)))
        {
            return null;
        }

        var newest = installed.MaxBy(i => i.Version)!.Version!.Value;
        var name = Known[tool.Program].Name;
        var has = $"{newest / 1_000_000}.{newest / 1_000 % 1_000}.{newest % 1_000}";
        return tool.Strict
            ? new ToolMismatch(Status.Of(Severity.Error, $"It needs {name} {tool.Version}, and this machine has {has}", $"Nothing else than {name} {tool.Version} builds or runs it.",
                $"Ask for an installed version, or ask an admin: {tool.HowToGet}."), null)
            : new ToolMismatch(null, $"It asks for {name} {tool.Version}; this machine has {has}, which is tried. If it fails for that, ask for an installed version, or ask an admin: {tool.HowToGet}.");
    }
}

/// <summary>Either a reason not to begin, or something to say in the log.</summary>
public sealed record ToolMismatch(Status? Failure, string? Warning);
