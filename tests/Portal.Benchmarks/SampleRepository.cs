using Portal.Testing;

namespace Portal.Benchmarks;

/// <param name="Name">Its folder under samples/, and the app's name.</param>
/// <param name="Greeting">The file that holds the greeting, which each push changes.</param>
/// <param name="Build">The commands that a person types before it can start.</param>
internal sealed record Sample(string Name, string Greeting, string[][] Build, string[] Start);

/// <summary>A sample as a repository of its own, which is changed and pushed.</summary>
internal sealed class SampleRepository(Sample sample) : IDisposable
{
    private const string Before = "Hello from";

    private readonly string _folder = Directory.CreateTempSubdirectory("portal-bench-").FullName;
    private string _text = Before;

    private string Source => Path.Combine(_folder, "source");

    private string Copy => Path.Combine(_folder, "copy");

    public async Task CreateAsync()
    {
        Directory.CreateDirectory(Source);
        foreach (var file in Directory.GetFiles(Checkout.Path("samples", sample.Name)))
        {
            File.Copy(file, Path.Combine(Source, Path.GetFileName(file)));
        }
        await GitAsync(Source, "init", "-q", "-b", "main");
    }

    /// <summary>Changes the greeting and commits.</summary>
    /// <returns>The text that only the new commit answers with.</returns>
    public async Task<string> ChangeAsync(string which)
    {
        var file = Path.Combine(Source, sample.Greeting);
        var next = $"The {which} push of";
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace(_text, next, StringComparison.Ordinal));
        _text = next;
        await GitAsync(Source, "add", "-A");
        await GitAsync(Source, "-c", "user.name=Bench", "-c", "user.email=bench@example.com", "commit", "-q", "-m", which);
        return next;
    }

    /// <summary>Clones the first time, pulls later.</summary>
    public async Task<string> FetchAsync()
    {
        if (Directory.Exists(Copy))
        {
            await GitAsync(Copy, "pull", "-q");
        }
        else
        {
            await GitAsync(_folder, "clone", "-q", Source, Copy);
        }
        return Copy;
    }

    /// <summary>The token goes by the environment: arguments are for all to see.</summary>
    public async Task PushAsync(string url, string token) =>
        (await Cli.RunAsync("git", ["push", "-q", url, "main"], Source, new Dictionary<string, string?>
        {
            ["GIT_CONFIG_COUNT"] = "1",
            ["GIT_CONFIG_KEY_0"] = "http.extraHeader",
            ["GIT_CONFIG_VALUE_0"] = $"Authorization: Bearer {token}",
            ["GIT_TERMINAL_PROMPT"] = "0",
        }, timeout: TimeSpan.FromMinutes(3))).Expect();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task GitAsync(string folder, params string[] arguments) => (await Cli.RunAsync("git", arguments, folder)).Expect();
}
