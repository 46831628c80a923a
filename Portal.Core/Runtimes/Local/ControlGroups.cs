using System.Globalization;

namespace Portal.Core.Runtimes.Local;

/// <summary>
/// Bounds memory and the number of processes of one instance or build with the kernel's control groups, version 2 or 1,
/// where this process may make some. What it could not bound the caller measures instead.
/// </summary>
public sealed class ControlGroups : IDisposable
{
    private const string Root = "/sys/fs/cgroup";

    private readonly List<string> folders = [];
    private string? memoryEvents;
    private string? processEvents;

    /// <summary>Files that a process writes 0 to in order to join.</summary>
    public IReadOnlyList<string> JoinFiles => [.. folders.Select(f => Path.Combine(f, "cgroup.procs"))];

    public bool BoundsMemory { get; private set; }

    public bool BoundsProcesses { get; private set; }

    /// <param name="root">Where the kernel shows its control groups.</param>
    public static ControlGroups Make(string name, int memoryMb, int processes, string root = Root)
    {
        var groups = new ControlGroups();
        var bytes = ((long)memoryMb * 1024 * 1024).ToString(CultureInfo.InvariantCulture);
        var count = processes.ToString(CultureInfo.InvariantCulture);
        if (File.Exists(root + "/cgroup.controllers"))
        {
            groups.MakeUnified(root, name, bytes, count);
        }
        else
        {
            groups.MakeSeparate(root, name, bytes, count);
        }
        return groups;
    }

    // Version 2: one tree. A group may use a controller only when every group above it hands it on, and one that has processes of its own may hand nothing on.
    private void MakeUnified(string root, string name, string bytes, string count)
    {
        var parent = root + "/portal";
        var folder = $"{parent}/{name}";
        HandOn(root);
        if (!Create(parent) || !HandOn(parent) || !Create(folder))
        {
            return;
        }
        var has = Controllers(parent + "/cgroup.subtree_control");
        folders.Add(folder);
        if (has.Contains("memory") && Write(folder + "/memory.max", bytes))
        {
            BoundsMemory = true;
            memoryEvents = folder + "/memory.events";
            // Without it an app over its limit would fill the machine's swap first.
            Write(folder + "/memory.swap.max", "0");
        }
        if (has.Contains("pids") && Write(folder + "/pids.max", count))
        {
            BoundsProcesses = true;
            processEvents = folder + "/pids.events";
        }
    }

    // One by one: the kernel refuses the whole line when it does not know one of them.
    private bool HandOn(string folder)
    {
        var wanted = Controllers(folder + "/cgroup.controllers").Intersect(["memory", "pids"]).Except(Controllers(folder + "/cgroup.subtree_control")).ToList();
        return wanted.Count(controller => Write(folder + "/cgroup.subtree_control", "+" + controller)) == wanted.Count;
    }

    private static HashSet<string> Controllers(string file)
    {
        try
        {
            return [.. File.ReadAllText(file).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(c => c.TrimStart('+'))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    // Version 1: a tree for each controller.
    private void MakeSeparate(string root, string name, string bytes, string count)
    {
        if (CreateOld(root + "/memory", name) is { } memory)
        {
            BoundsMemory = Write(memory + "/memory.limit_in_bytes", bytes);
            memoryEvents = memory + "/memory.oom_control";
            // Only where the kernel counts swap.
            Write(memory + "/memory.memsw.limit_in_bytes", bytes);
        }
        if (CreateOld(root + "/pids", name) is { } pids)
        {
            BoundsProcesses = Write(pids + "/pids.max", count);
            processEvents = pids + "/pids.events";
        }
    }

    /// <summary>How many processes the kernel has killed for memory in this group so far.</summary>
    public long OutOfMemoryKills() => Count(memoryEvents, "oom_kill ");

    /// <summary>How often a process could not be started because there were too many.</summary>
    public long RefusedProcesses() => Count(processEvents, "max ");

    private static long Count(string? file, string word)
    {
        try
        {
            return file is null ? 0 : File.ReadLines(file)
                .Where(l => l.StartsWith(word, StringComparison.Ordinal))
                .Select(l => long.Parse(l.AsSpan(word.Length), CultureInfo.InvariantCulture)).FirstOrDefault();
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

    private static bool Create(string folder)
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

    private static bool Write(string file, string value)
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

    /// <summary>
    /// Groups of an instance or a build whose owner was killed, with all that is still in them: a sandbox that was just
    /// being made when its parent died does not die with it.
    /// </summary>
    public static void RemoveLeft(string name, string root = Root)
    {
        string[] left = [$"{root}/portal/{name}", $"{root}/memory/portal-{name}", $"{root}/pids/portal-{name}"];
        foreach (var pid in left.SelectMany(Members).Distinct())
        {
            ProcessTable.Signal(pid, ProcessTable.SigKill);
        }
        Remove(left);
    }

    private static IReadOnlyList<int> Members(string folder)
    {
        try
        {
            return [.. File.ReadLines(folder + "/cgroup.procs").Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return [];
        }
    }

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
