namespace Portal.Core.Runtimes.Local;

/// <summary>Tells that some instance changed its record. A lost notice costs the time-out of the wait.</summary>
internal sealed class ChangeWatcher : IDisposable
{
    private readonly FileSystemWatcher watcher;
    private readonly Lock gate = new();
    private TaskCompletionSource changed = New();

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
        lock (gate)
        {
            changed.TrySetResult();
        }
    }

    /// <summary>What happened between two calls ends the second at once.</summary>
    public async Task WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        Task waited;
        lock (gate)
        {
            waited = changed.Task;
        }
        try
        {
            await waited.WaitAsync(timeout, cancellationToken);
        }
        catch (TimeoutException)
        {
            return;
        }
        lock (gate)
        {
            if (changed.Task == waited)
            {
                changed = New();
            }
        }
    }

    public void Dispose() => watcher.Dispose();
}
