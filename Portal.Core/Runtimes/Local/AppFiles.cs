using System.Globalization;

namespace Portal.Core.Runtimes.Local;

/// <summary>
/// Gives an instance or a one-off command its own, changeable view of an artifact: changes laid over it where the machine
/// can do that (nothing is copied), else a copy. What is written vanishes with the folder.
/// </summary>
public static class AppFiles
{
    /// <summary>Makes the view; <paramref name="app"/> and <paramref name="overlay"/> are folders to use for it.</summary>
    /// <returns>The folder to show at /app, and the folder of its changes where laid over.</returns>
    public static async Task<(string Folder, string? Changes)> PrepareAsync(
        SandboxSettings settings, string artifact, string app, string overlay, CancellationToken cancellationToken)
    {
        if (settings.Overlay && await OwnerAsync(artifact, cancellationToken) == settings.User?.Uid)
        {
            Isolation.PrepareOverlay(overlay, settings.User);
            return (artifact, overlay);
        }
        var ready = app + ".ready";
        if (!File.Exists(ready))
        {
            DeleteQuietly(app);
            var next = app + ".next";
            DeleteQuietly(next);
            await RunAsync("/bin/cp", ["-a", "--reflink=auto", "--no-preserve=ownership", "--", artifact, next], cancellationToken);
            Directory.Move(next, app);
            if (settings.Level == IsolationLevel.Trusted)
            {
                VirtualEnvironments.Correct(app);
            }
            await Isolation.HandOverAsync(settings, app, cancellationToken);
            await File.WriteAllTextAsync(ready, "", cancellationToken);
        }
        return (app, null);
    }

    /// <summary>What it wrote is gone; the next run begins with the artifact as it was built.</summary>
    public static void Forget(string app, string overlay)
    {
        DeleteQuietly(overlay);
        DeleteQuietly(app);
        File.Delete(app + ".ready");
    }

    private static void DeleteQuietly(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return;
        }
    }

    /// <summary>The machine's own names and the given ones, for <c>/etc/hosts</c>: *.localhost is resolved by browsers, not by the C library. Null without names.</summary>
    public static string? WriteHosts(string folder, IReadOnlyList<string> names)
    {
        if (names.Count == 0)
        {
            return null;
        }
        var file = Path.Combine(folder, "hosts");
        var own = File.Exists("/etc/hosts") ? File.ReadAllText("/etc/hosts").TrimEnd() : "127.0.0.1 localhost";
        File.WriteAllText(file, own + "\n" + string.Concat(names.Select(n => $"127.0.0.1 {n}\n")));
        if (OperatingSystem.IsLinux())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }
        return file;
    }

    /// <summary>Makes an artifact of ours usable without copying it; does nothing where that is so or is of no use.</summary>
    public static async Task HandOverArtifactAsync(SandboxSettings settings, string artifacts, string artifact, CancellationToken cancellationToken)
    {
        var ours = Path.GetFullPath(artifact).StartsWith(Path.GetFullPath(artifacts) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
        if (ours && settings is { Overlay: true, User: { } user } && await OwnerAsync(artifact, cancellationToken) != user.Uid)
        {
            await Isolation.HandOverAsync(settings, artifact, cancellationToken);
        }
    }

    private static async Task<int> OwnerAsync(string folder, CancellationToken cancellationToken) =>
        int.Parse(await RunAsync("/usr/bin/stat", ["-c", "%u", "--", folder], cancellationToken), CultureInfo.InvariantCulture);

    private static async Task<string> RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var end = await SandboxRun.RunAsync(new ProcessSpec(program, arguments, new Dictionary<string, string>(), "/"),
            TimeSpan.FromMinutes(10), static _ => Task.CompletedTask, cancellationToken);
        return end.ExitCode == 0 ? string.Concat(end.LastLines) : throw new IOException("The files of an app could not be prepared: " + string.Join(' ', end.LastLines));
    }
}
