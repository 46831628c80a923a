using Portal.Core.Runtimes.Local;
using static Portal.Worker.Tests.Runtimes.RuntimeFixture;

namespace Portal.Worker.Tests.Runtimes;

public sealed class SandboxTests
{
    private static readonly Dictionary<string, string> Plain = new() { ["PATH"] = Sandbox.DefaultPath };

    [Fact]
    public async Task A_build_sees_its_folder_at_app_and_its_cache_and_can_write_both()
    {
        await using var here = new RuntimeFixture();
        Assert.SkipUnless(here.Isolation.Current.Level == IsolationLevel.Isolated, "This machine cannot isolate builds.");
        var folder = Directory.CreateDirectory(Path.Combine(here.Options.Artifacts, "b1/nested")).Parent!.FullName;
        var cache = Directory.CreateDirectory(Path.Combine(here.Options.Caches, "npm")).FullName;
        await Isolation.HandOverAsync(here.Isolation.Builds, folder, Cancel);
        await Isolation.HandOverAsync(here.Isolation.Builds, cache, Cancel);
        var spec = Sandbox.Wrap(here.Isolation.Builds, new SandboxRequest
        {
            Command = ["/bin/sh", "-c", "pwd; touch built ../built /cache/npm/kept /tmp/gone; ls -A /cache"],
            Folder = folder,
            WorkingFolder = "nested",
            Mounts = [new SandboxMount(cache, "/cache/npm", Writable: true)],
            Environment = Plain,
        });

        var end = await SandboxRun.RunAsync(spec, TimeSpan.FromSeconds(20), _ => Task.CompletedTask, Cancel);

        Assert.Equal(["/app/nested", "npm"], end.LastLines);
        Assert.Equal(0, end.ExitCode);
        Assert.True(File.Exists(Path.Combine(folder, "nested/built")) && File.Exists(Path.Combine(folder, "built")) && File.Exists(Path.Combine(cache, "kept")));
    }

    [Fact]
    public async Task A_build_writes_beside_a_cache_that_lies_in_its_own_folder()
    {
        await using var here = new RuntimeFixture();
        Assert.SkipUnless(here.Isolation.Current.Level == IsolationLevel.Isolated, "This machine cannot isolate builds.");
        var folder = Directory.CreateDirectory(Path.Combine(here.Options.Artifacts, "b4")).FullName;
        var cache = Directory.CreateDirectory(Path.Combine(here.Options.Caches, "build")).FullName;
        await Isolation.HandOverAsync(here.Isolation.Builds, folder, Cancel);
        await Isolation.HandOverAsync(here.Isolation.Builds, cache, Cancel);
        await Isolation.MakeFolderAsync(here.Isolation.Builds, folder, "web/.next/cache", Cancel);
        var spec = Sandbox.Wrap(here.Isolation.Builds, new SandboxRequest
        {
            Command = ["/bin/sh", "-c", "touch .next/trace .next/cache/kept"],
            Folder = folder,
            WorkingFolder = "web",
            Mounts = [new SandboxMount(cache, "/app/web/.next/cache", Writable: true)],
            Environment = Plain,
        });

        var end = await SandboxRun.RunAsync(spec, TimeSpan.FromSeconds(20), _ => Task.CompletedTask, Cancel);

        Assert.Equal(0, end.ExitCode);
        Assert.True(File.Exists(Path.Combine(folder, "web/.next/trace")) && File.Exists(Path.Combine(cache, "kept")));
    }

    [Fact]
    public async Task Where_apps_are_trusted_a_command_runs_in_its_folder_and_leaves_nothing_running()
    {
        await using var here = new RuntimeFixture();
        var settings = here.Isolation.Apps with { Level = IsolationLevel.Trusted, Overlay = false, Namespaces = ProcessTable.IsRoot };
        var folder = Directory.CreateDirectory(Path.Combine(here.Options.Artifacts, "b2")).FullName;
        await Isolation.HandOverAsync(settings, folder, Cancel);
        var marker = "3" + Random.Shared.Next(100_000, 999_999);
        var spec = Sandbox.Wrap(settings, new SandboxRequest { Command = ["/bin/sh", "-c", $"pwd; touch here; sleep {marker} & exit 7"], Folder = folder, Environment = Plain });

        var end = await SandboxRun.RunAsync(spec, TimeSpan.FromSeconds(20), _ => Task.CompletedTask, Cancel);

        Assert.Equal((7, folder), (end.ExitCode!.Value, end.LastLines[0]));
        Assert.True(File.Exists(Path.Combine(folder, "here")));
        if (ProcessTable.IsRoot)
        {
            Assert.DoesNotContain(ProcessTable.All(), r => r.Name == "sleep" && File.ReadAllText($"/proc/{r.Pid}/cmdline").Contains(marker, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_cancelled_command_is_gone()
    {
        await using var here = new RuntimeFixture();
        var folder = Directory.CreateDirectory(Path.Combine(here.Options.Artifacts, "b3")).FullName;
        await Isolation.HandOverAsync(here.Isolation.Builds, folder, Cancel);
        var spec = Sandbox.Wrap(here.Isolation.Builds, new SandboxRequest { Command = ["/bin/sh", "-c", "echo begun; sleep 300"], Folder = folder, Environment = Plain });
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(Cancel);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => SandboxRun.RunAsync(spec, TimeSpan.FromSeconds(60), _ => cancelled.CancelAsync(), cancelled.Token));
    }

    [Fact]
    public void A_machine_that_cannot_isolate_starts_nothing() =>
        Assert.Throws<InvalidOperationException>(() => Sandbox.Wrap(new SandboxSettings(IsolationLevel.Unavailable, false, null, false),
            new SandboxRequest { Command = ["true"], Folder = "/tmp", Environment = Plain }));

    [Fact]
    public void Lines_are_bounded_and_a_progress_bar_leaves_its_last_state()
    {
        using var stream = new MemoryStream("10%\r20%\r100%\nwindows\r\nlong-long-long\nrest"u8.ToArray());

        Assert.Equal(["100%", "windows", "long-long…", "rest"], BoundedLines.Read(stream, 9));
    }
}
