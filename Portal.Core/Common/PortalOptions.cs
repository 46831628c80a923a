using System.ComponentModel.DataAnnotations;
using System.Net;

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

    /// <summary>The host at which apps reach the databases of add-ons, by password.</summary>
    public string AddOnHost { get; set; } = "127.0.0.1";

    /// <summary>The TCP port there; 0 where there are no add-ons.</summary>
    [Range(0, 65535)]
    public int AddOnPort { get; set; }

    /// <summary>What the web host listens on: addresses with http:// and a port, separated by semicolons; empty: as ASP.NET decides.</summary>
    public string Listen { get; set; } = "";

    public UserOptions Users { get; set; } = new();

    public LimitOptions Limits { get; set; } = new();

    public GitOptions Git { get; set; } = new();

    public RateOptions Rates { get; set; } = new();

    public SignInOptions SignIn { get; set; } = new();

    /// <summary>Addresses or networks (CIDR) of the proxies in front, whose X-Forwarded-For and -Proto are believed; empty: none.</summary>
    public List<string> TrustedProxies { get; set; } = [];

    public string Repositories => Path.Combine(DataDirectory, "repositories");

    public string Artifacts => Path.Combine(DataDirectory, "artifacts");

    public string Caches => Path.Combine(DataDirectory, "caches");

    public string Instances => Path.Combine(DataDirectory, "instances");

    /// <summary>All problems, one sentence each; empty when valid. Ranges and kinds are checked where the settings are read.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        void Demand(bool met, string sentence)
        {
            if (!met)
            {
                problems.Add(sentence);
            }
        }
        Demand(IsSite(PublicUrl), "Portal:PublicUrl must be an address such as https://portal.example.org: http or https, without a path and without a slash at its end.");
        Demand(IsHostAndPort(AppsDomain), "Portal:AppsDomain must be a host name such as apps.example.org, with a port where needed.");
        Demand(Path.IsPathFullyQualified(DataDirectory), "Portal:DataDirectory must be an absolute folder.");
        Demand(StateDirectory.Length == 0 || Path.IsPathFullyQualified(StateDirectory), "Portal:StateDirectory must be an absolute folder.");
        Demand(Listen.Split(';', StringSplitOptions.RemoveEmptyEntries).All(IsListenAddress), "Portal:Listen must hold addresses such as http://127.0.0.1:8080, separated by semicolons.");
        Demand(Uri.CheckHostName(AddOnHost) != UriHostNameType.Unknown, "Portal:AddOnHost must be a host name or an IP address.");
        Demand(TrustedProxies.All(IsAddressOrNetwork), "Portal:TrustedProxies must hold IP addresses or networks such as 10.0.0.0/8.");
        Demand(HasMasterKey(), "Portal:MasterKeyFile must name a readable file that holds 32 random bytes in base64.");
        return problems;
    }

    private static bool IsSite(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Host.Length > 0
        && url is { AbsolutePath: "/", Query: "", Fragment: "", UserInfo: "" } && !address.EndsWith('/');

    private static bool IsHostAndPort(string domain) =>
        Uri.TryCreate($"http://{domain}", UriKind.Absolute, out var url) && url.HostNameType == UriHostNameType.Dns
        && (domain.Equals(url.Host, StringComparison.OrdinalIgnoreCase) || domain.Equals($"{url.Host}:{url.Port}", StringComparison.OrdinalIgnoreCase));

    /// <summary>Kestrel also takes http://*:80, which is no address to <see cref="Uri"/>.</summary>
    private static bool IsListenAddress(string address) =>
        Uri.TryCreate(address.Replace("://*", "://0.0.0.0", StringComparison.Ordinal).Replace("://+", "://0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var url)
        && url.Scheme is "http" or "https";

    private static bool IsAddressOrNetwork(string proxy) => IPAddress.TryParse(proxy, out _) || IPNetwork.TryParse(proxy, out _);

    private bool HasMasterKey()
    {
        try
        {
            var key = new byte[33];
            return Convert.TryFromBase64String(File.ReadAllText(MasterKeyFile).Trim(), key, out var length) && length == 32;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return false;
        }
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
    [Range(10, 86400)]
    public int PollSeconds { get; set; } = 120;
}

/// <summary>Bounds on everything that outsiders can drive.</summary>
public sealed class LimitOptions
{
    /// <summary>One build attempt.</summary>
    [Range(10, 86400)]
    public int BuildSeconds { get; set; } = 1800;

    /// <summary>Stored output of one build; what comes after is counted and dropped.</summary>
    [Range(65_536L, 1L << 32)]
    public long BuildLogBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Memory of one build, files in its /tmp included.</summary>
    [Range(64, 1_048_576)]
    public int BuildMemoryMb { get; set; } = 6_144;

    /// <summary>Processes and threads of one build.</summary>
    [Range(16, 4_194_304)]
    public int BuildProcesses { get; set; } = 2_048;

    /// <summary>What one build's folder and its app's caches may hold together.</summary>
    [Range(16, 16_777_216)]
    public int BuildDiskMb { get; set; } = 8_192;

    /// <summary>A build ends when the disk has less room than this, so that the database keeps some.</summary>
    [Range(0, 16_777_216)]
    public int LeastFreeMb { get; set; } = 512;

    /// <summary>What one instance may write to its folder.</summary>
    [Range(1, 16_777_216)]
    public int AppDiskMb { get; set; } = 1_024;

    /// <summary>How long new instances may take until they answer.</summary>
    [Range(1, 3600)]
    public int StartSeconds { get; set; } = 60;

    /// <summary>How long running requests may take to end in a roll-out, and instances to end after SIGTERM.</summary>
    [Range(0, 3600)]
    public int DrainSeconds { get; set; } = 30;

    /// <summary>How long a request to an app may be silent in both directions.</summary>
    [Range(1, 86400)]
    public int AppIdleSeconds { get; set; } = 900;

    [Range(65_536L, 1L << 40)]
    public long PushBytes { get; set; } = 512L * 1024 * 1024;

    /// <summary>What one app's repository may keep in Git LFS.</summary>
    [Range(0L, 1L << 44)]
    public long LargeFileBytesPerApp { get; set; } = 5L * 1024 * 1024 * 1024;

    [Range(65_536L, 1L << 40)]
    public long SourceBytes { get; set; } = 2L * 1024 * 1024 * 1024;

    [Range(1, 10_000_000)]
    public int SourceFiles { get; set; } = 200_000;

    [Range(1, 1000)]
    public int ArtifactsPerApp { get; set; } = 10;

    [Range(0L, 1L << 40)]
    public long CacheBytesPerApp { get; set; } = 2L * 1024 * 1024 * 1024;

    [Range(100, 10_000_000)]
    public int LogLinesPerEnvironment { get; set; } = 20_000;

    [Range(1, 100_000)]
    public int AppsPerTeam { get; set; } = 100;

    [Range(1, 1000)]
    public int EnvironmentsPerApp { get; set; } = 10;

    /// <summary>Previews of pull requests that a team may have at once.</summary>
    [Range(0, 10_000)]
    public int PreviewsPerTeam { get; set; } = 20;

    /// <summary>A preview that had no request for so long sleeps until the next one.</summary>
    [Range(1, 10_080)]
    public int PreviewSleepMinutes { get; set; } = 30;

    [Range(1, 10_000)]
    public int VariablesPerEnvironment { get; set; } = 200;

    /// <summary>Body of one request to an app.</summary>
    [Range(1L, 1L << 40)]
    public long AppRequestBytes { get; set; } = 100L * 1024 * 1024;

    /// <summary>Requests, streams and web sockets of one environment in flight at once in one gateway.</summary>
    [Range(1, 1_000_000)]
    public int AppRequestsInFlight { get; set; } = 1000;

    /// <summary>Jobs that one worker runs at once.</summary>
    [Range(1, 1000)]
    public int WorkerSlots { get; set; } = 8;

    /// <summary>Builds that one worker runs at once.</summary>
    [Range(1, 1000)]
    public int BuildSlots { get; set; } = 2;
}

/// <summary>How often one address, or one token, may knock; ten seconds' worth may come at once.</summary>
public sealed class RateOptions
{
    /// <summary>Pages and API calls.</summary>
    [Range(1, 1_000_000)]
    public int RequestsPerSecond { get; set; } = 200;

    /// <summary>Styles, scripts, fonts and the pages' live connections.</summary>
    [Range(1, 1_000_000)]
    public int AssetsPerSecond { get; set; } = 1000;

    /// <summary>Webhooks and events.</summary>
    [Range(1, 1_000_000)]
    public int MachinePerSecond { get; set; } = 10_000;

    /// <summary>Attempts to sign in, or to use a link or an invitation.</summary>
    [Range(1, 1_000_000)]
    public int SignInsPerMinute { get; set; } = 20;

    [Range(1, 1_000_000)]
    public int SignInBurst { get; set; } = 60;
}
