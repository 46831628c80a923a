using System.Reflection;
using System.Runtime.CompilerServices;
using Portal.Core.Builds;
using Portal.Core.Builds.Detection;

namespace Portal.Core.Tests.Builds.Detection;

/// <summary>
/// One text file a case: lines "set Name = value" are what a person set for the app, then "=== path" starts each file of
/// the repository with its text below.
/// </summary>
internal sealed record DetectionCase(MemorySource Files, PlanOverrides Overrides)
{
    public static string Folder([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;

    public static DetectionCase Read(string name) => Parse(File.ReadAllText(Path.Combine(Folder(), "cases", name + ".txt")));

    public static DetectionCase Parse(string text)
    {
        var files = new Dictionary<string, string>();
        var overrides = new PlanOverrides();
        string? path = null;
        foreach (var line in text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n'))
        {
            if (line.StartsWith("=== ", StringComparison.Ordinal))
            {
                path = line[4..];
                files[path] = "";
            }
            else if (path is not null)
            {
                files[path] += line + "\n";
            }
            else if (line.StartsWith("set ", StringComparison.Ordinal))
            {
                var parts = line[4..].Split('=', 2, StringSplitOptions.TrimEntries);
                typeof(PlanOverrides).GetProperty(parts[0], BindingFlags.Public | BindingFlags.Instance)!.SetValue(overrides, parts[1]);
            }
        }

        return new DetectionCase(new MemorySource(files), overrides);
    }
}
