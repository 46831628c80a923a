using Portal.Core.Common;

namespace Portal.Core.Runtimes.Diagnosis;

/// <summary>Why a new release did not start. Pure.</summary>
public static class StartDiagnosis
{
    /// <summary>An app that opens another port first, such as a debugger's, opens its own soon after.</summary>
    private static readonly TimeSpan OtherPortFor = TimeSpan.FromSeconds(10);

    /// <summary>Waiting longer cannot help: an instance ended twice, or has long listened on another port than it was told.</summary>
    public static bool IsHopeless(IReadOnlyList<InstanceObservation> instances, TimeSpan waited) =>
        instances.Any(i => (i.LastExit is not null && i.Restarts + (i.State == InstanceState.Crashed ? 1 : 0) >= 2)
            || (waited > OtherPortFor && i is { State: InstanceState.Starting, Port: { } told, ListeningPorts.Count: > 0 } && !i.ListeningPorts.Contains(told)));

    /// <param name="waited">Since the instances were started.</param>
    /// <param name="serving">The release that goes on serving, if any.</param>
    public static Status Of(Workload workload, IReadOnlyList<InstanceObservation> instances, TimeSpan waited, TimeSpan limit, int? serving)
    {
        var title = $"v{workload.Key.Version} did not start: ";
        var still = Words.StillServes(serving);
        if (instances.FirstOrDefault(i => i.LastExit is not null && i.State != InstanceState.Ready) is { LastExit: { } exit } ended)
        {
            var how = ExitWords.Of(exit, workload);
            var finding = ExitWords.Cause(exit, workload);
            var whose = ended.Process == "web" ? "" : $"the process {ended.Process}: ";
            var evidence = Words.Evidence(exit.LastLines);
            return finding is null
                ? new Status(Severity.Error, $"{title}{whose}it {how}{LastWords(exit)}{still}", "Its own output says why.", "Read the last lines, mend the code or a variable, and push again.", evidence, [])
                : new Status(Severity.Error, $"{title}{whose}{finding.Cause}{still}", $"{finding.Detail} It {how}.", finding.Next, evidence, finding.Actions);
        }
        if (instances.Count == 0)
        {
            return new Status(Severity.Error, $"{title}no instance came up within {Words.Seconds(waited)}{still}", "This machine did not start it.", "Deploy again; if it happens again, ask an admin to look at Admin → System.", [], [Words.Retry]);
        }
        var waiting = instances.FirstOrDefault(i => i.State == InstanceState.Starting) ?? instances[0];
        return NotAnswering(workload, waiting, title, still, limit);
    }

    private static string LastWords(InstanceExit exit) => Words.LastLine(exit.LastLines) is { } line ? $"; the last line was {Words.Quote(line)}" : "; it wrote nothing";

    private static Status NotAnswering(Workload workload, InstanceObservation instance, string title, string still, TimeSpan limit)
    {
        var within = Words.Seconds(limit);
        if (instance.HealthStatus is { } status)
        {
            return OfHealth(workload, status, title, still);
        }
        if (instance.Port is { } port && instance.ListeningPorts.FirstOrDefault(p => p != port) is > 0 and var other && !instance.ListeningPorts.Contains(port))
        {
            return new Status(Severity.Error, $"{title}it listens on port {other}, not on the port in PORT{still}",
                $"It was told to listen on port {port} by the variable PORT, and listens on {string.Join(", ", instance.ListeningPorts)}.",
                $"Let it listen on the port in the variable PORT (recommended), or use {other}.", [$"PORT={port}", .. instance.ListeningPorts.Select(p => $"listens on {p}")], [Words.UsePort(other)]);
        }
        if (instance.Port is { } told && instance.ListeningPorts.Contains(told))
        {
            return Status.Of(Severity.Error, $"{title}it listens on its port but accepted no connection within {within}{still}",
                "It listens on another address than this machine's own (127.0.0.1).", "Let it listen on 0.0.0.0 or on the address in the variable HOST.");
        }
        return Status.Of(Severity.Error, $"{title}it did not answer within {within}{still}",
            instance.Port is null ? "It runs, but was not up in time." : $"It runs, but listens on no port. It was told port {instance.Port} by the variable PORT.",
            "Let it listen on the port in the variable PORT. If it listens to nothing, name its process worker in the Procfile; if it only needs longer, ask an admin for more time.");
    }

    private static Status OfHealth(Workload workload, int status, string title, string still)
    {
        var path = workload.HealthPath ?? "/";
        return status switch
        {
            0 => Status.Of(Severity.Error, $"{title}it accepts connections but does not answer {path}{still}", "Asked for the health path it gave no HTTP answer within 5 s.", "Look at what the app does for this path, or change the health path in Settings."),
            404 => Status.Of(Severity.Error, $"{title}its health path {path} answers 404 (not found){still}", "The app runs and answers, but does not know this path.", "Correct the health path in Settings, or let the app answer it with 200."),
            401 or 403 => Status.Of(Severity.Error, $"{title}its health path {path} answers {status} (not allowed){still}", "The health path asks for a sign-in.", "Choose a path that answers without sign-in."),
            _ => Status.Of(Severity.Error, $"{title}its health path {path} answers {status}{still}", "The app runs and says that it is not well.", "Read its output; the health path must answer with a code below 400."),
        };
    }
}
