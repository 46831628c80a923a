using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git;
using Portal.Core.Git.Hosted;
using Portal.Core.Git.Plain;
using Portal.Testing;
using Xunit;

namespace Portal.Core.Tests.Git;

/// <summary>An outside repository behind a real sshd on this machine, which an admin has allowed.</summary>
public sealed class SshTests : IAsyncLifetime
{
    private static readonly CheckoutLimits Limits = new(1000, 10_000_000);

    private readonly GitFolder _git = new();
    private readonly int _port = FreePort();
    private TiedProcess? _sshd;
    private DeployKeyPair _key = null!;
    private IGitHost _host = null!;
    private GitSource _source = null!;
    private string _commit = "";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _commit = await _git.CommitAsync("over ssh", ("a", "1"));
        await _git.PushAsync("main");
        _key = (await new DeployKeys(NullLogger<DeployKeys>.Instance).MakeAsync("portal shop/api", Token))!;
        await File.WriteAllTextAsync(In("authorized_keys"), _key.Public + "\n", Token);
        if (Environment.IsPrivilegedProcess)
        {
            // As root sshd wants a folder of this name for its unprivileged part.
            Directory.CreateDirectory("/run/sshd");
        }
        await StartAsync("host_key");
        _git.Options.Git.AllowedInternalHosts.Add("127.0.0.1");
        _host = new ServiceCollection().AddSingleton(_git.Options).AddSingleton(TimeProvider.System).AddPortalData("Host=nowhere").AddPortalGit().AddSingleton<ITeamRepositories>(_git.Team)
            .BuildServiceProvider().GetRequiredService<PlainGit>();
        _source = new GitSource(SourceKind.Git, Guid.NewGuid(), $"ssh://{Environment.UserName}@127.0.0.1:{_port}{_git.Repositories.FolderOf(_git.Source.AppId)}", _key.Private);
    }

    [Fact]
    public async Task A_repository_is_read_by_the_deploy_key_which_is_left_nowhere()
    {
        Assert.Equal([new Head("refs/heads/main", _commit)], await _host.HeadsAsync(_source, Token));
        Assert.Equal("main", await _host.DefaultBranchAsync(_source, Token));
        await _host.CheckoutAsync(_source, _commit, In("out"), Limits, _ => { }, Token);
        Assert.Equal("1", await File.ReadAllTextAsync(Path.Combine(In("out"), "a"), Token));
        var recorded = Assert.Single(Directory.GetFiles(Path.Combine(_git.Options.DataDirectory, "mirrors"), "*.known_hosts"));
        Assert.Contains($"[127.0.0.1]:{_port}", await File.ReadAllTextAsync(recorded, Token), StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.EnumerateFiles(_git.Options.DataDirectory, "*", SearchOption.AllDirectories), f => File.ReadAllText(f).Contains("OPENSSH PRIVATE KEY", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_key_that_was_not_added_at_the_host_is_said()
    {
        await File.WriteAllTextAsync(In("authorized_keys"), "", Token);
        Assert.Contains("does not accept the app's deploy key", await ProblemAsync(_source), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_shows_another_key_is_refused_until_a_person_trusts_it()
    {
        await _host.HeadsAsync(_source, Token);
        await _sshd!.DisposeAsync();
        await StartAsync("another_host_key");
        Assert.Contains("shows another ssh key than before", await ProblemAsync(_source), StringComparison.Ordinal);
        Assert.Contains("shows another ssh key than before", await ProblemAsync(_source), StringComparison.Ordinal);
        var trusting = _source with { HostKeys = 1 };
        Assert.Single(await _host.HeadsAsync(trusting, Token));
    }

    [Fact]
    public async Task A_host_within_ones_own_network_is_not_asked_unless_allowed()
    {
        _git.Options.Git.AllowedInternalHosts.Clear();
        Assert.Contains("Portal:Git:AllowedInternalHosts", await ProblemAsync(_source), StringComparison.Ordinal);
        Assert.DoesNotContain("Connection from", _sshd!.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repository_that_is_not_there_is_said() =>
        Assert.Contains("no git repository at this address", await ProblemAsync(_source with { Url = $"ssh://{Environment.UserName}@127.0.0.1:{_port}/nowhere/x.git" }), StringComparison.Ordinal);

    [Fact]
    public async Task Large_files_come_by_a_permission_that_is_asked_for_over_ssh()
    {
        var large = Encoding.UTF8.GetBytes(new string('L', 50_000));
        var oid = Convert.ToHexStringLower(SHA256.HashData(large));
        var port = FreePort();
        using var listener = new HttpListener { Prefixes = { $"http://127.0.0.1:{port}/" } };
        listener.Start();
        var serving = ServeAsync(listener, port, oid, large);
        await WriteProgramAsync("git-lfs-authenticate", $$"""
            echo "$@" >"{{In("asked")}}"
            echo '{"href":"http://127.0.0.1:{{port}}/lfs/","header":{"Authorization":"RemoteAuth by-ssh"},"expires_in":60}'
            """);
        _git.Options.Git.AllowHttp = true;
        var commit = await _git.CommitAsync("large", (".gitattributes", "*.bin filter=lfs -text\n"), ("a.bin", $"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {large.Length}\n"));
        await _git.PushAsync("main");

        await _host.CheckoutAsync(_source, commit, In("out"), Limits, _ => { }, Token);

        Assert.Equal(large, await File.ReadAllBytesAsync(Path.Combine(In("out"), "a.bin"), Token));
        Assert.EndsWith(".git download\n", await File.ReadAllTextAsync(In("asked"), Token), StringComparison.Ordinal);
        listener.Stop();
        Assert.Equal(["POST /lfs/objects/batch RemoteAuth by-ssh", "GET /object "], await serving);
    }

    public async ValueTask DisposeAsync()
    {
        if (_sshd is not null)
        {
            await _sshd.DisposeAsync();
        }
        _git.Dispose();
    }

    private string In(string name) => Path.Combine(_git.Root, name);

    private async Task<string> ProblemAsync(GitSource source) => (await Assert.ThrowsAsync<PortalException>(() => _host.HeadsAsync(source, Token))).Message;

    private async Task StartAsync(string hostKey)
    {
        (await Cli.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", In(hostKey)], cancellationToken: Token)).Expect();
        Directory.CreateDirectory(In("bin"));
        await File.WriteAllTextAsync(In("sshd_config"), $"""
            ListenAddress 127.0.0.1:{_port}
            HostKey {In(hostKey)}
            PidFile none
            AuthorizedKeysFile {In("authorized_keys")}
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            PermitRootLogin prohibit-password
            SetEnv PATH={In("bin")}:/usr/bin:/bin
            """, Token);
        _sshd = TiedProcess.Start("TERM", "/usr/sbin/sshd", ["-D", "-e", "-f", In("sshd_config")]);
        await Eventually.True(() => _sshd.Output.Contains("Server listening", StringComparison.Ordinal) || _sshd.HasExited, what: "sshd listens");
        Assert.False(_sshd.HasExited, _sshd.Output);
    }

    private async Task WriteProgramAsync(string name, string script)
    {
        var file = Path.Combine(In("bin"), name);
        await File.WriteAllTextAsync(file, "#!/bin/sh\n" + script + "\n", Token);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static async Task<List<string>> ServeAsync(HttpListener listener, int port, string oid, byte[] large)
    {
        var requests = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            var http = await listener.GetContextAsync();
            requests.Add($"{http.Request.HttpMethod} {http.Request.Url!.AbsolutePath} {http.Request.Headers["Authorization"]}");
            var body = i == 1 ? large : JsonSerializer.SerializeToUtf8Bytes(new
            {
                objects = new[] { new { oid, size = large.Length, actions = new { download = new { href = $"http://127.0.0.1:{port}/object" } } } },
            });
            await http.Response.OutputStream.WriteAsync(body, Token);
            http.Response.Close();
        }
        return requests;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
