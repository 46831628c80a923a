using Portal.Core.Runtimes;
using Portal.Core.Runtimes.Local;
using static Portal.Worker.Tests.Runtimes.RuntimeFixture;

namespace Portal.Worker.Tests.Runtimes;

public sealed class LocalRuntimeTests
{
    private const string Server =
        """
        import http.server, os, signal, sys, threading
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                code = 500 if self.path == '/bad' else 200
                self.send_response(code); self.end_headers()
                self.wfile.write(os.environ.get(self.path[1:], 'hello').encode())
            def log_message(self, *a): pass
        server = http.server.ThreadingHTTPServer(('127.0.0.1', int(os.environ.get('LISTEN', os.environ['PORT']))), Handler)
        def end(*a):
            print('said goodbye', flush=True)
            threading.Thread(target=server.shutdown).start()
        signal.signal(signal.SIGTERM, end)
        print('listening', flush=True)
        server.serve_forever()
        """;

    private const string StartServer = "/usr/bin/python3 server.py";

    [Fact]
    public async Task A_converged_app_answers_on_its_address_and_is_gone_after_stop()
    {
        await using var here = new RuntimeFixture();
        var workload = here.Workload(here.Artifact("server.py", Server), StartServer, variables: ("GREETING", "good morning"));

        await here.Runtime.ConvergeAsync(workload, Cancel);
        var instance = Assert.Single((await here.ReadyAsync()).Instances);

        Assert.Equal("good morning", await GetAsync(instance, "/GREETING"));
        Assert.Equal([here.Place], await here.Runtime.PlacesAsync(Cancel));
        Assert.True(instance.MemoryBytes > 0);

        await here.Runtime.StopAsync(workload.Key, TimeSpan.FromSeconds(10), Cancel);
        Assert.Empty((await here.Runtime.ObserveAsync(here.Place, Cancel)).Instances);
        Assert.Empty(await here.Runtime.PlacesAsync(Cancel));
        Assert.Contains("said goodbye", here.Output(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shell_that_waits_for_the_app_does_not_end_it_ungracefully()
    {
        await using var here = new RuntimeFixture();
        var workload = here.Workload(here.Artifact("server.py", Server), "echo before; " + StartServer + "; echo after");
        await here.Runtime.ConvergeAsync(workload, Cancel);
        await here.ReadyAsync();

        await here.Runtime.StopAsync(workload.Key, TimeSpan.FromSeconds(10), Cancel);

        Assert.Contains("said goodbye", here.Output(), StringComparison.Ordinal);
        Assert.Contains("after", here.Output(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_app_behind_npm_ends_gracefully()
    {
        await using var here = new RuntimeFixture();
        Assert.SkipUnless(File.Exists("/usr/bin/npm"), "npm is not installed.");
        var artifact = here.Artifact(
            "package.json", """{"name":"shop","version":"1.0.0","scripts":{"start":"node server.js"}}""",
            "server.js", "const s = require('http').createServer((q, r) => r.end('hello')).listen(process.env.PORT, process.env.HOST); process.on('SIGTERM', () => { console.log('said goodbye'); s.close(); });");
        var workload = here.Workload(artifact, "npm start");
        await here.Runtime.ConvergeAsync(workload, Cancel);
        Assert.Equal("hello", await GetAsync(Assert.Single((await here.ReadyAsync()).Instances)));

        await here.Runtime.StopAsync(workload.Key, TimeSpan.FromSeconds(10), Cancel);

        Assert.Single(here.Output().Split('\n'), l => l.Contains("said goodbye", StringComparison.Ordinal));
        Assert.DoesNotContain("was killed", here.Output(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_app_that_ignores_SIGTERM_is_killed_after_the_grace()
    {
        await using var here = new RuntimeFixture();
        var workload = here.Workload(here.Artifact(), "trap '' TERM; while :; do read -r x < /dev/zero; done", process: "worker");
        await here.Runtime.ConvergeAsync(workload, Cancel);
        await here.ReadyAsync();

        await here.Runtime.StopAsync(workload.Key, TimeSpan.FromMilliseconds(200), Cancel);

        Assert.Contains("was killed", here.Output(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_crashed_app_is_started_again_and_its_last_lines_are_kept()
    {
        await using var here = new RuntimeFixture();
        var workload = here.Workload(here.Artifact(), "echo cannot reach the database >&2; exit 3", process: "worker");

        await here.Runtime.ConvergeAsync(workload, Cancel);
        var seen = await here.UntilAsync(o => o.Instances.Any(i => i.Restarts >= 1 && i.State == InstanceState.Crashed));

        var exit = Assert.Single(seen.Instances).LastExit;
        Assert.Equal(3, exit!.Code);
        Assert.Null(exit.Signal);
        Assert.Equal(["cannot reach the database"], exit.LastLines);
    }

    [Fact]
    public async Task An_app_over_its_memory_is_ended_and_said_to_be()
    {
        await using var here = new RuntimeFixture();
        var workload = here.Workload(here.Artifact(), "/usr/bin/python3 -c 'x = bytearray(300 * 1024 * 1024); import time; time.sleep(60)'", memoryMb: 64, process: "worker");

        await here.Runtime.ConvergeAsync(workload, Cancel);
        var seen = await here.UntilAsync(o => o.Instances.Any(i => i.LastExit is not null));

        Assert.True(Assert.Single(seen.Instances).LastExit!.OutOfMemory);
    }

    [Fact]
    public async Task Converging_twice_starts_once_and_the_surplus_runs_until_it_is_retired()
    {
        await using var here = new RuntimeFixture();
        var workload = here.Workload(here.Artifact("server.py", Server), StartServer, instances: 2);
        await Task.WhenAll(here.Runtime.ConvergeAsync(workload, Cancel), here.NewRuntime().ConvergeAsync(workload, Cancel));
        var two = await here.ReadyAsync(2);
        Assert.Equal(2, two.Instances.Select(i => i.Address).Distinct().Count());

        await here.Runtime.ConvergeAsync(workload with { Processes = [workload.Processes[0] with { Instances = 1 }] }, Cancel);

        var still = await here.Runtime.ObserveAsync(here.Place, Cancel);
        Assert.All(still.Instances, i => Assert.Equal(InstanceState.Ready, i.State));
        Assert.Equal(2, still.Instances.Count);
        await here.Runtime.RetireAsync([still.Instances[0]], TimeSpan.FromSeconds(10), Cancel);
        var left = await here.UntilAsync(o => o.Instances.Count == 1);
        Assert.Equal(still.Instances[1].Id, left.Instances[0].Id);
    }

    [Fact]
    public async Task A_restarted_worker_finds_what_runs_and_starts_nothing_twice()
    {
        await using var here = new RuntimeFixture();
        var workload = here.Workload(here.Artifact("server.py", Server), StartServer);
        await here.Runtime.ConvergeAsync(workload, Cancel);
        var before = Assert.Single((await here.ReadyAsync()).Instances);

        var later = here.NewRuntime();
        await later.ConvergeAsync(workload, Cancel);
        var after = Assert.Single((await later.ObserveAsync(here.Place, Cancel)).Instances);

        Assert.Equal((before.Id, before.Address, before.StartedAt), (after.Id, after.Address, after.StartedAt));
    }

    [Fact]
    public async Task A_killed_supervisor_leaves_no_app_and_is_replaced()
    {
        await using var here = new RuntimeFixture();
        var workload = here.Workload(here.Artifact("server.py", Server), StartServer);
        await here.Runtime.ConvergeAsync(workload, Cancel);
        var instance = Assert.Single((await here.ReadyAsync()).Instances);
        var record = here.Folder(instance).Read()!;
        var processes = ProcessTable.Tree(record.SupervisorPid);
        Assert.True(processes.Count > 1);

        ProcessTable.Signal(record.SupervisorPid, ProcessTable.SigKill);

        await here.UntilAsync(o => o.Instances.Count == 0);
        await here.UntilAsync(_ => !processes.Any(p => ProcessTable.Alive(p.Pid, p.Start)));
        await here.Runtime.ConvergeAsync(workload, Cancel);
        Assert.NotEqual(instance.Id, Assert.Single((await here.ReadyAsync()).Instances).Id);
    }

    [Fact]
    public async Task An_app_that_listens_elsewhere_is_seen_to()
    {
        await using var here = new RuntimeFixture();
        var elsewhere = FreePort.Next();
        Assert.Equal([true, true, true, false, false], new[] { "0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F", "00000000", "00000000000000000000000000000000" }.Select(ProcessTable.IsLoopback));
        var workload = here.Workload(here.Artifact("server.py", Server), StartServer, variables: ("LISTEN", $"{elsewhere}"));

        await here.Runtime.ConvergeAsync(workload, Cancel);
        var seen = await here.UntilAsync(o => o.Instances.Any(i => i.ListeningPorts.Count > 0));

        Assert.Equal([elsewhere], Assert.Single(seen.Instances).ListeningPorts);
        Assert.Equal(InstanceState.Starting, seen.Instances[0].State);

        var fixedPort = workload with { Key = workload.Key with { Version = 2 }, FixedPort = elsewhere };
        await here.Runtime.StopAsync(workload.Key, TimeSpan.Zero, Cancel);
        await here.Runtime.ConvergeAsync(fixedPort, Cancel);
        Assert.Equal($"127.0.0.1:{elsewhere}", (await here.ReadyAsync()).Instances[0].Address);
    }

    [Fact]
    public async Task A_health_path_that_answers_badly_keeps_an_app_from_being_ready()
    {
        await using var here = new RuntimeFixture();
        await here.Runtime.ConvergeAsync(here.Workload(here.Artifact("server.py", Server), StartServer, health: "/bad"), Cancel);

        var seen = await here.UntilAsync(o => o.Instances.Any(i => i.HealthStatus is not null));

        Assert.Equal((InstanceState.Starting, 500), (seen.Instances[0].State, seen.Instances[0].HealthStatus!.Value));
    }
}
