namespace Portal.Core.Builds.Detection.Node;

/// <summary>One package of a Node repository: its folder and its package.json.</summary>
internal sealed record NodeApp(SourceView Source, PackageJson Package)
{
    /// <summary>The text of the first of these configuration files, with any usual extension; "" when there is none.</summary>
    public string Config(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            foreach (var extension in (string[])["js", "ts", "mjs", "mts", "cjs", "cts"])
            {
                if (Source.Read($"{name}.{extension}", 65536) is { } text)
                {
                    return WithoutLineComments(text);
                }
            }
        }

        return "";
    }

    /// <summary>A server library among the packages: the program listens by itself.</summary>
    public bool HasServerLibrary => Package.HasAny(
        "express", "fastify", "koa", "hono", "@hono/node-server", "@hapi/hapi", "hapi", "h3", "polka", "restify", "@feathersjs/feathers",
        "apollo-server", "@apollo/server", "graphql-yoga", "socket.io", "ws", "micro", "@adonisjs/core", "@nestjs/core", "sails", "json-server");

    // Generated configurations mention the other choices in comments.
    private static string WithoutLineComments(string text) =>
        string.Join('\n', text.Split('\n').Where(l => !l.TrimStart().StartsWith("//", StringComparison.Ordinal)));
}

/// <summary>
/// What a package turned out to be. With <see cref="Output"/> its build makes a folder of files to serve; otherwise
/// <see cref="Start"/> starts it.
/// </summary>
internal sealed record NodeKind(string Name, string Because)
{
    /// <summary>The build when package.json has no build script.</summary>
    public string? Build { get; init; }

    public string? Start { get; init; }

    /// <summary>True where <see cref="Start"/> is better than a start script: that one is for developing, or fixes the port.</summary>
    public bool IgnoreScript { get; init; }

    public string? Output { get; init; }

    public bool Spa { get; init; }

    /// <summary>A folder inside the app worth keeping between builds.</summary>
    public string? Cache { get; init; }

    public IReadOnlyDictionary<string, string> BuildEnvironment { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> RunEnvironment { get; init; } = new Dictionary<string, string>();

    public string? Warning { get; init; }

    /// <summary>An npm package whose program <see cref="Start"/> calls and the package does not name.</summary>
    public string? Brings { get; init; }

    /// <summary>Runs before the build, in the app's folder.</summary>
    public string? BeforeBuild { get; init; }

    /// <summary>Runs after the build, in the app's folder.</summary>
    public string? AfterBuild { get; init; }
}
