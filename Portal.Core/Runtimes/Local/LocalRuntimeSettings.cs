namespace Portal.Core.Runtimes.Local;

/// <summary>Where the local runtime finds its own program, and the ports it gives out.</summary>
public sealed record LocalRuntimeSettings
{
    /// <summary>The worker's program file, which is also the supervisor's and the file server's.</summary>
    public string Program { get; init; } = Path.Combine(AppContext.BaseDirectory, "Portal.Worker.dll");

    /// <summary>The program that runs it.</summary>
    public string Dotnet { get; init; } = FindDotnet();

    public int PortFrom { get; init; } = 20_000;

    public int PortTo { get; init; } = 29_999;

    private static string FindDotnet()
    {
        if (Environment.ProcessPath is { } own && Path.GetFileNameWithoutExtension(own) == "dotnet")
        {
            return own;
        }
        var roots = (string?[])[Environment.GetEnvironmentVariable("DOTNET_HOST_PATH"),
            Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root ? Path.Combine(root, "dotnet") : null,
            .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(p => Path.Combine(p, "dotnet"))];
        return roots.FirstOrDefault(File.Exists) ?? "dotnet";
    }
}
