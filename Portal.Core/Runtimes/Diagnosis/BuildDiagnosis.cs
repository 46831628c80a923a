using Portal.Core.Common;

namespace Portal.Core.Runtimes.Diagnosis;

/// <summary>Why a build's step failed. Pure.</summary>
public static class BuildDiagnosis
{
    /// <param name="step">What the log calls it: "Install", "Build".</param>
    public static Status OfStep(string step, string command, int exitCode, IReadOnlyList<string> lastLines)
    {
        var finding = OutputRule.First(BuildRules.All, lastLines) ?? OfCode(exitCode, command);
        if (finding is null)
        {
            var last = Words.LastLine(lastLines);
            return new Status(Severity.Error, $"{step} failed: {Words.Quote(command)} ended with code {exitCode}{(last is null ? "" : $"; the last line was {Words.Quote(last)}")}",
                "The step's own output says why.", "Read the last lines of the log, mend it and push again.", Words.Evidence(lastLines), []);
        }
        return new Status(Severity.Error, $"{step} failed: {finding.Cause}", $"{finding.Detail} {Words.Quote(command)} ended with code {exitCode}.", finding.Next, Words.Evidence(lastLines), finding.Actions);
    }

    private static Finding? OfCode(int exitCode, string command) => exitCode switch
    {
        127 => BuildRules.Command(command.Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? command),
        126 => new Finding("the command may not be executed", "The file is there but is not marked as executable.", "Run git update-index --chmod=+x on it, commit and push."),
        137 => new Finding("it was ended by the machine, most likely for its memory", "Nothing but the machine itself ends a build with code 137.", "Let the build need less memory, or ask an admin for a larger machine.", Words.Retry),
        _ => null,
    };

    public static Status OverMemory(string step, int megabytes, IReadOnlyList<string> lastLines) => Over(step, $"it used more than its {Words.Megabytes(megabytes)} of memory",
        "It was ended so that apps keep theirs.", "Let the build need less (fewer parallel jobs), or ask an admin for a higher limit.", lastLines);

    public static Status OverDisk(string step, int megabytes, IReadOnlyList<string> lastLines) => Over(step, $"it used more than {Words.Megabytes(megabytes)} of disk",
        "Its folder and its caches together grew over their limit, and it was ended so that apps keep room.", "Let the build write less, or ask an admin for a higher limit.", lastLines);

    public static Status OverProcesses(string step, int processes, IReadOnlyList<string> lastLines) => Over(step, $"it started more than {processes} processes at once",
        "More were not let start, so that the machine stays usable.", "Look for something that starts itself again and again, or let fewer jobs run in parallel.", lastLines);

    public static Status DiskNearlyFull(string step, IReadOnlyList<string> lastLines) => Over(step, "this machine's disk is nearly full",
        "It was ended before nothing is left for the apps that run.", "Ask an admin to make room; Admin → System shows what takes it.", lastLines, Words.Retry);

    private static Status Over(string step, string what, string detail, string next, IReadOnlyList<string> lastLines, params StatusAction[] actions) =>
        new(Severity.Error, $"{step} failed: {what}", detail, next, Words.Evidence(lastLines), actions);

    public static Status TimedOut(string step, TimeSpan limit, IReadOnlyList<string> lastLines)
    {
        var last = Words.LastLine(lastLines);
        return new Status(Severity.Error, $"{step} took longer than the limit of {(limit < TimeSpan.FromMinutes(2) ? $"{limit.TotalSeconds:0} seconds" : $"{limit.TotalMinutes:0} minutes")}",
            last is null ? "It wrote nothing." : $"The last line it wrote was {Words.Quote(last)}. A step that waits for an answer or starts a server never ends.",
            "Let the step end by itself and need less time, or ask an admin for a longer limit.", Words.Evidence(lastLines), [Words.Retry]);
    }
}
