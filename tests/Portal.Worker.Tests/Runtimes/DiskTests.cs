using Portal.Core.Runtimes;
using static Portal.Worker.Tests.Runtimes.RuntimeFixture;

namespace Portal.Worker.Tests.Runtimes;

public sealed class DiskTests
{
    private const string Fill = "head -c 60000000 /dev/zero > one; head -c 60000000 /dev/zero > two; echo filled; sleep 60";

    [Fact]
    public async Task An_app_over_its_disk_is_ended_said_to_be_and_begins_anew_without_what_it_wrote()
    {
        await using var here = new RuntimeFixture();
        var workload = here.Workload(here.Artifact("seed.txt", "as built"), "ls; " + Fill, process: "worker") with { DiskMb = 64 };

        await here.Runtime.ConvergeAsync(workload, Cancel);
        var seen = await here.UntilAsync(o => o.Instances.Any(i => i.LastExit is not null));

        var exit = Assert.Single(seen.Instances).LastExit!;
        Assert.True(exit is { OutOfDisk: true, OutOfMemory: false });
        await here.UntilAsync(_ => here.Output().Contains("wrote more to its disk than its limit", StringComparison.Ordinal));
        await here.UntilAsync(o => o.Instances.Any(i => i.Restarts >= 1 && i.LastExit?.LastLines.Contains("seed.txt") == true));
        Assert.DoesNotContain("two", (await here.Runtime.ObserveAsync(here.Place, Cancel)).Instances[0].LastExit!.LastLines);
    }

    [Fact]
    public async Task A_file_with_holes_counts_for_what_it_takes()
    {
        await using var here = new RuntimeFixture();
        var workload = here.Workload(here.Artifact(), "truncate -s 10G holes && echo made; sleep 60", process: "worker") with { DiskMb = 64 };
        await here.Runtime.ConvergeAsync(workload, Cancel);
        await here.UntilAsync(_ => here.Output().Contains("made", StringComparison.Ordinal));

        var disk = new Portal.Core.Runtimes.Local.DiskWatch([here.Folder((await here.ReadyAsync()).Instances[0]).Path], 0, TimeProvider.System);
        disk.Begin();
        Assert.False(disk.IsOver());
        Assert.Equal(InstanceState.Ready, (await here.Runtime.ObserveAsync(here.Place, Cancel)).Instances[0].State);
    }
}
