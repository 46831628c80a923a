using System.Text;
using Portal.Core.Runtimes;
using Portal.Core.Runtimes.Local;
using static Portal.Worker.Tests.Runtimes.RuntimeFixture;

namespace Portal.Worker.Tests.Runtimes;

public sealed class HostileAppTests
{
    [Fact]
    public async Task A_flood_of_output_is_bounded_on_disk_and_said_so()
    {
        await using var here = new RuntimeFixture();
        await here.Runtime.ConvergeAsync(here.Workload(here.Artifact(), "yes 'all work and no play makes a dull app' | head -n 3000000; sleep 60", process: "worker"), Cancel);

        await here.UntilAsync(_ => here.Output().Contains("lines dropped", StringComparison.Ordinal));

        var folder = InstanceFolder.Of(here.Options.Instances, here.Place).Single();
        Assert.True(Directory.EnumerateFiles(folder.Path).Sum(f => new FileInfo(f).Length) < 9 * 1024 * 1024);
        Assert.True(ProcessTable.Find(folder.Read()!.SupervisorPid)!.Value.RssPages * Environment.SystemPageSize < 150L * 1024 * 1024);
    }

    [Fact]
    public async Task A_line_without_an_end_is_cut()
    {
        await using var here = new RuntimeFixture();
        await here.Runtime.ConvergeAsync(here.Workload(here.Artifact(), "head -c 20000000 /dev/zero | tr '\\0' x; echo; echo done; sleep 60", process: "worker"), Cancel);

        await here.UntilAsync(_ => here.Output().Contains("done", StringComparison.Ordinal));

        Assert.All(here.Output().Split('\n'), line => Assert.True(line.Length < 8_100));
    }

    [Fact]
    public async Task A_fork_bomb_stays_bounded_and_ends_with_its_instance()
    {
        await using var here = new RuntimeFixture();
        Assert.SkipUnless(ProcessTable.IsRoot, "Only root can bound the number of processes of one app.");
        var workload = here.Workload(here.Artifact(), "bomb() { bomb | bomb & }; bomb; sleep 60", process: "worker", memoryMb: 512);
        await here.Runtime.ConvergeAsync(workload, Cancel);
        var instance = Assert.Single((await here.ReadyAsync()).Instances);
        var supervisor = here.Folder(instance).Read()!.SupervisorPid;

        var tree = ProcessTable.Tree(supervisor);
        Assert.True(tree.Count < 600);

        await here.Runtime.StopAsync(workload.Key, TimeSpan.Zero, Cancel);
        Assert.False(ProcessTable.Alive(supervisor, tree[0].Start));
        await here.UntilAsync(_ => !tree.Any(p => ProcessTable.Alive(p.Pid, p.Start)));
    }

    [Fact]
    public async Task Secrets_are_neither_on_disk_nor_in_any_argument_list()
    {
        await using var here = new RuntimeFixture();
        var secret = "s3cr3t" + Guid.NewGuid().ToString("n");
        await here.Runtime.ConvergeAsync(here.Workload(here.Artifact(), "[ -n \"$API_KEY\" ] && echo has it; sleep 60", process: "worker", variables: ("API_KEY", secret)), Cancel);
        await here.UntilAsync(_ => here.Output().Contains("has it", StringComparison.Ordinal));

        foreach (var row in ProcessTable.All())
        {
            Assert.DoesNotContain(secret, ReadQuietly($"/proc/{row.Pid}/cmdline"), StringComparison.Ordinal);
        }
        foreach (var file in Directory.EnumerateFiles(here.Options.Instances, "*", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain(secret, ReadQuietly(file), StringComparison.Ordinal);
        }
    }

    private static string ReadQuietly(string file)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    [Fact]
    public async Task What_an_app_writes_vanishes_and_never_reaches_the_artifact_or_another_instance()
    {
        await using var here = new RuntimeFixture();
        var artifact = here.Artifact("data/seed.txt", "as built");
        var workload = here.Workload(artifact, "cat data/seed.txt; echo changed > data/seed.txt && cat data/seed.txt && sleep 60", instances: 2, process: "worker");
        await here.Runtime.ConvergeAsync(workload, Cancel);
        await here.UntilAsync(_ => here.Output().Split("changed").Length == 3);

        Assert.Equal(3, here.Output().Split("as built").Length);
        Assert.Equal("as built", await File.ReadAllTextAsync(Path.Combine(artifact, "data/seed.txt"), Cancel));

        var folder = InstanceFolder.Of(here.Options.Instances, here.Place).First();
        await here.Runtime.StopAsync(workload.Key, TimeSpan.Zero, Cancel);
        Assert.False(Directory.Exists(folder.AppFolder) || Directory.Exists(folder.OverlayFolder));
    }

    [Fact]
    public async Task An_app_sees_nothing_of_the_machine_and_has_no_power_over_it()
    {
        await using var here = new RuntimeFixture();
        Assert.SkipUnless(here.Isolation.Current.Level == IsolationLevel.Isolated, "This machine cannot isolate apps.");
        const string command =
            """
            ln -s /root/.bashrc link; cat link /etc/shadow 2>&1 | grep -c -v -e denied -e 'No such'
            echo data:$(ls -d "$DATA" 2>/dev/null)
            echo processes:$(ls /proc | grep -c '^[0-9]')
            grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status
            cat /etc/passwd /etc/nsswitch.conf > /dev/null && ls /etc/ssl/certs > /dev/null && echo settings
            touch /usr/x 2>/dev/null && echo wrote; touch /x 2>/dev/null && echo wrote
            echo sees; sleep 60
            """;
        await here.Runtime.ConvergeAsync(here.Workload(here.Artifact(), command, process: "worker", variables: ("DATA", here.Options.DataDirectory)), Cancel);
        await here.UntilAsync(_ => here.Output().Contains("sees", StringComparison.Ordinal));

        var lines = here.Output().Split('\n').Where(l => l.Length > 30).Select(l => l[30..]).ToList();
        Assert.Equal("0", lines[0]);
        Assert.Equal("data:", lines[1]);
        Assert.True(int.Parse(lines[2]["processes:".Length..], System.Globalization.CultureInfo.InvariantCulture) < 10);
        Assert.EndsWith("0000000000000000", lines[3], StringComparison.Ordinal);
        Assert.EndsWith("1", lines[4], StringComparison.Ordinal);
        Assert.Equal("settings", lines[5]);
        Assert.DoesNotContain("wrote", lines);
    }

    [Fact]
    public async Task A_one_off_command_runs_with_the_variables_and_tells_how_it_ended()
    {
        await using var here = new RuntimeFixture();
        var workload = here.Workload(here.Artifact("migrate.sh", "echo migrating $TABLE; exit 4"), "unused", variables: ("TABLE", "orders"));
        var lines = new List<string>();

        var end = await here.Runtime.RunTaskAsync(workload, "release", "sh migrate.sh", TimeSpan.FromSeconds(20), line => { lines.Add(line); return Task.CompletedTask; }, Cancel);

        Assert.Equal((4, false), (end.ExitCode!.Value, end.TimedOut));
        Assert.Equal(["migrating orders"], lines);
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(here.Options.Instances, ".tasks")));
    }

    [Fact]
    public async Task A_one_off_command_over_its_time_is_ended()
    {
        await using var here = new RuntimeFixture();

        var end = await here.Runtime.RunTaskAsync(here.Workload(here.Artifact(), "unused"), "release", "echo begun; sleep 60", TimeSpan.FromMilliseconds(500), _ => Task.CompletedTask, Cancel);

        Assert.True(end.TimedOut);
        Assert.Equal("begun", end.LastLines[0]);
    }

    [Fact]
    public async Task Nothing_is_started_where_isolation_is_not_available()
    {
        await using var here = new RuntimeFixture();
        Assert.SkipUnless(ProcessTable.IsRoot, "Users are only switched by root.");
        here.Options.Users.App = "no-such-user";

        var refused = await Assert.ThrowsAsync<RuntimeUnavailableException>(() => here.Runtime.ConvergeAsync(here.Workload(here.Artifact(), "true"), Cancel));

        Assert.Contains("no-such-user", refused.Message, StringComparison.Ordinal);
    }
}
