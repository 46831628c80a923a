using Portal.Core.Builds.Detection.DotNet;
using Portal.Core.Builds.Detection.Java;
using Portal.Core.Builds.Detection.Node;
using Portal.Core.Builds.Detection.Other;
using Portal.Core.Builds.Detection.Php;
using Portal.Core.Builds.Detection.Python;
using Portal.Core.Builds.Detection.Ruby;

namespace Portal.Core.Builds.Detection;

/// <summary>
/// The order in which stacks are tried. Tool-chains that often carry a package.json for their pages' files come before
/// Node; a folder of files is the last resort.
/// </summary>
internal static class StackTable
{
    public static readonly IReadOnlyList<IStack> InOrder =
    [
        new DotNetStack(),
        new HugoStack(),
        new PhpStack(),
        new MavenStack(),
        new GradleStack(),
        new GoStack(),
        new ElixirStack(),
        new RubyStack(),
        new RustStack(),
        .. PlainStacks.BeforeNode,
        new PythonStack(),
        new DenoStack(),
        new BunStack(),
        new NodeStack(),
        .. PlainStacks.Late,
        new StaticStack(),
        new DockerStack(),
    ];

    public static Draft? Chosen(SourceView source, string id) =>
        InOrder.Where(s => s.Id == id).Select(s => s.Detect(source, chosen: true)).FirstOrDefault(d => d is not null);

    /// <summary>
    /// The first stack with a usable plan; null when none has one. With <paramref name="started"/> somebody else says what
    /// starts, so a tool-chain that only could not find that out is the answer.
    /// </summary>
    public static Draft? Detect(SourceView source, bool started = false)
    {
        if (ProcfileHint(source) is { } hint && Chosen(source, hint) is { } hinted)
        {
            return hinted;
        }

        return started
            ? InOrder.Select(s => s.Detect(source, chosen: false)).FirstOrDefault(d => d is not null and not { StackId: "docker", Problem: not null })
            : InOrder.Select(s => s.Detect(source, chosen: false)).FirstOrDefault(d => d is { Problem: null } or { Final: true });
    }

    /// <summary>What the first stack that recognised something could not do; null when none recognised anything.</summary>
    public static Draft? Problem(SourceView source) => InOrder.Select(s => s.Detect(source, chosen: false)).FirstOrDefault(d => d is not null);

    // "web: gunicorn app" in a repository with a package.json says that it is a Python app.
    private static string? ProcfileHint(SourceView source)
    {
        var web = Procfile.Parse(source.Read("Procfile") ?? "").FirstOrDefault(e => e.Name == Draft.Web).Command;
        foreach (var word in Shell.Words(web ?? ""))
        {
            switch (SourceView.NameOf(word))
            {
                case "node" or "npm" or "yarn" or "pnpm" or "npx" or "next":
                    return "node";
                case "python" or "python3" or "gunicorn" or "uvicorn" or "flask" or "waitress-serve" or "daphne" or "hypercorn" or "uwsgi" or "streamlit":
                    return "python";
                case "bundle" or "rails" or "rackup" or "puma" or "ruby" or "unicorn":
                    return "ruby";
                case "java":
                    return "java";
                case "php" or "heroku-php-apache2" or "heroku-php-nginx":
                    return "php";
                case "dotnet":
                    return "dotnet";
                case "deno":
                    return "deno";
                case "mix":
                    return "elixir";
            }
        }

        return null;
    }
}
