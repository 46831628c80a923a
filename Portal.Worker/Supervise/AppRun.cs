using System.Diagnostics;
using Portal.Core.Runtimes.Local;

namespace Portal.Worker.Supervise;

/// <summary>One run of an app's command: its process, its two outputs, how it ended.</summary>
internal sealed class AppRun : IDisposable
{
    // The walls around an app: they are not the app, and a signal to them would end it without warning.
    private static readonly HashSet<string> Walls = new(StringComparer.Ordinal) { "bwrap", "unshare", "setpriv", "prlimit" };
    private static readonly HashSet<string> Shells = new(StringComparer.Ordinal) { "sh", "dash", "bash", "ash", "busybox" };

    private readonly Process process;
    private readonly Thread[] pumps;
    private readonly CountdownEvent open = new(2);

    private AppRun(Process process, OutputLog log)
    {
        this.process = process;
        Start = ProcessTable.Find(process.Id)?.Start ?? 0;
        pumps = [Pump(process.StandardOutput.BaseStream, OutputKind.Output, log), Pump(process.StandardError.BaseStream, OutputKind.Error, log)];
    }

    public int Pid => process.Id;

    public long Start { get; }

    public static AppRun Begin(ProcessSpec spec, OutputLog log)
    {
        var process = Process.Start(spec.ToStartInfo()) ?? throw new InvalidOperationException("The app's command did not start.");
        process.StandardInput.Close();
        return new AppRun(process, log);
    }

    private Thread Pump(Stream stream, OutputKind kind, OutputLog log)
    {
        var thread = new Thread(() =>
        {
            foreach (var line in BoundedLines.Read(stream, OutputLog.MaximumLine))
            {
                log.Write(kind, line);
            }
            open.Signal();
        }, maxStackSize: 256 * 1024)
        { IsBackground = true };
        thread.Start();
        return thread;
    }

    /// <summary>True when it has ended.</summary>
    public bool Wait(int milliseconds) => process.WaitForExit(milliseconds);

    /// <summary>The exit code, or the signal that ended it.</summary>
    public (int? Code, int? Signal) End()
    {
        // What the app left running may hold its outputs open; its last words are worth only a moment.
        open.Wait(TimeSpan.FromSeconds(1));
        // Shells and walls say 128 + n for "ended by signal n".
        return process.ExitCode is > 128 and <= 192 and var code ? (null, code - 128) : (process.ExitCode, null);
    }

    /// <summary>
    /// Asks the app to end: the topmost processes that are neither walls nor a shell that waits for another. A shell would
    /// end at once and take the app with it.
    /// </summary>
    public void AskToEnd()
    {
        var tree = ProcessTable.Tree(process.Id);
        var children = tree.ToLookup(r => r.Parent);
        foreach (var row in tree.Take(1))
        {
            Ask(row, children);
        }
    }

    private static void Ask(ProcessRow row, ILookup<int, ProcessRow> children)
    {
        var below = children[row.Pid].ToList();
        if (Walls.Contains(row.Name) || (below.Count > 0 && (Shells.Contains(row.Name) || StartsScripts(row))))
        {
            below.ForEach(child => Ask(child, children));
        }
        else
        {
            ProcessTable.Signal(row.Pid, ProcessTable.SigTerm);
        }
    }

    // npm and its like hand a signal to a shell, which ends and takes the app with it.
    private static bool StartsScripts(ProcessRow row)
    {
        if (row.Name.StartsWith("npm", StringComparison.Ordinal) || row.Name.StartsWith("npx", StringComparison.Ordinal))
        {
            return true;
        }
        try
        {
            return row.Name is "node" or "MainThread" && File.ReadAllText($"/proc/{row.Pid}/cmdline").Split('\0').Take(3)
                .Any(a => Path.GetFileNameWithoutExtension(a) is "npm" or "npm-cli" or "npx-cli" or "yarn" or "pnpm");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public void Kill()
    {
        // Twice: what was being started while the list was read is in the second one.
        for (var i = 0; i < 2; i++)
        {
            foreach (var row in ProcessTable.Tree(process.Id))
            {
                ProcessTable.Signal(row.Pid, ProcessTable.SigKill);
            }
        }
    }

    public void Dispose()
    {
        process.Dispose();
        foreach (var pump in pumps)
        {
            pump.Join(TimeSpan.FromMilliseconds(100));
        }
        // The event is left to the collector: a pump whose stream never ends may still come to it.
    }
}
