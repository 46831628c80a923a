using System.Diagnostics;
using System.Text.Json;

namespace Portal.Core.Runtimes.Local;

/// <summary>
/// Starts the supervisor of one instance in a session of its own, so that it outlives this worker. The spec, with its
/// secrets, goes through the standard input only.
/// </summary>
internal sealed class InstanceLauncher(LocalRuntimeSettings settings)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // Each of them costs the memory of one small .NET program, so it is kept small: no second code versions, one heap.
    private static readonly Dictionary<string, string> Frugal = new()
    {
        ["DOTNET_TieredPGO"] = "0",
        ["DOTNET_TC_BackgroundWorkerTimeoutMs"] = "0",
        ["DOTNET_gcServer"] = "0",
        ["DOTNET_gcConcurrent"] = "0",
        ["DOTNET_GCHeapHardLimit"] = "0x6000000",
        ["DOTNET_GCConserveMemory"] = "9",
        ["DOTNET_EnableDiagnostics"] = "0",
        ["DOTNET_NOLOGO"] = "1",
        ["PORTAL_PART"] = "instance",
    };

    /// <summary>Returns when the supervisor has written its first record.</summary>
    public async Task LaunchAsync(InstanceFolder folder, InstanceSpec spec, CancellationToken cancellationToken)
    {
        // setsid -f returns at once and leaves the supervisor to init; the shell only points its outputs nowhere.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, RedirectStandardInput = true, WorkingDirectory = "/" };
        foreach (var argument in (string[])["-c", "exec setsid -f \"$@\" >/dev/null 2>&1", "sh", settings.Dotnet, settings.Program, "supervise", folder.Path])
        {
            start.ArgumentList.Add(argument);
        }
        // Nothing of this host's settings, above all no connection string, comes near an app.
        start.Environment.Clear();
        foreach (var (name, value) in Frugal)
        {
            start.Environment[name] = value;
        }
        foreach (var name in (string[])["PATH", "DOTNET_ROOT", "PORTAL_STATE", "HOME"])
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                start.Environment[name] = value;
            }
        }
        using var process = Process.Start(start) ?? throw new InvalidOperationException("The instance's supervisor did not start.");
        try
        {
            await JsonSerializer.SerializeAsync(process.StandardInput.BaseStream, spec, InstanceJson.Default.InstanceSpec, cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException e)
        {
            throw new IOException("The supervisor of an instance ended before it read what to run.", e);
        }
        await process.WaitForExitAsync(cancellationToken);
        var deadline = Stopwatch.GetTimestamp() + (long)(Patience.TotalSeconds * Stopwatch.Frequency);
        while (folder.Read() is null)
        {
            if (Stopwatch.GetTimestamp() > deadline)
            {
                throw new IOException($"The supervisor of instance {spec.Id} did not come up within {Patience.TotalSeconds:0} s. The machine may be overloaded or out of memory.");
            }
            await Task.Delay(10, cancellationToken);
        }
    }
}
