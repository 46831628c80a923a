namespace Portal.Core.Git;

/// <summary>One run of git. Arguments are a list, never a line for a shell; what is secret goes into <see cref="Environment"/> or files.</summary>
public sealed record GitCall(params IReadOnlyList<string> Arguments)
{
    /// <summary>The bare repository it works on; trusted although another user may own it.</summary>
    public string? Repository { get; init; }

    /// <summary>Git settings of this run, stronger than the repository's own.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Config { get; init; } = [];

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The whole run; after it the process and its children are killed.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Most bytes of standard output; more ends the run.</summary>
    public long MaxOutput { get; init; } = 32 * 1024 * 1024;

    /// <summary>No file that it writes may be larger; 0: no limit.</summary>
    public long MaxFileBytes { get; init; }

    public byte[]? Input { get; init; }
}

public sealed record GitResult(int ExitCode, byte[] Output, string Error)
{
    public bool Succeeded => ExitCode == 0;

    /// <summary>Invalid UTF-8 becomes U+FFFD.</summary>
    public string Text => System.Text.Encoding.UTF8.GetString(Output);
}
