using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Portal.Core.Apps;
using Portal.Core.Common;

namespace Portal.Core.Git.Plain;

/// <summary>
/// git talking to somebody else's server: only https or ssh, only to the addresses that were resolved and allowed, no
/// redirects, no credentials but the app's deploy key, which lies in a private folder for the time of the call, or a
/// short-lived token, which is in the environment of git alone.
/// </summary>
internal sealed class RemoteGit(GitCommand git, Pinning pinning, PortalOptions options)
{
    /// <summary>Old histories carry these mistakes; see also what a push may carry.</summary>
    private static readonly string[] HarmlessMistakes =
    [
        "zeroPaddedFilemode", "missingSpaceBeforeDate", "badTimezone", "badDate", "missingEmail", "badEmail", "missingNameBeforeEmail",
        "missingSpaceBeforeEmail", "badName", "missingTaggerEntry", "badTagName", "gitmodulesMissing", "gitmodulesBlob",
    ];

    public string Mirrors => Path.Combine(options.DataDirectory, "mirrors");

    /// <summary>One mirror per app and address: another address is another repository.</summary>
    public string MirrorOf(Guid app, RepositoryAddress address) =>
        Path.Combine(Mirrors, $"{app}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(address.Url)))[..12]}.git");

    public async Task<string> EnsureMirrorAsync(Guid app, RepositoryAddress address, CancellationToken cancellationToken)
    {
        var mirror = MirrorOf(app, address);
        if (!File.Exists(Path.Combine(mirror, "HEAD")))
        {
            await EnsureFolderAsync(cancellationToken);
            var made = await git.RunAsync(new GitCall("init", "--quiet", "--bare", "--template=", "--", mirror), cancellationToken);
            if (!made.Succeeded)
            {
                throw new PortalException(Refusal.Unavailable, $"The copy of the repository could not be made: {made.Error}");
            }
        }
        return mirror;
    }

    public async Task<GitResult> RunAsync(GitSource source, RepositoryAddress address, GitCall call, CancellationToken cancellationToken)
    {
        var route = await pinning.RouteAsync(address.Scheme, address.Host, address.Port, source.Access is { IsOfConnection: true } ? Internal.Any : Internal.Listed, cancellationToken);
        using var key = address.IsSsh ? await KeyFile.WriteAsync(source, options.Users.Git, cancellationToken) : null;
        if (address.IsSsh)
        {
            await EnsureFolderAsync(cancellationToken);
        }
        var config = new List<KeyValuePair<string, string>>
        {
            new($"protocol.{address.Scheme}.allow", "always"),
            new("http.followRedirects", "false"),
            new("http.proxy", route.Proxy?.OriginalString ?? ""),
            new("http.lowSpeedLimit", "1000"),
            new("http.lowSpeedTime", "60"),
            new("credential.helper", ""),
            new("ssh.variant", "ssh"),
            new("protocol.version", "2"),
            new("fetch.fsckObjects", "true"),
            new("fetch.unpackLimit", "1"),
            new("fetch.writeCommitGraph", "false"),
        };
        config.AddRange(HarmlessMistakes.Select(mistake => new KeyValuePair<string, string>($"fetch.fsck.{mistake}", "ignore")));
        if (!address.IsSsh && route.Proxy is null && !IPAddress.TryParse(address.Host, out _))
        {
            config.Add(new("http.curloptResolve", string.Create(CultureInfo.InvariantCulture, $"{address.Host}:{address.Port}:{string.Join(',', route.Addresses.Select(InUrl))}")));
        }
        if (source.Access is { } access && !address.IsSsh)
        {
            config.Add(new($"http.{address.Scheme}://{address.HostInUrl}:{address.Port.ToString(CultureInfo.InvariantCulture)}/.extraHeader", "Authorization: " + await access.HeaderAsync(address.Host, cancellationToken)));
        }
        var environment = new Dictionary<string, string>();
        if (key is not null)
        {
            environment["GIT_SSH_COMMAND"] = SshCommand(source, address, route.Addresses[0], key.File);
        }
        return await git.RunAsync(call with { Config = [.. config, .. call.Config], Environment = environment, MaxFileBytes = source.MaxBytes ?? options.Limits.SourceBytes }, cancellationToken);
    }

    /// <summary>Runs a command at the host of an ssh repository; its account decides what that may be.</summary>
    /// <param name="command">The shell there takes it apart: constants and what <see cref="RepositoryAddress"/> has checked.</param>
    public async Task<GitResult> OverSshAsync(GitSource source, RepositoryAddress address, string command, CancellationToken cancellationToken)
    {
        var route = await pinning.RouteAsync(address.Scheme, address.Host, address.Port, Internal.Listed, cancellationToken);
        using var key = await KeyFile.WriteAsync(source, options.Users.Git, cancellationToken);
        await EnsureFolderAsync(cancellationToken);
        return await git.RunOtherAsync("ssh", new GitCall(
        [
            "-F", "/dev/null", "-i", key.File, .. SshOptions(source, address, route.Addresses[0]).SelectMany(o => new[] { "-o", o }),
            "-p", address.Port.ToString(CultureInfo.InvariantCulture), "-l", address.User!, "--", address.Host, command,
        ]), cancellationToken);
    }

    /// <summary>Removes what was kept of the repositories of something that is no app.</summary>
    public void Forget(Guid app)
    {
        if (!Directory.Exists(Mirrors))
        {
            return;
        }
        foreach (var mirror in Directory.EnumerateDirectories(Mirrors, $"{app}-*.git"))
        {
            Directory.Delete(mirror, recursive: true);
        }
    }

    /// <summary>git gives this to a shell: every part is either a constant or of a checked alphabet (hex, digits, letters, dots, colons, brackets).</summary>
    private string SshCommand(GitSource source, RepositoryAddress address, IPAddress pinned, string keyFile) =>
        $"ssh -F /dev/null -i '{keyFile}' {string.Join(' ', SshOptions(source, address, pinned).Select(o => $"-o '{o}'"))}";

    /// <summary>The host's key is trusted when it is first seen and recorded per app and port; another one later is refused.</summary>
    private string[] SshOptions(GitSource source, RepositoryAddress address, IPAddress pinned) =>
    [
        "BatchMode=yes", "IdentitiesOnly=yes", string.Create(CultureInfo.InvariantCulture, $"HostKeyAlias=[{address.Host}]:{address.Port}"), $"HostName={pinned}",
        "StrictHostKeyChecking=accept-new", $"UserKnownHostsFile={KnownHostsOf(source)}", "GlobalKnownHostsFile=/dev/null", "ConnectTimeout=15",
        "ServerAliveInterval=15", "ForwardAgent=no", "ClearAllForwardings=yes", "PermitLocalCommand=no", "ProxyCommand=none",
        "PreferredAuthentications=publickey", "ControlMaster=no", "ControlPath=none", "UpdateHostKeys=no", "HashKnownHosts=no",
    ];

    private string KnownHostsOf(GitSource source) => Path.Combine(Mirrors, string.Create(CultureInfo.InvariantCulture, $"{source.AppId}.{source.HostKeys}.known_hosts"));

    private async Task EnsureFolderAsync(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(Mirrors))
        {
            Directory.CreateDirectory(Mirrors);
            await GitCommand.GiveAsync(options.Users.Git, Mirrors, cancellationToken);
        }
    }

    private static string InUrl(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();
}
