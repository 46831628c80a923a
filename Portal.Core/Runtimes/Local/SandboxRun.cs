using System.Diagnostics;
using System.Text;
using Portal.Core.Common;

namespace Portal.Core.Runtimes.Local;

/// <summary>
/// Runs one command to its end. The command dies with the thread that started it (the kernel ties "dies with its parent"
/// to the thread, not to the process), so each gets a thread of its own that lives as long.
/// </summary>
public static class SandboxRun
{
    public const int MaximumLine = 8_000;
    private const int KeptLines = 40;
    private const int KeptCharacters = 2_000;

    /// <summary>Calls <paramref name="output"/> for every line, one at a time; a slow reader slows the command down.</summary>
    public static Task<TaskResult> RunAsync(ProcessSpec spec, TimeSpan limit, Func<string, Task> output, CancellationToken cancellationToken)
    {
        var result = new TaskCompletionSource<TaskResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                // The thread is this command's own: to wait here holds up nobody.
                result.SetResult(Run(spec, limit, line => output(line).GetAwaiter().GetResult(), cancellationToken));
            }
            catch (OperationCanceledException e)
            {
                result.SetCanceled(e.CancellationToken);
            }
            catch (Exception e)
            {
                result.SetException(e);
            }
        })
        { IsBackground = true, Name = "command" };
        thread.Start();
        return result.Task;
    }

    /// <summary>As <see cref="RunAsync"/>, on the calling thread. Cancelling kills the command and throws.</summary>
    public static TaskResult Run(ProcessSpec spec, TimeSpan limit, Action<string> output, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var last = new Queue<string>();
        var gate = new Lock();
        Exception? failed = null;
        using var process = Process.Start(spec.ToStartInfo()) ?? throw new InvalidOperationException("The command did not start.");
        process.StandardInput.Close();

        void Read(Stream stream)
        {
            foreach (var line in BoundedLines.Read(stream, MaximumLine))
            {
                lock (gate)
                {
                    last.Enqueue(line.Length > KeptCharacters ? line[..KeptCharacters] : line);
                    while (last.Count > KeptLines)
                    {
                        last.Dequeue();
                    }
                    try
                    {
                        if (failed is null)
                        {
                            output(line);
                        }
                    }
                    catch (Exception e)
                    {
                        failed = e;
                        KillTree(process);
                    }
                }
            }
        }

        var threads = new[] { new Thread(() => Read(process.StandardOutput.BaseStream)), new Thread(() => Read(process.StandardError.BaseStream)) };
        foreach (var thread in threads)
        {
            thread.IsBackground = true;
            thread.Start();
        }
        var timedOut = false;
        using (cancellationToken.Register(() => KillTree(process)))
        {
            if (!process.WaitForExit(limit))
            {
                timedOut = true;
                KillTree(process);
                process.WaitForExit(TimeSpan.FromSeconds(10));
            }
        }
        // What was left behind may hold the outputs open; it does not hold us.
        foreach (var thread in threads)
        {
            if (!thread.Join(TimeSpan.FromSeconds(2)))
            {
                KillTree(process);
            }
        }
        cancellationToken.ThrowIfCancellationRequested();
        if (failed is not null)
        {
            throw failed;
        }
        lock (gate)
        {
            return new TaskResult(timedOut || !process.HasExited ? null : process.ExitCode, timedOut, [.. last]);
        }
    }

    private static void KillTree(Process process)
    {
        foreach (var row in ProcessTable.Tree(process.Id).Reverse())
        {
            ProcessTable.Signal(row.Pid, ProcessTable.SigKill);
        }
    }
}

/// <summary>Splits output into lines without ever holding more than one line's bound of it.</summary>
public static class BoundedLines
{
    /// <summary>Lines longer than the bound are cut and end with <see cref="SecretMask.Cut"/>. A lone carriage return (progress bars) starts the line anew.</summary>
    public static IEnumerable<string> Read(Stream stream, int maximum)
    {
        var buffer = new byte[16 * 1024];
        var line = new byte[maximum];
        var length = 0;
        var any = false;
        var cut = false;
        var returned = false;
        while (true)
        {
            int read;
            try
            {
                read = stream.Read(buffer);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                read = 0;
            }
            if (read == 0)
            {
                break;
            }
            for (var i = 0; i < read; i++)
            {
                if (buffer[i] == (byte)'\n')
                {
                    yield return Text(line, length, cut);
                    (length, any, returned, cut) = (0, false, false, false);
                    continue;
                }
                any = true;
                if (returned)
                {
                    (length, returned, cut) = (0, false, false);
                }
                if (buffer[i] == (byte)'\r')
                {
                    returned = true;
                }
                else if (length < maximum)
                {
                    line[length++] = buffer[i];
                }
                else
                {
                    cut = true;
                }
            }
        }
        if (any)
        {
            yield return Text(line, length, cut);
        }
    }

    // PostgreSQL text cannot hold the character zero.
    private static string Text(byte[] line, int length, bool cut)
    {
        var text = Encoding.UTF8.GetString(line, 0, length).Replace('\0', '\uFFFD');
        // Bytes of a character that was cut in two would hide what stands before them.
        return cut ? text.TrimEnd('\uFFFD') + SecretMask.Cut : text;
    }
}
