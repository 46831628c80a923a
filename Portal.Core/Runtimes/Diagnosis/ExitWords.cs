using System.Globalization;

namespace Portal.Core.Runtimes.Diagnosis;

/// <summary>How a run ended, and the most likely cause.</summary>
internal static class ExitWords
{
    /// <summary>"exited with code 1 after 0.4 s".</summary>
    public static string Of(InstanceExit exit, Workload workload) => exit switch
    {
        { OutOfMemory: true } => $"used more than its {workload.MemoryMb} MB of memory and was ended after {Words.Seconds(exit.Ran)}",
        { OutOfDisk: true } => $"wrote more than its {Words.Megabytes(workload.DiskMb)} of disk and was ended after {Words.Seconds(exit.Ran)}",
        { Code: 0 } => $"ended by itself (code 0) after {Words.Seconds(exit.Ran)}",
        { Code: { } code } => $"exited with code {code} after {Words.Seconds(exit.Ran)}",
        { Signal: { } signal } => $"was ended by signal {signal} ({SignalName(signal)}) after {Words.Seconds(exit.Ran)}",
        _ => "could not be started",
    };

    public static Finding? Cause(InstanceExit exit, Workload workload)
    {
        if (exit.OutOfMemory)
        {
            var twice = workload.MemoryMb * 2;
            return new Finding($"it used more than its {workload.MemoryMb} MB of memory", "It was ended so that other apps keep theirs.", $"Give it {twice} MB, or let it need less.", Words.Memory(twice));
        }
        if (exit.OutOfDisk)
        {
            return new Finding($"it used more than {Words.Megabytes(workload.DiskMb)} of disk", "It was ended so that others keep room. What it wrote was removed.",
                "Keep files in a database or a store outside, or remove what is not needed any more; an admin can allow more.");
        }
        if (OutputRule.First(RunRules.All, exit.LastLines) is { } finding)
        {
            return finding.Cause == "it ran out of memory" ? finding with { Actions = [Words.Memory(workload.MemoryMb * 2)] } : finding;
        }
        return exit.Code switch
        {
            127 => RunRules.Command("in the start command"),
            126 => RunRules.NotExecutable("the start command's file"),
            0 => new Finding(string.Create(CultureInfo.InvariantCulture, $"it ended by itself after {Words.Seconds(exit.Ran)}"), "A web process or worker has to keep running; this one came to its end without an error.",
                "Start it in the foreground. If it is something that runs once, make it the release command or a scheduled task."),
            _ => null,
        };
    }

    private static string SignalName(int signal) => signal switch
    {
        4 => "illegal instruction",
        6 => "it aborted itself",
        9 => "killed",
        11 => "it crashed in native code",
        15 => "asked to end",
        _ => "signal",
    };
}
