using System.Globalization;
using Portal.Core.Common;

namespace Portal.Core.Runtimes.Diagnosis;

/// <summary>Why a new release did not start. Pure.</summary>
public static class StartDiagnosis
{
    /// <summary>Waiting longer cannot help: an instance ended twice.</summary>
    public static bool IsHopeless(IReadOnlyList<InstanceObservation> instances) =>
        instances.Any(i => i.LastExit is not null && i.Restarts + (i.State == InstanceState.Crashed ? 1 : 0) >= 2);

    /// <param name="serving">The release that goes on serving, if any.</param>
    public static Status Of(Workload workload, IReadOnlyList<InstanceObservation> instances, TimeSpan waited, TimeSpan limit, int? serving)
    {
        var version = workload.Key.Version;
        var still = serving is null ? "" : $"; v{serving} still serves";
        var crashed = instances.FirstOrDefault(i => i.LastExit is not null);
        if (crashed?.LastExit is { } exit)
        {
            var last = exit.LastLines.LastOrDefault(l => l.Trim().Length > 0);
            var how = exit.OutOfMemory ? $"used more than its {workload.MemoryMb} MB of memory" : exit.Code is { } code ? $"exited with code {code}" : $"was ended by signal {exit.Signal}";
            return new Status(Severity.Error,
                string.Create(CultureInfo.InvariantCulture, $"v{version} did not start: it {how} after {exit.Ran.TotalSeconds:0.0} s{(last is null ? "" : $"; the last line was “{last}”")}{still}"),
                "", "Read the last lines, mend the code or a variable, and push again.", exit.LastLines, []);
        }
        return Status.Of(Severity.Error, $"v{version} did not answer within {limit.TotalSeconds:0} s{still}", "It runs, but does not accept connections on $PORT.", "Let it listen on the port in $PORT.");
    }
}
