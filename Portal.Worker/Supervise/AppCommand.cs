using Portal.Core.Runtimes.Local;

namespace Portal.Worker.Supervise;

/// <summary>What to start for an instance: its own command, or the file server over a folder of it.</summary>
internal static class AppCommand
{
    private const string HostAt = "/portal";

    public static ProcessSpec Of(InstanceFolder folder, InstanceSpec spec, ControlGroups groups, int? port)
    {
        // On the thread that starts the app there is nothing else to do meanwhile.
        var (app, changes) = AppFiles.PrepareAsync(spec.Sandbox, spec.Artifact, folder.AppFolder, folder.OverlayFolder, CancellationToken.None).GetAwaiter().GetResult();
        var isolated = spec.Sandbox.Level == IsolationLevel.Isolated;
        var environment = ProcessEnvironment.Of(spec.Variables, isolated ? "/app" : app, port);
        List<SandboxMount> mounts = [];
        IReadOnlyList<string> command = ["/bin/sh", "-c", spec.Command ?? "exit 127"];
        if (spec.StaticRoot is { } root)
        {
            var dotnet = Environment.ProcessPath ?? "dotnet";
            if (isolated)
            {
                mounts.Add(new SandboxMount(spec.HostFolder, HostAt, Writable: false));
                if (!dotnet.StartsWith("/usr/", StringComparison.Ordinal))
                {
                    mounts.Add(new SandboxMount(Path.GetDirectoryName(dotnet)!, "/dotnet", Writable: false));
                    dotnet = "/dotnet/" + Path.GetFileName(dotnet);
                }
            }
            var program = Path.Combine(isolated ? HostAt : spec.HostFolder, "Portal.Worker.dll");
            var served = Path.GetFullPath(Path.Combine(isolated ? "/app" : app, root));
            command = [dotnet, program, ServeStatic.StaticMode.Name, served, .. spec.SpaFallback ? (string[])["--spa"] : []];
            // The files' own variables are none of the server's business; its settings are few.
            environment = ProcessEnvironment.Of(new Dictionary<string, string>
            {
                ["DOTNET_gcServer"] = "0",
                ["DOTNET_gcConcurrent"] = "0",
                ["DOTNET_GCConserveMemory"] = "9",
                ["DOTNET_TieredPGO"] = "0",
                ["DOTNET_EnableDiagnostics"] = "0",
            }, "/tmp", port);
        }
        return Sandbox.Wrap(spec.Sandbox, new SandboxRequest
        {
            Command = command,
            Folder = app,
            ChangesFolder = changes,
            Mounts = mounts,
            Environment = environment,
            Groups = groups.JoinFiles,
            HostsFile = AppFiles.WriteHosts(folder.Path, spec.LoopbackNames),
            MaximumUserProcesses = groups.BoundsProcesses ? null : 4_096,
            TemporaryMb = Math.Max(64, spec.MemoryMb),
        });
    }
}
