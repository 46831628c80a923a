using System.Runtime.InteropServices;
using System.Text.Json;
using Portal.Core.Runtimes.Local;

namespace Portal.Worker.Supervise;

/// <summary><c>Portal.Worker supervise FOLDER</c>: looks after one instance until it is told to stop. The spec comes over the standard input.</summary>
internal static class SuperviseMode
{
    public const string Name = "supervise";

    /// <remarks>
    /// Runs on the program's first thread and must stay there: the app is tied to the thread that starts it, and is killed
    /// by the kernel when that one ends.
    /// </remarks>
    public static int Run(string folderPath)
    {
        var folder = new InstanceFolder(folderPath);
        InstanceSpec spec;
        using (var input = Console.OpenStandardInput())
        {
            spec = JsonSerializer.Deserialize(input, InstanceJson.Default.InstanceSpec) ?? throw new InvalidDataException("No spec arrived.");
        }
        using var stop = new ManualResetEventSlim();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, static context => context.Cancel = true);
        using var log = new OutputLog(folder, TimeProvider.System);
        using var supervisor = new Supervisor(folder, spec, log, TimeProvider.System, stop);
        supervisor.Run();
        return 0;

        void Handle(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Set();
        }
    }
}
