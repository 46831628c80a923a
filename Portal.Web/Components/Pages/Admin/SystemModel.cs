using Portal.Core.Access;
using Portal.Core.Common;
using Portal.Core.Jobs;

namespace Portal.Web.Components.Pages.Admin;

/// <summary>What Admin → System shows, with the sentence that answers: is it all right?</summary>
public sealed record SystemModel(SystemOverview System, DiskReport Disk, IReadOnlyList<HostProcess> Silent, string? NotIsolated, bool MayChange, DateTimeOffset Now)
{
    /// <summary>Work that waits longer than this is a sign that no worker takes it.</summary>
    private static readonly TimeSpan LongWait = TimeSpan.FromMinutes(2);

    public static async Task<SystemModel> ReadAsync(Actor actor, SystemReader reader, DiskUse disk, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var system = await reader.ReadAsync(actor, cancellationToken);
        return new SystemModel(system, await disk.ReadAsync(actor, cancellationToken), [.. system.Processes.Where(reader.IsSilent)], reader.NotIsolated(system),
            AccessPolicy.Allows(actor, Permission.ManagePlatform, Resource.Platform), now);
    }

    public bool HasWorker => System.Processes.Any(p => p.Role == "worker" && !Silent.Contains(p));

    /// <summary>One that ended and whose successor runs: a restart, nothing to worry about.</summary>
    public bool IsReplaced(HostProcess silent) => System.Processes.Any(p => p.Role == silent.Role && p.StartedAt >= silent.SeenAt && !Silent.Contains(p));

    public Status Status
    {
        get
        {
            if (!HasWorker)
            {
                return Status.Of(Severity.Error, "No worker is running", "Nothing is built or rolled out until one is back. Apps that run go on.", "Look at the worker's log; ./portal up starts it again by itself.");
            }
            if (Disk.IsScarce)
            {
                return Status.Of(Severity.Error, "The disk is nearly full", $"{Controls.Words.Bytes(Disk.FreeBytes)} of {Controls.Words.Bytes(Disk.TotalBytes)} are free.", "Builds will fail soon. Make room, or give it a larger disk.");
            }
            if (System.Queue.OldestWaiting is { } oldest && Now - oldest > LongWait)
            {
                return Status.Of(Severity.Warning, "Work waits for long", $"The oldest was due {Controls.Words.Ago(oldest, Now)}; {System.Queue.Waiting} wait, {System.Queue.Running} run.", "A long build is the usual reason. Another worker helps.");
            }
            if (System.Queue.Failed.Count > 0)
            {
                return Status.Of(Severity.Warning, $"{Controls.Words.Count(System.Queue.Failed.Count, "job")} gave up", "They failed on every attempt; the reasons are below.", "Mend the reason, then try them again.");
            }
            var missing = Silent.Where(p => !IsReplaced(p)).ToList();
            if (missing.Count > 0)
            {
                return Status.Of(Severity.Warning, missing.Count == 1 ? $"A {missing[0].Role} process is silent" : $"{missing.Count} processes are silent",
                    "Nothing was heard of it for half a minute, and none has started in its place.", "What was stopped on purpose leaves this list within the hour; otherwise look at its log.");
            }
            return Status.Of(Severity.Ok, "Everything runs", $"{Controls.Words.Count(System.Processes.Count - Silent.Count, "process", "processes")}, {System.Queue.Running} at work, {System.Queue.Waiting} waiting.", "");
        }
    }
}
