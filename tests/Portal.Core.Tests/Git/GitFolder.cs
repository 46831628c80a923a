using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git;
using Portal.Core.Git.Hosted;
using Portal.Testing;
using Xunit;

namespace Portal.Core.Tests.Git;

/// <summary>A temporary place with a working copy to make commits in, and one of Portal's own repositories to push them to.</summary>
internal sealed class GitFolder : IDisposable
{
    public GitFolder()
    {
        Root = Directory.CreateTempSubdirectory("portal-git-").FullName;
        Options = new PortalOptions { PublicUrl = "http://localhost:8080", DataDirectory = Path.Combine(Root, "data") };
        Directory.CreateDirectory(Options.Repositories);
        Git = new GitCommand(Options);
        Repositories = new HostedRepositories(Git, Options);
        Team = new FakeTeamRepositories();
        Hosted = new ServiceCollection()
            .AddSingleton(Options).AddSingleton(TimeProvider.System).AddPortalData("Host=nowhere").AddPortalGit().AddSingleton<ITeamRepositories>(Team)
            .BuildServiceProvider().GetRequiredService<HostedGit>();
        Source = new GitSource(Portal.Core.Apps.SourceKind.Portal, Guid.NewGuid());
    }

    public string Root { get; }

    public PortalOptions Options { get; }

    public GitCommand Git { get; }

    public HostedRepositories Repositories { get; }

    internal HostedGit Hosted { get; }

    public FakeTeamRepositories Team { get; }

    public GitSource Source { get; }

    public string Work => Path.Combine(Root, "work");

    public async Task<string> CommitAsync(string message, params (string Path, string Text)[] files)
    {
        Directory.CreateDirectory(Work);
        if (!Directory.Exists(Path.Combine(Work, ".git")))
        {
            await RunAsync("init", "-q", "-b", "main", ".");
        }
        foreach (var (path, text) in files)
        {
            var file = Path.Combine(Work, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        }
        await RunAsync("add", "-A");
        await RunAsync("commit", "-q", "--allow-empty", "-m", message);
        return (await RunAsync("rev-parse", "HEAD")).Trim();
    }

    public async Task PushAsync(params string[] refs)
    {
        var folder = await Repositories.EnsureAsync(Source.AppId, TestContext.Current.CancellationToken);
        await RunAsync(["push", "-q", "--force", folder, .. refs]);
    }

    public async Task<string> RunAsync(params string[] arguments)
    {
        var start = new System.Diagnostics.ProcessStartInfo("git") { WorkingDirectory = Work, RedirectStandardOutput = true, RedirectStandardError = true };
        // git-lfs, where it is installed, would take part.
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        foreach (var argument in (string[])["-c", "user.name=Ada", "-c", "user.email=ada@example.org", .. arguments])
        {
            start.ArgumentList.Add(argument);
        }
        using var process = System.Diagnostics.Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"git {string.Join(' ', arguments)}: {await error}");
        return output;
    }

    /// <summary>Writes an object that git itself would never make.</summary>
    public async Task<string> HashAsync(string type, byte[] content)
    {
        var file = Path.Combine(Root, "object");
        await File.WriteAllBytesAsync(file, content, TestContext.Current.CancellationToken);
        return (await RunAsync("hash-object", "-t", type, "-w", "--literally", file)).Trim();
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
