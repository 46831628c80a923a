namespace Portal.Core.Runtimes.Local;

/// <summary>The environment that an app's process starts with: a few defaults, then the app's own variables, then its port.</summary>
public static class ProcessEnvironment
{
    /// <param name="folder">The app's folder as it sees it.</param>
    /// <param name="port">Null for what does not listen.</param>
    public static Dictionary<string, string> Of(IReadOnlyDictionary<string, string> variables, string folder, int? port)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = Sandbox.DefaultPath,
            ["HOME"] = folder,
            ["LANG"] = "C.UTF-8",
            ["TMPDIR"] = "/tmp",
        };
        if (port is not null)
        {
            // Only this machine's gateway shall reach the app: many frameworks listen where HOST says.
            environment["HOST"] = "127.0.0.1";
        }
        foreach (var (name, value) in variables)
        {
            if (IsName(name) && !value.Contains('\0', StringComparison.Ordinal))
            {
                environment[name] = value;
            }
        }
        if (port is { } number)
        {
            environment["PORT"] = number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
        return environment;
    }

    private static bool IsName(string name) => name.Length > 0 && name.AsSpan().IndexOfAny('=', '\0') < 0;
}
