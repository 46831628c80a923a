using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Portal.Testing;

/// <summary>
/// The real product as a newcomer starts it: <c>./portal up</c> in a state folder of its own on a free port. Web,
/// worker and database are processes; <see cref="DisposeAsync"/> runs <c>./portal down</c> and removes what they kept.
/// </summary>
public sealed class PortalHost : IAsyncDisposable
{
    // The first start builds the hosts.
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(4);

    private readonly TiedProcess _launcher;
    private string? _adminToken;

    private PortalHost(TiedProcess launcher, string state, int port)
    {
        _launcher = launcher;
        StateDirectory = state;
        Port = port;
    }

    public string StateDirectory { get; }

    public int Port { get; }

    public Uri Url => new($"http://localhost:{Port}");

    /// <summary>What the launcher printed.</summary>
    public string Output => _launcher.Output;

    /// <summary>The launcher ended.</summary>
    public bool HasExited => _launcher.HasExited;

    public string AdminToken => _adminToken ??= File.ReadAllText(Path.Combine(StateDirectory, "admin.token")).Trim();

    /// <summary>The folder of repositories, artifacts and instances; as root it is not in the state folder.</summary>
    public string DataDirectory => File.Exists(Path.Combine(StateDirectory, "data-folder"))
        ? File.ReadAllText(Path.Combine(StateDirectory, "data-folder")).Trim()
        : Path.Combine(StateDirectory, "data");

    /// <param name="state">A folder of an earlier host, to start it again; otherwise a new one.</param>
    /// <param name="environment">Passed to the launcher and by it to the hosts, e.g. <c>Portal__Limits__BuildSeconds</c>.</param>
    public static async Task<PortalHost> StartAsync(
        string? state = null, IReadOnlyDictionary<string, string?>? environment = null, IEnumerable<string>? options = null)
    {
        state ??= Directory.CreateTempSubdirectory("portal-up-").FullName;
        var port = FreePort();
        var launcher = TiedProcess.Start("TERM", Checkout.Path("portal"),
            ["up", "--state", state, "--port", port.ToString(System.Globalization.CultureInfo.InvariantCulture), .. options ?? []], environment);
        var host = new PortalHost(launcher, state, port);
        try
        {
            await Eventually.True(() => launcher.HasExited || launcher.Output.Contains("Ctrl-C or ./portal down", StringComparison.Ordinal),
                StartLimit, "./portal up is ready");
            if (launcher.HasExited)
            {
                throw new InvalidOperationException($"./portal up ended:{Environment.NewLine}{launcher.Output}");
            }
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>The process id of "launcher", "postgres", "web" or "worker".</summary>
    public string Process(string name) => File.ReadAllText(Path.Combine(StateDirectory, "pids", name)).Trim();

    /// <summary>Asks the API as the platform's admin; <paramref name="token"/> as somebody else.</summary>
    public HttpClient Client(string? token = null)
    {
        var client = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromMinutes(5) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token ?? AdminToken);
        return client;
    }

    /// <summary>Asks an app: *.localhost is not resolved by .NET, so the address goes into the Host header.</summary>
    public HttpClient AppClient(string label)
    {
        var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{Port}"), Timeout = TimeSpan.FromSeconds(30) };
        client.DefaultRequestHeaders.Host = $"{label}.localhost:{Port}";
        return client;
    }

    /// <summary>A new single-use sign-in link for the admin.</summary>
    public async Task<Uri> SignInLinkAsync() =>
        new((await Cli.RunAsync(Checkout.Path("portal"), ["link", "--state", StateDirectory])).Expect().Output.Trim());

    /// <summary>Stops it as Ctrl-C does and keeps its state.</summary>
    public Task<int> StopAsync() => _launcher.StopAsync(TimeSpan.FromSeconds(90));

    public async ValueTask DisposeAsync()
    {
        await _launcher.DisposeAsync();
        (await Cli.RunAsync(Checkout.Path("portal"), ["down", "--delete", "--state", StateDirectory], timeout: TimeSpan.FromSeconds(90))).Expect();
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
