using System.Diagnostics;
using System.Text;

namespace Portal.Testing;

public sealed record CliResult(int ExitCode, string Output, string Error)
{
    /// <summary>Both streams, for messages.</summary>
    public string All => Output + Error;

    public CliResult Expect(int exitCode = 0) => ExitCode == exitCode
        ? this
        : throw new InvalidOperationException($"It exited with {ExitCode} instead of {exitCode}:{Environment.NewLine}{All}");
}

/// <summary>Runs a program to its end; one that takes too long is ended with all its children.</summary>
public static class Cli
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(60);

    public static async Task<CliResult> RunAsync(
        string program,
        IEnumerable<string> arguments,
        string? directory = null,
        IReadOnlyDictionary<string, string?>? environment = null,
        string? input = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory ?? "",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        var output = new StringBuilder();
        var error = new StringBuilder();
        // Both are read while it runs: a full pipe would stop it.
        process.OutputDataReceived += (_, line) => Append(output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(error, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
        process.StandardInput.Close();

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout ?? DefaultTimeout);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            throw new TimeoutException($"{program} took longer than {(timeout ?? DefaultTimeout).TotalSeconds} s:{Environment.NewLine}{Text(output)}{Text(error)}");
        }
        return new CliResult(process.ExitCode, Text(output), Text(error));
    }

    private static void Append(StringBuilder to, string? line)
    {
        if (line is not null)
        {
            lock (to)
            {
                to.Append(line).Append('\n');
            }
        }
    }

    private static string Text(StringBuilder from)
    {
        lock (from)
        {
            return from.ToString();
        }
    }
}
