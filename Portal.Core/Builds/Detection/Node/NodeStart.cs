using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Node;

/// <summary>How a package without a telling framework starts, in the order people expect: script, main, a usual file name.</summary>
internal static partial class NodeStart
{
    private static readonly string[] UsualEntries =
    [
        "server.js", "index.js", "app.js", "main.js", "server.mjs", "index.mjs", "app.mjs", "main.mjs", "server.cjs", "index.cjs", "bin/www", "src/server.js", "src/index.js", "src/app.js",
        "src/main.js", "src/server.mjs", "src/index.mjs", "server/index.js", "server/server.js", "server/app.js", "api/index.js", "lib/index.js",
    ];

    private static readonly string[] TypeScriptEntries = ["src/index.ts", "src/server.ts", "src/main.ts", "src/app.ts", "index.ts", "server.ts", "main.ts", "app.ts"];

    /// <summary>The script that starts the package in production, or null.</summary>
    public static string? Script(PackageJson package)
    {
        var start = package.Script("start");
        string[] production = ["start:prod", "start:production", "start-prod", "prod", "production"];
        if (start is not null && !StartScript.IsForDeveloping(start))
        {
            return "start";
        }

        return production.FirstOrDefault(n => package.Script(n) is not null)
            ?? (start is not null ? "start" : package.Script("serve") is { } serve && !StartScript.ServesFiles(package, serve) ? "serve" : null);
    }

    /// <summary>The command of a script, without the watcher where it watches one file that Node can run.</summary>
    public static string ScriptCommand(NodeApp app, PackageManager manager, string name)
    {
        var script = app.Package.Script(name)!;
        var watched = Watched().Match(script);
        if (watched.Success && watched.Groups[1].Value is { } file && (file.Length == 0 || file == "." || app.Source.Has(SourceView.Normalise(file) ?? "")))
        {
            return file.Length == 0 || file == "." ? Entry(app) ?? script : $"node {Shell.Quote(file)}";
        }

        var command = StartScript.Command(app.Package, manager, name);
        return command.StartsWith("wrangler dev", StringComparison.Ordinal) && !command.Contains("--port", StringComparison.Ordinal) ? command + " --ip 0.0.0.0 --port \"$PORT\"" : command;
    }

    /// <summary>"node FILE" for main or a usual file name, or null.</summary>
    public static string? Entry(NodeApp app)
    {
        var built = app.Package.Script("build") is not null || app.Package.Has("typescript");
        if (app.Package.Main is { } main && SourceView.Normalise(main) is { Length: > 0 } path)
        {
            // "build": "node build.js" beside "main": "build.js" makes files and serves none.
            if (Shell.Words(app.Package.Script("build") ?? "").Contains(path))
            {
                return null;
            }

            // A file that the build makes is not in the listing.
            var found = app.Source.First(path, path + ".js", path + "/index.js");
            if (found is not null || (built && !app.Source.Has(path) && IsBuiltFolder(path)))
            {
                return $"node {Shell.Quote(found ?? path)}";
            }
        }

        if (app.Source.First(UsualEntries) is { } usual)
        {
            return $"node {Shell.Quote(usual)}";
        }

        if (app.Source.First(TypeScriptEntries) is { } typed)
        {
            return app.Package.Has("tsx") ? $"tsx {Shell.Quote(typed)}"
                : app.Package.Has("ts-node") ? $"ts-node {Shell.Quote(typed)}"
                : app.Package.Has("typescript") && app.Source.Read("tsconfig.json", 65536) is { } config
                    ? $"node {Shell.Quote(SourceView.Join(TypeScriptOut().Match(config).Groups[1].Value is { Length: > 0 } o ? SourceView.Normalise(o) ?? "dist" : SourceView.FolderOf(typed), Compiled(typed, config)))}"
                    : null;
        }

        return null;
    }

    /// <summary>Says early what would otherwise show only when nothing answers: the code listens on a port of its own choice.</summary>
    public static void WarnOfFixedPort(NodeApp app, Draft draft, string start)
    {
        var named = Shell.Words(start).Find(w => app.Source.Has(SourceView.Normalise(w) ?? "") && w.EndsWith("js", StringComparison.Ordinal));
        var file = named is not null ? SourceView.Normalise(named)! : app.Source.First("src/main.ts", "src/index.ts", "src/server.ts", "src/app.ts", "src/main.js", "src/index.js");
        if (file is not null && app.Source.Read(file, 65536) is { } text && !text.Contains("PORT", StringComparison.Ordinal) && FixedPort().Match(text) is { Success: true } m)
        {
            draft.Warnings.Add($"{file} listens on port {m.Groups[1].Value}, whatever PORT says. Change it to: process.env.PORT ?? {m.Groups[1].Value}");
        }
    }

    public static bool IsBuiltFolder(string path) =>
        path.Split('/')[0] is "dist" or "build" or "out" or "lib" or "output" or "bin" or ".output" or "_build" or "target" or "built" or "compiled" or "prod" or "public_html";

    private static string Compiled(string file, string config) =>
        Path.ChangeExtension(TypeScriptOut().IsMatch(config) && file.StartsWith("src/", StringComparison.Ordinal) ? file["src/".Length..] : SourceView.NameOf(file), ".js");

    [GeneratedRegex(@"(?:\.listen|\bserve)\(\s*(?:\{[^}]*\bport\s*:\s*)?(\d{2,5})\b", RegexOptions.NonBacktracking)]
    private static partial Regex FixedPort();

    [GeneratedRegex(@"^(?:npx\s+)?nodemon\s*([\w./-]*)$", RegexOptions.NonBacktracking)]
    private static partial Regex Watched();

    [GeneratedRegex(@"""outDir""\s*:\s*""([^""]+)""", RegexOptions.NonBacktracking)]
    private static partial Regex TypeScriptOut();
}
