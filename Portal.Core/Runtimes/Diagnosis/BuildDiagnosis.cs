using Portal.Core.Common;

namespace Portal.Core.Runtimes.Diagnosis;

/// <summary>Why a build's step failed. Pure.</summary>
public static class BuildDiagnosis
{
    public static Status OfStep(string step, string command, int exitCode, IReadOnlyList<string> lastLines) =>
        new(Severity.Error, $"{step} failed: “{command}” ended with code {exitCode}", "", "Read the last lines of the log.", [.. lastLines.TakeLast(20)], []);

    public static Status TimedOut(string step, TimeSpan limit, IReadOnlyList<string> lastLines) =>
        new(Severity.Error, $"{step} took longer than the limit of {limit.TotalMinutes:0} minutes", "", "Make the step shorter, or ask an admin for a longer limit.", [.. lastLines.TakeLast(20)], []);
}
