namespace Portal.Testing;

/// <summary>A sample of this repository as a newcomer's own git folder.</summary>
public sealed class SampleRepository : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("portal-sample-").FullName;

    public static async Task<SampleRepository> OfAsync(string sample)
    {
        var repository = new SampleRepository();
        foreach (var file in Directory.EnumerateFiles(Checkout.Path("samples", sample), "*", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/bin/", StringComparison.Ordinal) && !f.Contains("/obj/", StringComparison.Ordinal)))
        {
            var target = Path.Combine(repository._folder, Path.GetRelativePath(Checkout.Path("samples", sample), file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        await repository.GitAsync("init", "--quiet", "--initial-branch=main");
        await repository.CommitAsync("first");
        return repository;
    }

    /// <summary>A repository of these files: name, content, name, content …</summary>
    public static async Task<SampleRepository> WithAsync(params string[] namesAndContents)
    {
        var repository = new SampleRepository();
        foreach (var pair in namesAndContents.Chunk(2))
        {
            repository.Write(pair[0], pair[1]);
        }
        await repository.GitAsync("init", "--quiet", "--initial-branch=main");
        await repository.CommitAsync("first");
        return repository;
    }

    public string Read(string file) => File.ReadAllText(Path.Combine(_folder, file));

    public void Write(string file, string text) => File.WriteAllText(Path.Combine(_folder, file), text);

    /// <summary>A symbolic link.</summary>
    public void Link(string file, string target) => File.CreateSymbolicLink(Path.Combine(_folder, file), target);

    public async Task CommitAsync(string message)
    {
        await GitAsync("add", "--all");
        await GitAsync("-c", "user.name=Nora Newcomer", "-c", "user.email=nora@example.org", "commit", "--quiet", "--message", message);
    }

    /// <summary>Pushes and returns everything git printed, the build's story included.</summary>
    public async Task<string> PushAsync(string url, string token, bool force = false) => (await TryPushAsync(url, token, force)).Expect().All;

    /// <summary>As <see cref="PushAsync"/>, also when the connection breaks on the way.</summary>
    public Task<CliResult> TryPushAsync(string url, string token, bool force = false) =>
        Cli.RunAsync("git", force ? ["push", "--force", url, "main"] : ["push", url, "main"], _folder, new Dictionary<string, string?>
        {
            ["GIT_TERMINAL_PROMPT"] = "0",
            ["GIT_CONFIG_COUNT"] = "1",
            ["GIT_CONFIG_KEY_0"] = "http.extraHeader",
            ["GIT_CONFIG_VALUE_0"] = $"Authorization: Bearer {token}",
        }, timeout: TimeSpan.FromMinutes(10));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task GitAsync(params string[] arguments) => (await Cli.RunAsync("git", arguments, _folder)).Expect();
}
