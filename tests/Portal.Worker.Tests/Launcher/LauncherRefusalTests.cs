using Portal.Testing;

namespace Portal.Worker.Tests.Launcher;

/// <summary>What stops ./portal is one line that says why and what to do; nothing is left behind.</summary>
public sealed class LauncherRefusalTests : IDisposable
{
    private readonly string _state = Path.Combine(Path.GetTempPath(), $"portal-refused-{Guid.NewGuid():N}");

    [Theory]
    [InlineData("up --port abc", "--port must be a number from 1 to 65535, not 'abc'.")]
    [InlineData("up --port 70000", "--port must be a number from 1 to 65535, not '70000'.")]
    [InlineData("up --listen here", "--listen must be an IP address")]
    [InlineData("up --domain a/b", "--domain must be a host name")]
    [InlineData("up --port", "--port needs a value.")]
    [InlineData("up --fast", "Unknown option --fast.")]
    [InlineData("up now", "Unexpected 'now'.")]
    [InlineData("link --port 1", "This command takes no --port.")]
    [InlineData("start", "There is no command 'start'.")]
    [InlineData("test some", "./portal test takes 'fast' or 'all'")]
    [InlineData("backup", "./portal backup needs one file name.")]
    public async Task A_wrong_word_is_named(string arguments, string reason)
    {
        var result = await Portal(arguments.Split(' '));
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(reason, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.Trim().Split('\n'));
    }

    [Theory]
    [InlineData("down")]
    [InlineData("link")]
    [InlineData("backup /tmp/portal-never.tar.gz")]
    public async Task A_state_folder_that_is_not_there_is_named(string arguments)
    {
        var result = await Portal([.. arguments.Split(' '), "--state", _state]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(_state, result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_state));
    }

    [Fact]
    public async Task A_full_disk_is_said_before_anything_is_written()
    {
        var result = await Portal(["up", "--state", _state], new() { ["PORTAL_LEAST_FREE_MB"] = "999999999" });
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("The disk is full: only", result.Error, StringComparison.Ordinal);
        Assert.Contains("--state", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_sdk_is_said_with_where_to_get_it()
    {
        // A folder with every program but dotnet.
        var programs = Directory.CreateTempSubdirectory("portal-path-");
        foreach (var program in (string[])["bash", "readlink", "dirname", "realpath", "sha256sum", "cat", "git", "setpriv", "flock", "bwrap"])
        {
            File.CreateSymbolicLink(Path.Combine(programs.FullName, program), File.Exists($"/usr/bin/{program}") ? $"/usr/bin/{program}" : $"/bin/{program}");
        }
        var result = await Portal(["up", "--state", _state], new() { ["PATH"] = programs.FullName });
        programs.Delete(recursive: true);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("The .NET 10 SDK is not installed. Get it from", result.Error, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        if (Directory.Exists(_state))
        {
            Cli.RunAsync(Checkout.Path("portal"), ["down", "--delete", "--state", _state]).GetAwaiter().GetResult().Expect();
        }
    }

    private static Task<CliResult> Portal(string[] arguments, Dictionary<string, string?>? environment = null) =>
        Cli.RunAsync(Checkout.Path("portal"), arguments, environment: environment);
}
