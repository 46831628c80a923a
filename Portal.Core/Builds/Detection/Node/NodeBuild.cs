using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Node;

/// <summary>Which script builds a package, and what old build tools need to run at all.</summary>
internal static partial class NodeBuild
{
    /// <summary>The command that builds, with the reason; null when there is nothing to build.</summary>
    public static (string Command, string Because)? Command(NodeApp app, PackageManager manager, NodeKind? kind, string? start)
    {
        var package = app.Package;
        foreach (var name in (string[])["heroku-postbuild", "build", "gcp-build", "vercel-build", "now-build", "render-build"])
        {
            if (package.Script(name) is { } script)
            {
                return (manager.Run(name), $"package.json has a {name} script: {script}");
            }
        }

        if (kind?.Build is { Length: > 0 } build)
        {
            return (manager.Exec(build), $"{kind.Name} builds with: {build}");
        }

        // The start command names a file that only a build can make.
        if (start is not null && BuiltFile().Match(start) is { Success: true } file && NodeStart.IsBuiltFolder(SourceView.Normalise(file.Groups[1].Value) ?? "")
            && app.Source.First(Candidates(SourceView.Normalise(file.Groups[1].Value)!)) is null)
        {
            foreach (var name in (string[])["build:prod", "build:production", "build:server", "build:ts", "build-ts", "compile", "tsc", "prod:build", "transpile"])
            {
                if (package.Script(name) is { } script)
                {
                    return (manager.Run(name), $"the start command runs {file.Groups[1].Value}, which the {name} script makes: {script}");
                }
            }
        }

        if (start is not null && package.Has("typescript") && app.Source.Has("tsconfig.json") && BuiltFile().Match(start) is { Success: true } js && app.Source.First(Candidates(SourceView.Normalise(js.Groups[1].Value) ?? "")) is null)
        {
            return (manager.Exec("tsc"), "tsconfig.json and no build script: the TypeScript compiler builds");
        }

        return null;
    }

    private static string[] Candidates(string path) => [path, path + ".js", path + "/index.js"];

    /// <summary>webpack 4 and its time hash with MD4, which OpenSSL 3 (Node 17 and later) refuses unless told otherwise.</summary>
    public static bool NeedsLegacyHash(PackageJson package) =>
        package.Major("react-scripts") is < 5 || package.Major("@vue/cli-service") is < 5 || package.Major("webpack") is < 5
        || package.Major("@angular-devkit/build-angular") is < 12 || package.Major("nuxt") is < 3 || package.Major("next") is < 11
        || package.Major("gatsby") is < 4 || package.Major("laravel-mix") is < 6 || package.Major("preact-cli") is < 4;

    public static (string Version, string File)? Version(NodeApp app) =>
        app.Package.Engine("node") is { Length: > 0 and <= 64 } engine ? (engine.Trim(), "package.json (engines)")
        : VersionFiles.OneLine(app.Source, ".nvmrc", ".node-version")
        ?? VersionFiles.Tool(app.Source, "nodejs", "node")
        ?? (app.Package.Volta("node") is { } volta ? (volta, "package.json (volta)") : null);

    [GeneratedRegex(@"^node (?:--?[\w=-]+ )*['""]?([\w./-]+)", RegexOptions.NonBacktracking)]
    private static partial Regex BuiltFile();
}
