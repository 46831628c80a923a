using System.Diagnostics;

namespace Portal.Core.Runtimes.Local;

public enum IsolationLevel
{
    /// <summary>Neither builds nor apps can see each other or this machine's files.</summary>
    Isolated,

    /// <summary>They run without walls because the operator said that all of them are trusted.</summary>
    Trusted,

    /// <summary>They must not run here.</summary>
    Unavailable,
}

/// <summary>What was found on this machine; handed to supervisors, which do not look again.</summary>
/// <param name="User">Null: the host's own user.</param>
/// <param name="Overlay">An instance's changes can be laid over the artifact instead of copying it.</param>
public sealed record SandboxSettings(IsolationLevel Level, bool AsRoot, SandboxUser? User, bool Overlay)
{
    public string? StubFolder { get; init; }

    /// <summary>Without walls too, a command can have process numbers and mounts of its own. Only root can.</summary>
    public bool Namespaces { get; init; }
}

/// <summary>A system user that work is handed to.</summary>
public sealed record SandboxUser(string Name, int Uid, int Gid);

/// <param name="HostPath">Absolute, exists.</param>
/// <param name="At">Where it is seen inside; absolute.</param>
public sealed record SandboxMount(string HostPath, string At, bool Writable);

/// <summary>A command and what it may see of this machine: /usr, a few files of /etc, its folder, and the mounts.</summary>
public sealed record SandboxRequest
{
    /// <summary>Program and arguments.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Seen at <c>/app</c> and writable there; the working directory.</summary>
    public required string Folder { get; init; }

    /// <summary>Below <see cref="Folder"/>: where the command starts. "" is the folder itself.</summary>
    public string WorkingFolder { get; init; } = "";

    /// <summary>When set, <see cref="Folder"/> is only read, and changes are kept in this folder.</summary>
    public string? ChangesFolder { get; init; }

    public IReadOnlyList<SandboxMount> Mounts { get; init; } = [];

    /// <summary>The whole environment: nothing is inherited.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Control groups that the command joins before it starts (their <c>cgroup.procs</c> files).</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>Upper bound of processes of the user, where no control group bounds them.</summary>
    public int? MaximumUserProcesses { get; init; }

    /// <summary>A file to be seen as <c>/etc/hosts</c>, where the machine allows that.</summary>
    public string? HostsFile { get; init; }

    /// <summary>Others come first when the machine is busy.</summary>
    public bool Yielding { get; init; }

    /// <summary>Bound of what is written to /tmp, which is kept in memory.</summary>
    public int TemporaryMb { get; init; } = 512;
}

/// <summary>What to start. The environment replaces the caller's.</summary>
public sealed record ProcessSpec(string Program, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, string WorkingDirectory)
{
    /// <summary>With both outputs redirected and an empty input.</summary>
    public ProcessStartInfo ToStartInfo()
    {
        var start = new ProcessStartInfo(Program)
        {
            WorkingDirectory = WorkingDirectory,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in Arguments)
        {
            start.ArgumentList.Add(argument);
        }
        start.Environment.Clear();
        foreach (var (name, value) in Environment)
        {
            start.Environment[name] = value;
        }
        return start;
    }
}

/// <summary>Puts walls around a command: one code path for builds, instances and one-off commands. Pure.</summary>
public static class Sandbox
{
    public const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static readonly string[] Systems = ["/bin", "/sbin", "/lib", "/lib64", "/lib32"];

    // What programs need to resolve names, check certificates, load libraries and find their own settings; no secret.
    private static readonly string[] Settings =
    [
        "resolv.conf", "hosts", "nsswitch.conf", "host.conf", "gai.conf", "services", "protocols", "localtime", "timezone", "mime.types",
        "ssl", "ca-certificates", "pki", "crypto-policies", "alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "fonts",
        "dotnet", "java-17-openjdk", "java-21-openjdk", "java-11-openjdk", "java", "maven", "php", "npmrc", "pip.conf", "gitconfig", "perl", "os-release",
        "locale.alias", "inputrc", "terminfo", "python3", "python3.11", "python3.12", "python3.13",
    ];

    // What a build writes is read by the user of apps, and the host's own mask may hide it. Then joins the control groups by writing its own number, lays the changes over the artifact, then becomes the command.
    private const string Prologue =
        """
        set -e
        umask 022
        n=$1; shift
        while [ "$n" -gt 0 ]; do echo 0 > "$1"; shift; n=$((n-1)); done
        if [ -n "$1" ]; then mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/merged"; fi
        if [ -n "$3" ]; then mount --bind "$3" /etc/hosts; fi
        shift 3
        exec "$@"
        """;

    public static ProcessSpec Wrap(SandboxSettings settings, SandboxRequest request)
    {
        if (settings.Level == IsolationLevel.Unavailable)
        {
            throw new InvalidOperationException("Nothing may be started on this machine: isolation is not available.");
        }
        var command = settings.Level == IsolationLevel.Isolated ? Walled(settings, request) : Plain(settings, request);
        var overlay = request.ChangesFolder is not null;
        if (overlay && !settings.Overlay)
        {
            throw new InvalidOperationException("Changes cannot be laid over a folder on this machine.");
        }
        var hosts = settings is { Level: IsolationLevel.Trusted, Namespaces: true } ? request.HostsFile : null;
        List<string> prologue = overlay || hosts is not null ? ["/usr/bin/unshare", "-m"] : [];
        if (request.Yielding)
        {
            prologue.InsertRange(0, ["/usr/bin/nice", "-n", "5"]);
        }
        prologue.AddRange(["/bin/sh", "-c", Prologue, "sh", request.Groups.Count.ToString(System.Globalization.CultureInfo.InvariantCulture), .. request.Groups]);
        prologue.AddRange(overlay ? [request.Folder, request.ChangesFolder!] : ["", ""]);
        prologue.Add(hosts ?? "");
        command = [.. prologue, .. command];
        var directory = settings.Level == IsolationLevel.Isolated ? "/" : Path.Combine(request.Folder, request.WorkingFolder);
        return new ProcessSpec(command[0], command[1..], request.Environment, directory);
    }

    private static List<string> Walled(SandboxSettings settings, SandboxRequest request)
    {
        List<string> command = ["/usr/bin/bwrap", "--die-with-parent", "--new-session", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "app"];
        command.AddRange(["--cap-drop", "ALL"]);
        if (settings.AsRoot)
        {
            // Only for the change to the unprivileged user below, which gives them up.
            command.AddRange(["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]);
        }
        else
        {
            command.Add("--unshare-user");
        }
        command.AddRange(["--ro-bind", "/usr", "/usr", "--ro-bind-try", "/opt", "/opt"]);
        foreach (var system in Systems)
        {
            if (new FileInfo(system).LinkTarget is { } target)
            {
                command.AddRange(["--symlink", target, system]);
            }
            else
            {
                command.AddRange(["--ro-bind-try", system, system]);
            }
        }
        // Folders that are made on the way to a mount would be the maker's alone.
        foreach (var parent in request.Mounts.SelectMany(m => Parents(m.At)).Where(p => p != "/app" && !p.StartsWith("/app/", StringComparison.Ordinal)).Concat(["/etc", "/var"]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            command.AddRange(["--perms", "0755", "--dir", parent]);
        }
        foreach (var setting in Settings)
        {
            command.AddRange(["--ro-bind-try", "/etc/" + setting, "/etc/" + setting]);
        }
        if (settings.StubFolder is { } stub)
        {
            command.AddRange(["--ro-bind", Path.Combine(stub, "passwd"), "/etc/passwd", "--ro-bind", Path.Combine(stub, "group"), "/etc/group"]);
        }
        command.AddRange(["--proc", "/proc", "--dev", "/dev"]);
        command.AddRange(["--perms", "1777", "--size", ((long)request.TemporaryMb * 1024 * 1024).ToString(System.Globalization.CultureInfo.InvariantCulture), "--tmpfs", "/tmp"]);
        command.AddRange(["--symlink", "/tmp", "/var/tmp"]);
        command.AddRange(["--bind", request.ChangesFolder is { } changes ? Path.Combine(changes, "merged") : request.Folder, "/app"]);
        foreach (var mount in request.Mounts)
        {
            command.AddRange([mount.Writable ? "--bind" : "--ro-bind", mount.HostPath, mount.At]);
        }
        if (request.HostsFile is { } hosts)
        {
            command.AddRange(["--ro-bind", hosts, "/etc/hosts"]);
        }
        command.AddRange(["--remount-ro", "/"]);
        command.AddRange(["--chdir", request.WorkingFolder.Length == 0 ? "/app" : "/app/" + request.WorkingFolder]);
        command.AddRange(Unprivileged(settings, request));
        command.AddRange(request.Command);
        return command;
    }

    private static IEnumerable<string> Parents(string path)
    {
        for (var at = Path.GetDirectoryName(path); at is { Length: > 1 }; at = Path.GetDirectoryName(at))
        {
            yield return at;
        }
    }

    private static List<string> Plain(SandboxSettings settings, SandboxRequest request)
    {
        // A process namespace of its own ends everything the app started when the first process ends.
        List<string> command = settings.Namespaces ? ["/usr/bin/unshare", "--pid", "--fork", "--kill-child=KILL"] : [];
        command.AddRange(Unprivileged(settings, request));
        if (!settings.Namespaces)
        {
            // After the change of user, which takes such an order back.
            command.AddRange(["/usr/bin/setpriv", "--no-new-privs", "--pdeathsig", "KILL", "--"]);
        }
        command.AddRange(request.Command);
        return command;
    }

    private static List<string> Unprivileged(SandboxSettings settings, SandboxRequest request)
    {
        List<string> command = [];
        if (settings.AsRoot && settings.User is { } user)
        {
            command.AddRange(["/usr/bin/setpriv", "--reuid", Text(user.Uid), "--regid", Text(user.Gid), "--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--"]);
        }
        if (request.MaximumUserProcesses is { } maximum)
        {
            command.AddRange(["/usr/bin/prlimit", $"--nproc={maximum}", "--"]);
        }
        return command;
    }

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
