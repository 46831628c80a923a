using System.Diagnostics;

namespace Portal.Core.Runtimes.Local;

/// <summary>
/// Tells that some instance changed its record, to everybody who waits and, for a moment, to those who were busy just
/// then. A lost notice costs the time-out of the wait.
/// </summary>
internal sealed class ChangeWatcher : IDisposable
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(50);

    private readonly FileSystemWatcher watcher;
    private readonly Lock gate = new();
    private TaskCompletionSource changed = New();
    private long changedAt = -Stopwatch.Frequency;

    public ChangeWatcher(string instances)
    {
        watcher = new FileSystemWatcher(Directory.CreateDirectory(InstanceFolder.ChangesFolder(instances)).FullName)
        {
            NotifyFilter = NotifyFilters.LastWrite | NotifyFilters.FileName,
        };
        watcher.Changed += (_, _) => Tell();
        watcher.Created += (_, _) => Tell();
        watcher.Deleted += (_, _) => Tell();
        watcher.Error += (_, _) => Tell();
        watcher.EnableRaisingEvents = true;
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Tell()
    {
        TaskCompletionSource waited;
        lock (gate)
        {
            changedAt = Stopwatch.GetTimestamp();
            (waited, changed) = (changed, New());
        }
        waited.SetResult();
    }

    public async Task WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        Task next;
        bool justNow;
        lock (gate)
        {
            next = changed.Task;
            justNow = Stopwatch.GetElapsedTime(changedAt) < Moment;
        }
        try
        {
            // A caller may come back before others have even looked, so nobody can say who has seen a change and who not.
            await next.WaitAsync(justNow && Breath < timeout ? Breath : timeout, cancellationToken);
        }
        catch (TimeoutException)
        {
            return;
        }
    }

    public void Dispose() => watcher.Dispose();
}
