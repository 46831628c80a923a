using System.Diagnostics;
using Portal.Core.Runtimes.Local;

namespace Portal.Worker.Tests.Runtimes;

/// <summary>What is written to the kernel, against folders that look like its own.</summary>
public sealed class ControlGroupsTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("portal-groups-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    private string Written(string file) => File.ReadAllText(Path.Combine(root, file));

    private void Kernel(string file, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(root, file))!);
        File.WriteAllText(Path.Combine(root, file), content);
    }

    [Fact]
    public void In_one_tree_memory_swap_and_processes_are_bounded()
    {
        Kernel("cgroup.controllers", "cpuset cpu io memory pids\n");
        Kernel("cgroup.subtree_control", "memory pids\n");
        Kernel("portal/cgroup.controllers", "memory pids\n");
        Kernel("portal/cgroup.subtree_control", "memory pids\n");

        var groups = ControlGroups.Make("shop", memoryMb: 64, processes: 100, root);

        Assert.True(groups is { BoundsMemory: true, BoundsProcesses: true });
        Assert.Equal("67108864", Written("portal/shop/memory.max"));
        Assert.Equal("0", Written("portal/shop/memory.swap.max"));
        Assert.Equal("100", Written("portal/shop/pids.max"));
        Assert.Equal([Path.Combine(root, "portal/shop/cgroup.procs")], groups.JoinFiles);

        Kernel("portal/shop/memory.events", "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n");
        Kernel("portal/shop/pids.events", "max 7\n");
        Assert.Equal((2, 7), (groups.OutOfMemoryKills(), groups.RefusedProcesses()));
    }

    [Fact]
    public void What_a_killed_owner_left_in_a_group_is_ended()
    {
        using var left = Process.Start("sleep", "1000");
        Kernel("pids/portal-build/cgroup.procs", $"{left.Id}\n");

        ControlGroups.RemoveLeft("build", root);

        Assert.True(left.WaitForExit(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void A_controller_is_handed_on_where_it_was_not_yet()
    {
        Kernel("cgroup.controllers", "cpu memory pids\n");
        Kernel("cgroup.subtree_control", "cpu pids\n");
        Kernel("portal/cgroup.controllers", "pids\n");
        Kernel("portal/cgroup.subtree_control", "\n");

        using (ControlGroups.Make("shop", 64, 100, root))
        {
            Assert.Equal("+memory", Written("cgroup.subtree_control"));
            Assert.Equal("+pids", Written("portal/cgroup.subtree_control"));
        }
    }

    [Fact]
    public void What_the_kernel_cannot_bound_is_left_to_be_measured()
    {
        Kernel("cgroup.controllers", "cpu pids\n");
        Kernel("cgroup.subtree_control", "pids\n");
        Kernel("portal/cgroup.controllers", "pids\n");
        Kernel("portal/cgroup.subtree_control", "pids\n");

        var groups = ControlGroups.Make("shop", 64, 100, root);

        Assert.True(groups is { BoundsMemory: false, BoundsProcesses: true });
        Assert.False(File.Exists(Path.Combine(root, "portal/shop/memory.max")));
        Assert.Equal(0, groups.OutOfMemoryKills());
    }

    [Fact]
    public void In_separate_trees_each_controller_has_its_group()
    {
        Kernel("memory/cgroup.procs", "");
        Kernel("pids/cgroup.procs", "");

        var groups = ControlGroups.Make("shop", memoryMb: 64, processes: 100, root);

        Assert.True(groups is { BoundsMemory: true, BoundsProcesses: true });
        Assert.Equal("67108864", Written("memory/portal-shop/memory.limit_in_bytes"));
        Assert.Equal("100", Written("pids/portal-shop/pids.max"));
        Assert.Equal(2, groups.JoinFiles.Count);
        Kernel("memory/portal-shop/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
        Assert.Equal(1, groups.OutOfMemoryKills());
    }

    [Fact]
    public void Without_control_groups_nothing_is_joined()
    {
        using var groups = ControlGroups.Make("shop", 64, 100, root);
        Assert.True(groups is { BoundsMemory: false, BoundsProcesses: false, JoinFiles.Count: 0 });
    }
}
