using System.Globalization;
using Microsoft.Extensions.Options;
using Portal.Core.Common;
using Portal.Core.Jobs;

namespace Portal.Core.Runtimes.Local;

/// <param name="Reason">Why it is so, for people: one sentence.</param>
public sealed record IsolationState(IsolationLevel Level, string Reason);

/// <summary>
/// Finds out, once per host, how builds and apps can be kept apart on this machine, by trying it. A machine that cannot
/// do it runs nothing, unless the operator declared that everything pushed to it is trusted.
/// </summary>
public sealed class Isolation(IOptions<PortalOptions> options) : IHostFindings
{
    private readonly Lazy<Found> found = new(() => Probe(options.Value), LazyThreadSafetyMode.ExecutionAndPublication);

    private sealed record Found(IsolationState State, SandboxSettings Apps, SandboxSettings Builds);

    public IsolationState Current => found.Value.State;

    /// <inheritdoc/>
    public string? NotIsolated => Current.Level == IsolationLevel.Isolated ? null : Current.Reason;

    /// <summary>How instances and one-off commands of apps are run.</summary>
    public SandboxSettings Apps => found.Value.Apps;

    /// <summary>How build commands are run.</summary>
    public SandboxSettings Builds => found.Value.Builds;

    /// <summary>Throws, in plain words, where nothing may be started.</summary>
    public void Require()
    {
        if (Current.Level == IsolationLevel.Unavailable)
        {
            throw new RuntimeUnavailableException(Current.Reason);
        }
    }

    /// <summary>
    /// Gives a folder of this host to the user that the settings name, so that it can write there. Only root needs to.
    /// </summary>
    public static async Task HandOverAsync(SandboxSettings settings, string folder, CancellationToken cancellationToken)
    {
        if (settings is not { AsRoot: true, User: { } user })
        {
            return;
        }
        var end = await SandboxRun.RunAsync(
            new ProcessSpec("/bin/chown", ["-hR", $"{user.Uid}:{user.Gid}", "--", folder], new Dictionary<string, string>(), "/"),
            TimeSpan.FromMinutes(10), static _ => Task.CompletedTask, cancellationToken);
        if (end.ExitCode != 0)
        {
            throw new IOException("The folder of an app could not be prepared: " + string.Join(' ', end.LastLines));
        }
    }

    /// <summary>
    /// Makes a folder below another as the user that works there: what walls make on the way to a mount would be root's, and
    /// a link of the user's leads no further than the user gets.
    /// </summary>
    public static Task MakeFolderAsync(SandboxSettings settings, string folder, string relative, CancellationToken cancellationToken) =>
        SandboxRun.RunAsync(
            Sandbox.Wrap(settings, new SandboxRequest { Command = ["/bin/mkdir", "-p", "--", relative], Folder = folder, Environment = new Dictionary<string, string> { ["PATH"] = Sandbox.DefaultPath } }),
            TimeSpan.FromSeconds(30), static _ => Task.CompletedTask, cancellationToken);

    private static Found Probe(PortalOptions options)
    {
        var root = ProcessTable.IsRoot;
        SandboxUser? app = null, build = null;
        if (root)
        {
            app = UserNamed(options.Users.App);
            build = UserNamed(options.Users.Build);
            if (app is null || build is null)
            {
                var missing = app is null ? options.Users.App : options.Users.Build;
                return Refused($"The system user {missing} does not exist on this machine. Create it, or name another in Portal:Users.");
            }
        }
        var stub = Stub(options, app, build);
        var apps = new SandboxSettings(IsolationLevel.Isolated, root, app, Overlay: false) { StubFolder = stub };
        var builds = apps with { User = build };
        var problem = Try(apps, options.Instances);
        if (problem is null)
        {
            var overlay = root && TryOverlay(apps, options.Instances);
            return new Found(new IsolationState(IsolationLevel.Isolated, "Apps and builds are isolated from each other and from this machine."), apps with { Overlay = overlay }, builds);
        }
        if (options.Trusted)
        {
            var namespaces = root && TryNamespaces();
            return new Found(new IsolationState(IsolationLevel.Trusted, "Apps are not isolated from each other on this machine: whoever can push can read what other apps can read."),
                apps with { Level = IsolationLevel.Trusted, Namespaces = namespaces }, builds with { Level = IsolationLevel.Trusted, Namespaces = namespaces });
        }
        return Refused("Apps cannot be isolated from each other on this machine, so none is started: " + problem
            + " Install bubblewrap and allow user namespaces, or set Portal:Trusted when everybody who can push is trusted.");

        Found Refused(string reason)
        {
            var none = new SandboxSettings(IsolationLevel.Unavailable, root, app, Overlay: false);
            return new Found(new IsolationState(IsolationLevel.Unavailable, reason), none, none);
        }
    }

    private static string? Try(SandboxSettings settings, string instances)
    {
        if (!File.Exists("/usr/bin/bwrap"))
        {
            return "bubblewrap is not installed.";
        }
        var folder = Path.Combine(instances, ".probe-" + Path.GetRandomFileName());
        try
        {
            Directory.CreateDirectory(folder);
            var spec = Sandbox.Wrap(settings, new SandboxRequest { Command = ["/bin/sh", "-c", "id -u; pwd"], Folder = folder, Environment = Minimal });
            var end = Run(spec);
            var expected = settings.User?.Uid.ToString(CultureInfo.InvariantCulture);
            return end.ExitCode == 0 && end.LastLines.Count == 2 && (expected is null || end.LastLines[0] == expected) && end.LastLines[1] == "/app"
                ? null : string.Join(' ', end.LastLines.TakeLast(2)).TrimEnd('.') + ".";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            return e.Message;
        }
        finally
        {
            DeleteQuietly(folder);
        }
    }

    // An ordinary container's root may not make any.
    private static bool TryNamespaces()
    {
        try
        {
            return Run(new ProcessSpec("/usr/bin/unshare", ["-m", "--pid", "--fork", "--kill-child=KILL", "/bin/true"], Minimal, "/")).ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static bool TryOverlay(SandboxSettings settings, string instances)
    {
        var folder = Path.Combine(instances, ".probe-" + Path.GetRandomFileName());
        try
        {
            var below = Directory.CreateDirectory(Path.Combine(folder, "below")).FullName;
            var changes = Path.Combine(folder, "changes");
            PrepareOverlay(changes, settings.User);
            var spec = Sandbox.Wrap(settings with { Overlay = true }, new SandboxRequest { Command = ["/bin/sh", "-c", "touch x"], Folder = below, ChangesFolder = changes, Environment = Minimal });
            return Run(spec).ExitCode == 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
        finally
        {
            DeleteQuietly(folder);
        }
    }

    /// <summary>The three folders that laying changes over an artifact needs.</summary>
    internal static void PrepareOverlay(string changes, SandboxUser? user)
    {
        foreach (var name in (string[])["upper", "work", "merged"])
        {
            Directory.CreateDirectory(Path.Combine(changes, name));
        }
        // The folder that the app sees at its root is this one's: who owns it, may write there.
        if (user is not null && ProcessTable.Own(Path.Combine(changes, "upper"), user.Uid, user.Gid) != 0)
        {
            throw new IOException("The folder for an app's changes could not be given to its user.");
        }
    }

    private static readonly Dictionary<string, string> Minimal = new() { ["PATH"] = Sandbox.DefaultPath };

    private static TaskResult Run(ProcessSpec spec) => SandboxRun.Run(spec, TimeSpan.FromSeconds(20), static _ => { }, CancellationToken.None);

    private static void DeleteQuietly(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return;
        }
    }

    private static SandboxUser? UserNamed(string name)
    {
        var wanted = name.Length == 0 ? "nobody" : name;
        foreach (var line in File.ReadLines("/etc/passwd"))
        {
            var fields = line.Split(':');
            if (fields.Length > 3 && fields[0] == wanted && int.TryParse(fields[2], CultureInfo.InvariantCulture, out var uid) && int.TryParse(fields[3], CultureInfo.InvariantCulture, out var gid) && uid != 0)
            {
                return new SandboxUser(wanted, uid, gid);
            }
        }
        return null;
    }

    // Programs ask who they are; the machine's own list of users is nobody's business.
    private static string Stub(PortalOptions options, SandboxUser? app, SandboxUser? build)
    {
        var folder = Directory.CreateDirectory(Path.Combine(options.Instances, ".sandbox")).FullName;
        var users = new List<string> { "root:x:0:0:root:/:/bin/sh", "nobody:x:65534:65534:nobody:/:/bin/sh" };
        var groups = new List<string> { "root:x:0:", "nogroup:x:65534:" };
        if (app is not null && app.Uid != 65534)
        {
            users.Add($"app:x:{app.Uid}:{app.Gid}:app:/app:/bin/sh");
            groups.Add($"app:x:{app.Gid}:");
        }
        if (build is not null && build.Uid != 65534 && build.Uid != app?.Uid)
        {
            users.Add($"build:x:{build.Uid}:{build.Gid}:build:/tmp:/bin/sh");
            groups.Add($"build:x:{build.Gid}:");
        }
        if (app is null)
        {
            var self = Environment.UserName;
            var line = File.ReadLines("/etc/passwd").FirstOrDefault(l => l.StartsWith(self + ":", StringComparison.Ordinal))?.Split(':');
            if (line is { Length: > 3 } && line[2] != "0")
            {
                users.Add($"app:x:{line[2]}:{line[3]}:app:/app:/bin/sh");
                groups.Add($"app:x:{line[3]}:");
            }
        }
        File.WriteAllLines(Path.Combine(folder, "passwd"), users);
        File.WriteAllLines(Path.Combine(folder, "group"), groups);
        return folder;
    }
}

/// <summary>Nothing can be started on this machine; the message says why and what to do.</summary>
public sealed class RuntimeUnavailableException(string reason) : Exception(reason);
