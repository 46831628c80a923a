using System.Diagnostics;
using System.Text;

namespace Portal.Testing;

/// <summary>
/// A program that lives no longer than the test process, however that ends: a shell in between holds the other end of
/// a pipe and ends the program when the pipe closes.
/// </summary>
public sealed class TiedProcess : IAsyncDisposable
{
    // The program has no standard input of its own: a terminal or pipe there could hold it up.
    private const string Tie = """
        exec 3<&0
        signal="$1"; shift
        "$@" </dev/null 3<&- & child=$!
        { read -r _ <&3; kill "-$signal" "$child"; } >/dev/null 2>&1 & tie=$!
        wait "$child"; status=$?
        kill "$tie" 2>/dev/null
        exit "$status"
        """;

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private TiedProcess(Process process) => _process = process;

    public bool HasExited => _process.HasExited;

    /// <summary>What it printed so far, both streams.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <param name="stopSignal">Sent when the pipe closes: TERM, INT, QUIT …</param>
    public static TiedProcess Start(string stopSignal, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo("/bin/bash", ["-c", Tie, "tie", stopSignal, program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }
        var tied = new TiedProcess(Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start."));
        tied._process.OutputDataReceived += (_, line) => tied.Append(line.Data);
        tied._process.ErrorDataReceived += (_, line) => tied.Append(line.Data);
        tied._process.BeginOutputReadLine();
        tied._process.BeginErrorReadLine();
        return tied;
    }

    public async Task<int> StopAsync(TimeSpan timeout)
    {
        _process.StandardInput.Close();
        using var limit = new CancellationTokenSource(timeout);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            throw new TimeoutException($"It did not end within {timeout.TotalSeconds} s:{Environment.NewLine}{Output}");
        }
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await StopAsync(TimeSpan.FromSeconds(60));
        }
        _process.Dispose();
    }

    private void Append(string? line)
    {
        if (line is not null)
        {
            lock (_output)
            {
                _output.Append(line).Append('\n');
            }
        }
    }
}
