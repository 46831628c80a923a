using System.Globalization;
using Portal.Core.Common;

namespace Portal.Core.Runtimes.Local;

/// <summary>A one-off command with an app's files and variables. It ends with the worker that runs it.</summary>
internal static class AppTask
{
    public static async Task<TaskResult> RunAsync(SandboxSettings settings, PortalOptions options, Workload workload, string command,
        TimeSpan limit, Func<string, Task> output, CancellationToken cancellationToken)
    {
        var tasks = Directory.CreateDirectory(Path.Combine(options.Instances, ".tasks")).FullName;
        RemoveLeft(tasks);
        var self = ProcessTable.Find(Environment.ProcessId);
        var id = $"{Environment.ProcessId}-{self?.Start}-{Guid.NewGuid():n}"[..40];
        var folder = Directory.CreateDirectory(Path.Combine(tasks, id)).FullName;
        using var groups = ControlGroups.Make("task-" + id, workload.MemoryMb, processes: 512);
        try
        {
            await AppFiles.HandOverArtifactAsync(settings, options.Artifacts, workload.Artifact, cancellationToken);
            var (app, changes) = await AppFiles.PrepareAsync(settings, workload.Artifact, Path.Combine(folder, "app"), Path.Combine(folder, "overlay"), cancellationToken);
            var spec = Sandbox.Wrap(settings, new SandboxRequest
            {
                Command = ["/bin/sh", "-c", command],
                Folder = app,
                ChangesFolder = changes,
                Environment = ProcessEnvironment.Of(workload.Variables, settings.Level == IsolationLevel.Isolated ? "/app" : app, port: null),
                Groups = groups.JoinFiles,
                HostsFile = AppFiles.WriteHosts(folder, workload.LoopbackNames),
            });
            return await SandboxRun.RunAsync(spec, limit, output, cancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Of workers that were killed. The folder's name begins with process number and start time of its worker.
    private static void RemoveLeft(string tasks)
    {
        foreach (var folder in Directory.EnumerateDirectories(tasks))
        {
            var parts = Path.GetFileName(folder).Split('-');
            if (parts.Length > 2 && int.TryParse(parts[0], CultureInfo.InvariantCulture, out var pid) && long.TryParse(parts[1], CultureInfo.InvariantCulture, out var start) && !ProcessTable.Alive(pid, start))
            {
                Directory.Delete(folder, recursive: true);
                ControlGroups.RemoveLeft("task-" + Path.GetFileName(folder));
            }
        }
    }
}
