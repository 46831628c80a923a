using System.Globalization;
using Portal.Core.Common;
using Portal.Core.Runtimes.Local;

namespace Portal.Worker.Supervise;

/// <summary>Which of the app's two outputs a line came from, or that it is the platform's own word.</summary>
internal enum OutputKind
{
    Output,
    Error,
    Platform,
}

/// <summary>
/// Keeps an instance's output: numbered files of bounded size, of which the newest two stay, lines of bounded length, and
/// a bounded number of lines per second. What comes on top is counted and dropped. Any thread may write.
/// </summary>
internal sealed class OutputLog(InstanceFolder folder, TimeProvider clock) : IDisposable
{
    public const int MaximumLine = 8_000;
    private const long MaximumFile = 4 * 1024 * 1024;
    private const int FilesKept = 2;
    private const int LinesPerSecond = 1_000;
    private const int LastKept = 40;
    private const int LastCharacters = 2_000;

    private readonly Lock gate = new();
    private readonly Queue<string> last = new();
    private FileStream? file;
    private int number;
    private long second;
    private int inSecond;
    private long dropped;

    public void Write(OutputKind kind, string text)
    {
        lock (gate)
        {
            if (kind != OutputKind.Platform)
            {
                last.Enqueue(text.Length > LastCharacters ? text[..LastCharacters] + SecretMask.Cut : text);
                while (last.Count > LastKept)
                {
                    last.Dequeue();
                }
            }
            var now = clock.GetUtcNow();
            if (now.ToUnixTimeSeconds() != second)
            {
                (second, inSecond) = (now.ToUnixTimeSeconds(), 0);
                TellDropped(now);
            }
            if (kind != OutputKind.Platform && ++inSecond > LinesPerSecond)
            {
                dropped++;
                return;
            }
            Append(now, kind, text);
        }
    }

    /// <summary>Says what was dropped so far; called when nothing more is expected for a while.</summary>
    public void Flush()
    {
        lock (gate)
        {
            TellDropped(clock.GetUtcNow());
        }
    }

    private void TellDropped(DateTimeOffset now)
    {
        if (dropped > 0)
        {
            Append(now, OutputKind.Platform, string.Create(CultureInfo.InvariantCulture, $"{dropped} lines dropped: more than {LinesPerSecond} lines came in one second."));
            dropped = 0;
        }
    }

    private void Append(DateTimeOffset now, OutputKind kind, string text)
    {
        var letter = kind switch { OutputKind.Output => 'o', OutputKind.Error => 'e', _ => 'p' };
        var bytes = OutputLine.Format(now, letter, text);
        try
        {
            if (file is null || file.Length + bytes.Length > MaximumFile)
            {
                Rotate();
            }
            // One write per line: a reader sees whole lines, and nothing is lost with this process.
            file!.Write(bytes);
            file.Flush();
        }
        catch (IOException)
        {
            // The disk is full. The app must not stand still because of that.
            dropped++;
        }
    }

    private void Rotate()
    {
        file?.Dispose();
        file = null;
        var present = folder.LogNumbers();
        number = Math.Max(number, present.Count > 0 ? present[^1] : 0) + 1;
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };
        if (OperatingSystem.IsLinux())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        file = new FileStream(folder.LogFile(number), options);
        foreach (var old in present.Where(n => n <= number - FilesKept))
        {
            File.Delete(folder.LogFile(old));
        }
    }

    /// <summary>The last lines of the run that just ended, which are forgotten thereby.</summary>
    public IReadOnlyList<string> TakeLast()
    {
        lock (gate)
        {
            string[] taken = [.. last];
            last.Clear();
            return taken;
        }
    }

    public void Dispose()
    {
        Flush();
        file?.Dispose();
    }
}
