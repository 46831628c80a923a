using System.Globalization;
using Portal.Core.Common;

namespace Portal.Core.Runtimes.Diagnosis;

/// <summary>Phrases and fixes that several rules use.</summary>
internal static class Words
{
    private const int LongestQuote = 160;

    public static string Seconds(TimeSpan time) => time.TotalSeconds < 10
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s");

    /// <summary>"512 MB", "1 GB", "1.5 GB".</summary>
    public static string Megabytes(int megabytes) => megabytes < 1024
        ? $"{megabytes} MB"
        : string.Create(CultureInfo.InvariantCulture, $"{megabytes / 1024.0:0.#} GB");

    /// <summary>"; v12 still serves", or "" where nothing serves.</summary>
    public static string StillServes(int? version) => version is null ? "" : $"; v{version} still serves";

    public static string Quote(string text)
    {
        var line = text.Trim();
        return "“" + (line.Length > LongestQuote ? line[..LongestQuote] + "…" : line) + "”";
    }

    /// <summary>The last line that says something, or null.</summary>
    public static string? LastLine(IReadOnlyList<string> lines) => lines.LastOrDefault(l => l.Trim().Length > 2);

    public static IReadOnlyList<string> Evidence(IReadOnlyList<string> lines) => [.. lines.TakeLast(20)];

    public static StatusAction AddVariable(string name) => new($"add-variable:{name}", $"Add {name}", $"Opens the variables with {name} filled in; saving it makes a new release.");

    public static StatusAction UsePort(int port) => new($"use-port:{port}", $"Use {port}", $"Requests go to port {port}; a new release is made, with one instance.");

    public static StatusAction Memory(int megabytes) => new($"memory:{megabytes}", $"Give it {megabytes} MB", $"Each instance may use {megabytes} MB; a new release is made.");

    public static StatusAction Retry => new("retry", "Try again", "The same commit is built once more.");

    public static StatusAction Rollback(int version) => new($"rollback:{version}", $"Roll back to v{version}", $"Makes a new release with the code and variables of v{version}.");
}
