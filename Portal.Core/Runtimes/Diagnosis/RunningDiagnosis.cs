using Portal.Core.Common;

namespace Portal.Core.Runtimes.Diagnosis;

/// <summary>How a live release is. Pure.</summary>
public static class RunningDiagnosis
{
    /// <param name="previous">An older release that went well, to roll back to.</param>
    public static Status Of(Workload workload, IReadOnlyList<InstanceObservation> instances, int? previous = null)
    {
        var version = workload.Key.Version;
        var expected = workload.Processes.Sum(p => p.Instances);
        var ready = instances.Count(i => i.State == InstanceState.Ready);
        if (expected == 0)
        {
            return Status.Of(Severity.Asleep, $"v{version} is stopped: it has no instances", "", "Give it at least one instance in Settings.");
        }
        if (instances.FirstOrDefault(i => i.State == InstanceState.Crashed || (i.State == InstanceState.Starting && i.Restarts > 0)) is { LastExit: { } exit } ended)
        {
            return Ending(workload, ended, exit, ready, previous);
        }
        if (instances.FirstOrDefault(i => i.State == InstanceState.Ready && i.Restarts > 0 && i.LastExit?.OutOfMemory == true) is { } restarted && ready >= expected)
        {
            return new Status(Severity.Warning, $"Running v{version}, but {restarted.Process} went over its memory {Times(restarted.Restarts)}",
                $"An instance used more than its {workload.MemoryMb} MB and was started again.", $"Give it {workload.MemoryMb * 2} MB, or let it need less.", Words.Evidence(restarted.LastExit!.LastLines), [Words.Memory(workload.MemoryMb * 2)]);
        }
        if (instances.FirstOrDefault(i => i.State == InstanceState.Ready && i.Restarts > 0 && i.LastExit?.OutOfDisk == true) is { } filled && ready >= expected)
        {
            var finding = ExitWords.Cause(filled.LastExit!, workload)!;
            return new Status(Severity.Warning, $"Running v{version}, but {finding.Cause}", $"{finding.Detail} It was started {Times(filled.Restarts + 1)}.", finding.Next,
                Words.Evidence(filled.LastExit!.LastLines), previous is { } good ? [Words.Rollback(good)] : []);
        }
        if (ready >= expected)
        {
            return Status.Of(Severity.Ok, $"Running v{version}, {Count(ready)}", instances.FirstOrDefault(i => i.ListensWidely) is { Port: { } port }
                ? $"It listens on all of this machine's addresses: whoever reaches the machine can reach port {port} without passing Portal. The variable HOST says where to listen instead."
                : "");
        }
        if (instances.FirstOrDefault(i => i.HealthStatus is not null) is { } unwell)
        {
            return Status.Of(ready > 0 ? Severity.Warning : Severity.Error, $"v{version}: the health path {workload.HealthPath} answers {Answer(unwell.HealthStatus!.Value)}",
                $"{ready} of {expected} instances are well.", "Read its output; the health path must answer with a code below 400.");
        }
        return Status.Of(Severity.Working, $"v{version}: {ready} of {Count(expected)} {(ready == 1 ? "answers" : "answer")}");
    }

    private static Status Ending(Workload workload, InstanceObservation ended, InstanceExit exit, int ready, int? previous)
    {
        var finding = ExitWords.Cause(exit, workload);
        List<StatusAction> actions = [.. finding?.Actions ?? []];
        if (previous is { } good)
        {
            actions.Add(Words.Rollback(good));
        }
        var detail = $"The process {ended.Process} {ExitWords.Of(exit, workload)} and is started again after a pause that grows up to a minute. It was started {Times(ended.Restarts + 1)}.";
        return new Status(ready > 0 ? Severity.Warning : Severity.Error, $"v{workload.Key.Version} keeps ending: {finding?.Cause ?? $"{ended.Process} {ExitWords.Of(exit, workload)}"}",
            finding is null ? detail : $"{finding.Detail} {detail}", finding?.Next ?? "Read its last lines, mend it and push again.", Words.Evidence(exit.LastLines), actions);
    }

    private static string Answer(int status) => status == 0 ? "nothing" : $"{status}";

    private static string Count(int number) => number == 1 ? "1 instance" : $"{number} instances";

    private static string Times(int number) => number == 1 ? "once" : $"{number} times";
}
