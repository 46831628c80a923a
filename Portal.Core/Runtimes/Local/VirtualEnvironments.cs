using System.Text;
using System.Text.RegularExpressions;

namespace Portal.Core.Runtimes.Local;

/// <summary>
/// A Python environment has its own place written into its programs. Behind walls every app is seen at /app and that is
/// true; without walls a copy lies elsewhere than it was built, and its programs have to be told.
/// </summary>
internal static partial class VirtualEnvironments
{
    private const int LargestProgram = 512 * 1024;

    private static readonly EnumerationOptions Near = new() { RecurseSubdirectories = true, MaxRecursionDepth = 3, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };
    private static readonly EnumerationOptions Programs = new() { AttributesToSkip = FileAttributes.ReparsePoint };

    /// <summary>Corrects every environment in a folder that was copied to where it lies now.</summary>
    public static void Correct(string folder)
    {
        foreach (var marker in Directory.EnumerateFiles(folder, "pyvenv.cfg", Near).ToList())
        {
            var place = Path.GetDirectoryName(marker)!;
            var programs = Path.Combine(place, "bin");
            // A link would lead to files that are somebody else's.
            if (new DirectoryInfo(programs).LinkTarget is null && PlaceIn(new FileInfo(Path.Combine(programs, "activate"))) is { } before && before != place)
            {
                foreach (var program in Directory.EnumerateFiles(programs, "*", Programs))
                {
                    Correct(program, before, place);
                }
            }
        }
    }

    // Bytes as characters: what is no text comes out as it went in.
    private static void Correct(string program, string before, string place)
    {
        if (!IsProgram(new FileInfo(program)))
        {
            return;
        }
        var text = File.ReadAllText(program, Encoding.Latin1);
        var corrected = text.Replace(Bytes(before), Bytes(place), StringComparison.Ordinal);
        if (corrected != text)
        {
            File.WriteAllText(program, corrected, Encoding.Latin1);
        }
    }

    private static string Bytes(string path) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(path));

    /// <summary>What has no length may be a pipe, which would never end.</summary>
    private static bool IsProgram(FileInfo file) => file is { Exists: true, LinkTarget: null, Length: > 0 and <= LargestProgram };

    private static string? PlaceIn(FileInfo activate) =>
        IsProgram(activate) && OwnPlace().Match(File.ReadAllText(activate.FullName)) is { Success: true } match ? match.Groups["place"].Value : null;

    [GeneratedRegex("^VIRTUAL_ENV=['\"]?(?<place>/[^'\"\n]+)", RegexOptions.Multiline)]
    private static partial Regex OwnPlace();
}
