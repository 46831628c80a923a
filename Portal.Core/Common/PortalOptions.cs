namespace Portal.Core.Common;

/// <summary>Settings of both hosts, section <c>Portal</c>. Validated at start, all errors at once.</summary>
public sealed class PortalOptions
{
    public const string Section = "Portal";

    /// <summary>Where people reach the portal, without a trailing slash: <c>http://localhost:8080</c>.</summary>
    public string PublicUrl { get; set; } = "";

    /// <summary>Apps answer below this: <c>localhost:8080</c>, in production a domain of its own.</summary>
    public string AppsDomain { get; set; } = "";

    /// <summary>Repositories, artifacts, builds, caches and instances lie below it; absolute.</summary>
    public string DataDirectory { get; set; } = "";

    /// <summary>The state folder of the launcher; absolute.</summary>
    public string StateDirectory { get; set; } = "";

    /// <summary>The file that holds the master key which wraps the key ring: 32 random bytes, base64, mode 0600.</summary>
    public string MasterKeyFile { get; set; } = "";

    /// <summary>Apps and builds may run without isolation on this machine.</summary>
    public bool Trusted { get; set; }

    /// <summary>The TCP port of 127.0.0.1 at which apps reach the databases of add-ons, by password.</summary>
    public int AddOnPort { get; set; }

    public UserOptions Users { get; set; } = new();

    public LimitOptions Limits { get; set; } = new();

    public GitOptions Git { get; set; } = new();

    public RateOptions Rates { get; set; } = new();

    /// <summary>Addresses or networks (CIDR) of the proxies in front, whose X-Forwarded-For and -Proto are believed; empty: none.</summary>
    public List<string> TrustedProxies { get; set; } = [];

    public string Repositories => Path.Combine(DataDirectory, "repositories");

    public string Artifacts => Path.Combine(DataDirectory, "artifacts");

    public string BuildFolders => Path.Combine(DataDirectory, "builds");

    public string Caches => Path.Combine(DataDirectory, "caches");

    public string Instances => Path.Combine(DataDirectory, "instances");

    /// <summary>All problems, one sentence each; empty when valid.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        if (!Uri.TryCreate(PublicUrl, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || PublicUrl.EndsWith('/'))
        {
            problems.Add("Portal:PublicUrl must be an http(s) address without a trailing slash.");
        }
        if (string.IsNullOrWhiteSpace(AppsDomain) || AppsDomain.Contains('/', StringComparison.Ordinal))
        {
            problems.Add("Portal:AppsDomain must be a host name, with a port where needed.");
        }
        if (!Path.IsPathFullyQualified(DataDirectory))
        {
            problems.Add("Portal:DataDirectory must be an absolute folder.");
        }
        if (!File.Exists(MasterKeyFile))
        {
            problems.Add("Portal:MasterKeyFile must name an existing file (32 random bytes in base64).");
        }
        return problems;
    }
}

/// <summary>Unprivileged system users that work is handed to when the host runs as root; empty: run as the host's own user.</summary>
public sealed class UserOptions
{
    public string Build { get; set; } = "";

    public string App { get; set; } = "";

    /// <summary>Owns the repositories.</summary>
    public string Git { get; set; } = "";
}

/// <summary>Which outside repositories may be read.</summary>
public sealed class GitOptions
{
    /// <summary>Host names or addresses within one's own network that outside repositories may have, e.g. <c>git.example.internal</c>.</summary>
    public List<string> AllowedInternalHosts { get; set; } = [];

    /// <summary>Allows http:// addresses, which anybody on the way can read and change.</summary>
    public bool AllowHttp { get; set; }

    /// <summary>How often the branches of an outside repository are looked at, in case its webhook is lost.</summary>
    public int PollSeconds { get; set; } = 120;
}

/// <summary>Bounds on everything that outsiders can drive.</summary>
public sealed class LimitOptions
{
    /// <summary>One build attempt.</summary>
    public int BuildSeconds { get; set; } = 1800;

    /// <summary>Stored output of one build; what comes after is counted and dropped.</summary>
    public long BuildLogBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Memory of one build, files in its /tmp included.</summary>
    public int BuildMemoryMb { get; set; } = 6_144;

    /// <summary>Processes and threads of one build.</summary>
    public int BuildProcesses { get; set; } = 2_048;

    /// <summary>What one build's folder and its app's caches may hold together.</summary>
    public int BuildDiskMb { get; set; } = 8_192;

    /// <summary>A build ends when the disk has less room than this, so that the database keeps some.</summary>
    public int LeastFreeMb { get; set; } = 512;

    /// <summary>What one instance may write to its folder.</summary>
    public int AppDiskMb { get; set; } = 1_024;

    /// <summary>How long new instances may take until they answer.</summary>
    public int StartSeconds { get; set; } = 60;

    /// <summary>How long running requests may take to end in a roll-out, and instances to end after SIGTERM.</summary>
    public int DrainSeconds { get; set; } = 30;

    /// <summary>How long a request to an app may be silent in both directions.</summary>
    public int AppIdleSeconds { get; set; } = 900;

    public long PushBytes { get; set; } = 512L * 1024 * 1024;

    public long SourceBytes { get; set; } = 2L * 1024 * 1024 * 1024;

    public int SourceFiles { get; set; } = 200_000;

    public int ArtifactsPerApp { get; set; } = 10;

    public long CacheBytesPerApp { get; set; } = 2L * 1024 * 1024 * 1024;

    public int LogLinesPerEnvironment { get; set; } = 20_000;

    public int AppsPerTeam { get; set; } = 100;

    public int EnvironmentsPerApp { get; set; } = 10;

    public int VariablesPerEnvironment { get; set; } = 200;

    /// <summary>Body of one request to an app.</summary>
    public long AppRequestBytes { get; set; } = 100L * 1024 * 1024;

    /// <summary>Requests, streams and web sockets of one environment in flight at once in one gateway.</summary>
    public int AppRequestsInFlight { get; set; } = 1000;

    /// <summary>Jobs that one worker runs at once.</summary>
    public int WorkerSlots { get; set; } = 8;

    /// <summary>Builds that one worker runs at once.</summary>
    public int BuildSlots { get; set; } = 2;
}

/// <summary>How often one address, or one token, may knock; ten seconds' worth may come at once.</summary>
public sealed class RateOptions
{
    /// <summary>Pages and API calls.</summary>
    public int RequestsPerSecond { get; set; } = 200;

    /// <summary>Styles, scripts, fonts and the pages' live connections.</summary>
    public int AssetsPerSecond { get; set; } = 1000;

    /// <summary>Webhooks and events.</summary>
    public int MachinePerSecond { get; set; } = 10_000;

    /// <summary>Attempts to sign in, or to use a link or an invitation.</summary>
    public int SignInsPerMinute { get; set; } = 20;

    public int SignInBurst { get; set; } = 60;
}
