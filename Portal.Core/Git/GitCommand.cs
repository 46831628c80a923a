using System.Diagnostics;
using System.Globalization;
using System.Text;
using Portal.Core.Common;

namespace Portal.Core.Git;

/// <summary>
/// Runs git: as the user that owns the repositories (a host that runs as root steps down through setpriv), with an
/// environment made from nothing, no configuration but ours, no prompt, no transport but the ones allowed, bounded in
/// time and output, and killed with all its children.
/// </summary>
public sealed class GitCommand(PortalOptions options)
{
    private const int MaxErrorBytes = 64 * 1024;

    public Task<GitResult> RunAsync(GitCall call, CancellationToken cancellationToken) => RunAsync("git " + call.Arguments[0], Start(call), call, cancellationToken);

    /// <summary>Runs another program of git's under the same rules; of <paramref name="call"/> the arguments and the bounds count.</summary>
    public Task<GitResult> RunOtherAsync(string program, GitCall call, CancellationToken cancellationToken) =>
        RunAsync(program, StartAs(options.Users.Git, program, call.Arguments, [new("HOME", "/nonexistent")]), call, cancellationToken);

    private static async Task<GitResult> RunAsync(string name, Process process, GitCall call, CancellationToken cancellationToken)
    {
        using var running = process;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(call.Limit);
        try
        {
            var feed = FeedAsync(process, call.Input, limit.Token);
            var error = ReadErrorAsync(process, limit.Token);
            var output = await ReadBoundedAsync(process.StandardOutput.BaseStream, call.MaxOutput, limit.Token);
            await feed;
            var said = await error;
            await process.WaitForExitAsync(limit.Token);
            return new GitResult(process.ExitCode, output, said);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PortalException(Refusal.Unavailable,
                string.Create(CultureInfo.InvariantCulture, $"{name} did not end within {call.Limit.TotalSeconds:0} seconds and was stopped."));
        }
        finally
        {
            Kill(process);
        }
    }

    /// <summary>Starts git with all three streams redirected; the caller reads, waits and kills.</summary>
    public Process Start(GitCall call) => call.MaxFileBytes > 0
        ? StartAs(options.Users.Git, "prlimit", [string.Create(CultureInfo.InvariantCulture, $"--fsize={call.MaxFileBytes}"), "--", "git", .. StartArguments(call)], Settings(call))
        : StartAs(options.Users.Git, "git", StartArguments(call), Settings(call));

    /// <summary>Starts another program under the same rules; <paramref name="user"/> counts only for a host that runs as root.</summary>
    public static Process StartAs(string user, string program, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var start = new ProcessStartInfo
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            // A folder that every user may stand in.
            WorkingDirectory = "/",
        };
        foreach (var word in Environment.IsPrivilegedProcess && user.Length > 0
            ? ["setpriv", $"--reuid={user}", $"--regid={user}", "--clear-groups", "--inh-caps=-all", "--no-new-privs", "--", program, .. arguments]
            : (IEnumerable<string>)[program, .. arguments])
        {
            if (start.FileName.Length == 0)
            {
                start.FileName = word;
            }
            else
            {
                start.ArgumentList.Add(word);
            }
        }
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin";
        start.Environment["LC_ALL"] = "C.UTF-8";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new PortalException(Refusal.Unavailable, $"The program {start.FileName} cannot be started on this machine: {e.Message}");
        }
    }

    /// <summary>Makes a file or folder belong to the user whose work it is for; nothing to do for a host that is not root.</summary>
    public static async Task GiveAsync(string user, string path, CancellationToken cancellationToken)
    {
        if (Environment.IsPrivilegedProcess && user.Length > 0)
        {
            await RunToEndAsync("", "chown", ["--no-dereference", $"{user}:", "--", path], cancellationToken);
        }
    }

    /// <summary>A short program of which only success counts.</summary>
    public static async Task RunToEndAsync(string user, string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        using var process = StartAs(user, program, arguments, []);
        try
        {
            process.StandardInput.Close();
            var said = await ReadErrorAsync(process, cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            if (process.ExitCode != 0)
            {
                throw new PortalException(Refusal.Unavailable, $"{program} failed on this machine: {said}");
            }
        }
        finally
        {
            Kill(process);
        }
    }

    public static void Kill(Process process)
    {
        try
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
        catch (InvalidOperationException)
        {
            // It ended by itself in between.
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // It is ending.
        }
    }

    /// <summary>Reads to the end; what is beyond the first <see cref="MaxErrorBytes"/> is dropped.</summary>
    public static async Task<string> ReadErrorAsync(Process process, CancellationToken cancellationToken)
    {
        var kept = new MemoryStream();
        var buffer = new byte[8192];
        int read;
        while ((read = await process.StandardError.BaseStream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            kept.Write(buffer, 0, (int)Math.Min(read, MaxErrorBytes - kept.Length));
        }
        return Encoding.UTF8.GetString(kept.GetBuffer(), 0, (int)kept.Length).Trim();
    }

    private static IEnumerable<string> StartArguments(GitCall call) =>
        call.Repository is null ? call.Arguments : [$"--git-dir={call.Repository}", .. call.Arguments];

    private static Dictionary<string, string> Settings(GitCall call)
    {
        var config = new List<KeyValuePair<string, string>>
        {
            new("protocol.allow", "never"),
            new("core.hooksPath", "/dev/null"),
            new("core.fsmonitor", "false"),
            new("core.quotePath", "false"),
            new("i18n.logOutputEncoding", "UTF-8"),
            new("gc.auto", "0"),
            new("maintenance.auto", "false"),
            new("advice.detachedHead", "false"),
            new("log.showSignature", "false"),
        };
        if (call.Repository is not null)
        {
            config.Add(new("safe.directory", call.Repository));
        }
        config.AddRange(call.Config);

        var environment = new Dictionary<string, string>
        {
            ["HOME"] = "/nonexistent",
            ["GIT_CONFIG_NOSYSTEM"] = "1",
            ["GIT_CONFIG_GLOBAL"] = "/dev/null",
            ["GIT_ATTR_NOSYSTEM"] = "1",
            ["GIT_TERMINAL_PROMPT"] = "0",
            ["GIT_ASKPASS"] = "/bin/false",
            ["GIT_OPTIONAL_LOCKS"] = "0",
            ["GIT_NO_REPLACE_OBJECTS"] = "1",
            ["GIT_CONFIG_COUNT"] = config.Count.ToString(CultureInfo.InvariantCulture),
        };
        for (var i = 0; i < config.Count; i++)
        {
            environment[$"GIT_CONFIG_KEY_{i}"] = config[i].Key;
            environment[$"GIT_CONFIG_VALUE_{i}"] = config[i].Value;
        }
        if (Environment.GetEnvironmentVariable("SSL_CERT_FILE") is { Length: > 0 } authorities)
        {
            environment["GIT_SSL_CAINFO"] = authorities;
        }
        foreach (var (name, value) in call.Environment)
        {
            environment[name] = value;
        }
        return environment;
    }

    private static async Task FeedAsync(Process process, byte[]? input, CancellationToken cancellationToken)
    {
        try
        {
            if (input is not null)
            {
                await process.StandardInput.BaseStream.WriteAsync(input, cancellationToken);
            }
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading all; its exit code says why.
        }
    }

    private static async Task<byte[]> ReadBoundedAsync(Stream stream, long most, CancellationToken cancellationToken)
    {
        var kept = new MemoryStream();
        var buffer = new byte[32 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (kept.Length + read > most)
            {
                throw new PortalException(Refusal.TooLarge, $"git answered with more than {most / 1024 / 1024} MB; the repository is too large for this.");
            }
            kept.Write(buffer, 0, read);
        }
        return kept.ToArray();
    }
}
