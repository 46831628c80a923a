using Portal.Core.Common;

namespace Portal.Core.Runtimes.Diagnosis;

/// <summary>How a live release is. Pure.</summary>
public static class RunningDiagnosis
{
    public static Status Of(Workload workload, IReadOnlyList<InstanceObservation> instances)
    {
        var version = workload.Key.Version;
        var expected = workload.Processes.Sum(p => p.Instances);
        var ready = instances.Count(i => i.State == InstanceState.Ready);
        if (expected == 0)
        {
            return Status.Of(Severity.Asleep, $"v{version} is stopped: it has no instances", "", "Give it at least one instance in Settings.");
        }
        if (instances.FirstOrDefault(i => i.State == InstanceState.Crashed) is { LastExit: { } exit } crashed)
        {
            return new Status(ready > 0 ? Severity.Warning : Severity.Error, $"v{version} keeps ending: {crashed.Process} exited with code {exit.Code} and is started again", "", "Read its last lines.", exit.LastLines, []);
        }
        return ready >= expected
            ? Status.Of(Severity.Ok, $"Running v{version}, {ready} {(ready == 1 ? "instance" : "instances")}")
            : Status.Of(Severity.Working, $"v{version}: {ready} of {expected} instances answer");
    }
}
