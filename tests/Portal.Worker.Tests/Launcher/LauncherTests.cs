using System.Net;
using Portal.Testing;

namespace Portal.Worker.Tests.Launcher;

/// <summary>The product as a newcomer starts it: real processes, killed and stopped for real.</summary>
public sealed class LauncherTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_running_portal_keeps_its_port_its_folder_and_its_hosts()
    {
        await using var host = await PortalHost.StartAsync();

        var again = await Up(host.StateDirectory, PortalHost.FreePort());
        Assert.Contains($"The state folder {host.StateDirectory} is in use by another ./portal (process ", again.Error, StringComparison.Ordinal);

        var elsewhere = host.StateDirectory + "-other";
        var taken = await Up(elsewhere, host.Port);
        Assert.Contains($"Port {host.Port} is taken by another program. Choose another with --port.", taken.Error, StringComparison.Ordinal);
        (await Run("down", "--delete", "--state", elsewhere)).Expect();

        Assert.Equal("600", await Mode(Path.Combine(host.StateDirectory, "admin.token")));
        Assert.StartsWith(host.Url.ToString(), (await host.SignInLinkAsync()).ToString(), StringComparison.Ordinal);

        foreach (var name in (string[])["web", "worker", "postgres"])
        {
            var before = host.Process(name);
            (await Tool("kill", "-KILL", before)).Expect();
            await Eventually.True(() => host.Output.Contains($"{name} started again", StringComparison.Ordinal), what: $"{name} is started again");
            Assert.NotEqual(before, host.Process(name));
            await Eventually.True(() => IsReady(host), TimeSpan.FromSeconds(60), $"ready after {name} was killed");
        }
    }

    [Fact]
    public async Task After_the_launcher_was_killed_the_next_start_takes_over_and_down_leaves_nothing()
    {
        var first = await PortalHost.StartAsync();
        var state = first.StateDirectory;
        (await Tool("kill", "-KILL", first.Process("launcher"))).Expect();
        await Eventually.True(() => first.HasExited, what: "the launcher is gone");

        await using var second = await PortalHost.StartAsync(state);
        Assert.Contains("stopping what an earlier start left running", second.Output, StringComparison.Ordinal);
        Assert.True(await IsReady(second));
        Assert.NotEmpty(Marked(state));

        var down = (await Run("down", "--state", state)).Expect();
        Assert.Contains("no process is left", down.Output, StringComparison.Ordinal);
        Assert.Empty(Marked(state));
    }

    [Fact]
    public async Task After_the_machine_went_down_the_next_start_continues_although_process_numbers_are_used_again()
    {
        var first = await PortalHost.StartAsync();
        var (state, postmaster) = (first.StateDirectory, Path.Combine(first.DataDirectory, "db", "postmaster.pid"));
        // One of them may have ended by itself meanwhile, which the tool calls a failure.
        await Tool("kill", ["-KILL", first.Process("launcher"), first.Process("postgres"), .. Marked(state)]);
        await Eventually.True(() => first.HasExited && Marked(state).Count == 0, what: "everything is gone");
        // Whose number was used again is not touched, be it of the database's own user.
        await using var stranger = TiedProcess.Start("TERM", "/usr/bin/env",
            [.. Environment.IsPrivilegedProcess ? new[] { "setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--" } : [], "bash", "-c", "echo $$; exec sleep 600"]);
        await Eventually.True(() => stranger.Output.Length > 0, what: "the other process has a number");
        var number = stranger.Output.Trim();
        string[] lines = await File.ReadAllLinesAsync(postmaster, Now);
        await File.WriteAllLinesAsync(postmaster, [number, .. lines[1..]], Now);
        foreach (var name in (string[])["launcher", "web", "worker", "postgres"])
        {
            await File.WriteAllTextAsync(Path.Combine(state, "pids", name), number, Now);
        }

        await using var second = await PortalHost.StartAsync(state);

        Assert.True(await IsReady(second));
        Assert.False(stranger.HasExited);
    }

    private static Task<CliResult> Up(string state, int port) =>
        Run("up", "--state", state, "--port", port.ToString(System.Globalization.CultureInfo.InvariantCulture));

    private static Task<CliResult> Tool(string program, params string[] arguments) =>
        Cli.RunAsync(program, arguments, cancellationToken: Now);

    private static async Task<string> Mode(string file) => (await Tool("stat", "-c", "%a", file)).Expect().Output.Trim();

    private static Task<CliResult> Run(params string[] arguments) =>
        Cli.RunAsync(Checkout.Path("portal"), arguments, timeout: TimeSpan.FromMinutes(2), cancellationToken: Now);

    private static async Task<bool> IsReady(PortalHost host)
    {
        using var client = new HttpClient { BaseAddress = host.Url };
        try
        {
            using var answer = await client.GetAsync("readyz", Now);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>Processes that carry the mark of the state folder.</summary>
    private static List<string> Marked(string state) =>
        [.. Directory.GetDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)).Where(folder =>
        {
            try
            {
                return File.ReadAllText(Path.Combine(folder, "environ")).Split('\0').Contains($"PORTAL_STATE={state}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }).Select(folder => Path.GetFileName(folder))];
}
