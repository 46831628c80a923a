using Portal.Core.Runtimes.Local;
using Portal.Testing;
using static Portal.Worker.Tests.Runtimes.RuntimeFixture;

namespace Portal.Worker.Tests.Runtimes;

/// <summary>Where the operator trusts everybody who can push, because the machine cannot isolate.</summary>
public sealed class TrustedTests
{
    [Fact]
    public async Task A_Python_environment_that_was_copied_knows_where_it_is()
    {
        await using var here = new RuntimeFixture();
        var artifact = here.Artifact("code.py", "import sys; print(sys.prefix)");
        (await Cli.RunAsync("/usr/bin/python3", ["-m", "venv", "--without-pip", Path.Combine(artifact, ".venv")], cancellationToken: Cancel)).Expect();
        var program = Path.Combine(artifact, ".venv/bin/shop");
        await File.WriteAllTextAsync(program, $"#!{artifact}/.venv/bin/python3\nimport sys; print(sys.prefix)\n", Cancel);
        (await Cli.RunAsync("/bin/chmod", ["755", program], cancellationToken: Cancel)).Expect();
        var settings = here.Isolation.Apps with { Level = IsolationLevel.Trusted, Overlay = false };
        var place = Directory.CreateDirectory(Path.Combine(here.Options.Instances, "copy")).FullName;

        var (app, changes) = await AppFiles.PrepareAsync(settings, artifact, Path.Combine(place, "app"), Path.Combine(place, "overlay"), Cancel);

        Assert.Null(changes);
        Assert.Equal($"{app}/.venv", (await Cli.RunAsync(Path.Combine(app, ".venv/bin/shop"), [], cancellationToken: Cancel)).Expect().Output.Trim());
        Assert.Contains(artifact, await File.ReadAllTextAsync(program, Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Addresses_of_the_teams_other_apps_are_resolved()
    {
        await using var here = new RuntimeFixture();
        var settings = here.Isolation.Apps with { Level = IsolationLevel.Trusted, Overlay = false, Namespaces = ProcessTable.IsRoot };
        Assert.SkipUnless(settings.Namespaces, "Only root can give a command names of its own.");
        var folder = Directory.CreateDirectory(Path.Combine(here.Options.Instances, "named")).FullName;
        await Isolation.HandOverAsync(settings, folder, Cancel);
        var spec = Sandbox.Wrap(settings, new SandboxRequest
        {
            Command = ["/usr/bin/python3", "-c", "import socket; print(socket.getaddrinfo('stock--acme.localhost', 80, socket.AF_INET)[0][4][0])"],
            Folder = folder,
            Environment = new Dictionary<string, string> { ["PATH"] = Sandbox.DefaultPath },
            HostsFile = AppFiles.WriteHosts(folder, ["stock--acme.localhost"]),
        });

        var end = await SandboxRun.RunAsync(spec, TimeSpan.FromSeconds(20), _ => Task.CompletedTask, Cancel);

        Assert.Equal("127.0.0.1", Assert.Single(end.LastLines));
        Assert.DoesNotContain("stock--acme", await File.ReadAllTextAsync("/etc/hosts", Cancel), StringComparison.Ordinal);
    }
}
