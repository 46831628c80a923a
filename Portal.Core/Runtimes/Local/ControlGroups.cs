using System.Globalization;

namespace Portal.Core.Runtimes.Local;

/// <summary>
/// Bounds memory and the number of processes of one instance with the kernel's control groups, version 2 or 1, where this
/// process may make some. Where it may not, both are null and the caller measures instead.
/// </summary>
public sealed class ControlGroups : IDisposable
{
    private readonly List<string> folders = [];
    private string? memoryEvents;

    /// <summary>Files that a process writes 0 to in order to join.</summary>
    public IReadOnlyList<string> JoinFiles => [.. folders.Select(f => Path.Combine(f, "cgroup.procs"))];

    public bool BoundsMemory { get; private set; }

    public bool BoundsProcesses { get; private set; }

    public static ControlGroups Make(string name, int memoryMb, int processes)
    {
        var groups = new ControlGroups();
        var bytes = ((long)memoryMb * 1024 * 1024).ToString(CultureInfo.InvariantCulture);
        var count = processes.ToString(CultureInfo.InvariantCulture);
        const string root = "/sys/fs/cgroup";
        if (File.Exists(root + "/cgroup.controllers"))
        {
            var parent = root + "/portal";
            if (groups.Create(parent) && groups.Write(root + "/cgroup.subtree_control", "+memory +pids") | true
                && groups.Write(parent + "/cgroup.subtree_control", "+memory +pids") && groups.Create($"{parent}/{name}"))
            {
                groups.folders.Add($"{parent}/{name}");
                groups.BoundsMemory = groups.Write($"{parent}/{name}/memory.max", bytes) && groups.Write($"{parent}/{name}/memory.swap.max", "0") | true;
                groups.BoundsProcesses = groups.Write($"{parent}/{name}/pids.max", count);
                groups.memoryEvents = $"{parent}/{name}/memory.events";
            }
            return groups;
        }
        if (groups.CreateOld(root + "/memory", name) is { } memory)
        {
            groups.BoundsMemory = groups.Write(memory + "/memory.limit_in_bytes", bytes) && groups.Write(memory + "/memory.memsw.limit_in_bytes", bytes) | true;
            groups.memoryEvents = memory + "/memory.oom_control";
        }
        if (groups.CreateOld(root + "/pids", name) is { } pids)
        {
            groups.BoundsProcesses = groups.Write(pids + "/pids.max", count);
        }
        return groups;
    }

    /// <summary>How many processes the kernel has killed for memory in this group so far.</summary>
    public long OutOfMemoryKills()
    {
        try
        {
            return memoryEvents is null ? 0 : File.ReadLines(memoryEvents)
                .Where(l => l.StartsWith("oom_kill ", StringComparison.Ordinal))
                .Select(l => long.Parse(l.AsSpan(9), CultureInfo.InvariantCulture)).FirstOrDefault();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return 0;
        }
    }

    private string? CreateOld(string controller, string name)
    {
        if (!File.Exists(controller + "/cgroup.procs"))
        {
            return null;
        }
        var folder = $"{controller}/portal-{name}";
        if (!Create(folder))
        {
            return null;
        }
        folders.Add(folder);
        return folder;
    }

    private bool Create(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private bool Write(string file, string value)
    {
        try
        {
            File.WriteAllText(file, value);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Removes the groups; they must be empty by then, and are left for the next who asks when not.</summary>
    public void Dispose() => Remove(folders);

    /// <summary>Groups of an instance whose supervisor was killed.</summary>
    public static void RemoveLeft(string name) =>
        Remove([$"/sys/fs/cgroup/portal/{name}", $"/sys/fs/cgroup/memory/portal-{name}", $"/sys/fs/cgroup/pids/portal-{name}"]);

    private static void Remove(IReadOnlyList<string> folders)
    {
        foreach (var folder in folders)
        {
            // What was killed a moment ago still counts as a member until the kernel has buried it.
            SpinWait.SpinUntil(() => TryRemove(folder), TimeSpan.FromSeconds(1));
        }
    }

    private static bool TryRemove(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                // A plain rmdir: the files of a control group are not removed one by one.
                Directory.Delete(folder, recursive: false);
            }
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
