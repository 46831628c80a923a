using System.Diagnostics;
using System.Text;

namespace Portal.Testing.GitHub;

internal sealed record GitResult(int ExitCode, byte[] Bytes, string Error)
{
    public string Text => Encoding.UTF8.GetString(Bytes);

    public string Line => Text.TrimEnd('\n');
}

/// <summary>git without the settings of the person or the machine.</summary>
internal static class GitProcess
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static ProcessStartInfo Start(string? folder, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("git", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("GIT_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        (string, string)[] settings = [("safe.directory", "*"), ("gc.auto", "0"), ("receive.autogc", "false"), ("core.fsync", "none")];
        start.Environment["GIT_CONFIG_COUNT"] = $"{settings.Length}";
        for (var i = 0; i < settings.Length; i++)
        {
            (start.Environment[$"GIT_CONFIG_KEY_{i}"], start.Environment[$"GIT_CONFIG_VALUE_{i}"]) = settings[i];
        }
        return start;
    }

    /// <exception cref="InvalidOperationException">git failed and <paramref name="mayFail"/> is not set.</exception>
    public static async Task<GitResult> RunAsync(
        string? folder, IReadOnlyList<string> arguments, byte[]? input = null, IReadOnlyDictionary<string, string>? environment = null, bool mayFail = false)
    {
        var start = Start(folder, arguments);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }
        using var git = Process.Start(start) ?? throw new InvalidOperationException("git did not start.");
        using var limit = new CancellationTokenSource(Limit);
        using var output = new MemoryStream();
        try
        {
            var error = git.StandardError.ReadToEndAsync(limit.Token);
            var copying = git.StandardOutput.BaseStream.CopyToAsync(output, limit.Token);
            await FeedAsync(git, input, limit.Token);
            await copying;
            await git.WaitForExitAsync(limit.Token);
            var result = new GitResult(git.ExitCode, output.ToArray(), await error);
            return result.ExitCode == 0 || mayFail
                ? result
                : throw new InvalidOperationException($"git {arguments[0]} exited with {result.ExitCode}: {result.Error}");
        }
        catch (OperationCanceledException)
        {
            git.Kill(entireProcessTree: true);
            throw new TimeoutException($"git {arguments[0]} took longer than {Limit.TotalSeconds} s.");
        }
    }

    private static async Task FeedAsync(Process git, byte[]? input, CancellationToken token)
    {
        try
        {
            await git.StandardInput.BaseStream.WriteAsync(input, token);
            git.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading everything; its exit code tells.
        }
    }
}
