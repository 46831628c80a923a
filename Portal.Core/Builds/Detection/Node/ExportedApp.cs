using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Node;

/// <summary>
/// A server whose main file only exports it, as hosts of functions want it: something has to listen in its place.
/// </summary>
internal static partial class ExportedApp
{
    private static readonly string[] Entries = ["src/index.ts", "src/index.tsx", "src/server.ts", "src/app.ts", "index.ts", "server.ts", "src/index.js", "index.js", "server.js", "app.js", "index.mjs"];

    /// <summary>For "node FILE", where FILE hands out an Express or Koa app and listens to nothing: the file. Null otherwise.</summary>
    public static string? Function(NodeApp app, string start)
    {
        if (!app.Package.HasAny("express", "koa", "polka") || !Plain().Match(start).Success)
        {
            return null;
        }

        var file = SourceView.Normalise(Plain().Match(start).Groups[1].Value) ?? "";
        var typed = Path.ChangeExtension(SourceView.NameOf(file), ".ts");
        return Only(app, app.Source.First(file, file + ".js", Path.ChangeExtension(file, ".ts"), "src/" + typed, typed)) ? file : null;
    }

    /// <summary>The file that hands out an app of the web's own Request and Response, which Bun serves as it is; or null.</summary>
    public static string? Fetch(NodeApp app) =>
        app.Package.HasAny("hono", "h3", "itty-router") && !app.Package.HasAny("@hono/node-server", "wrangler")
            && app.Source.First(app.Package.Main ?? "", SourceView.Normalise(app.Package.Main ?? "") ?? "") is var main && (main ?? app.Source.First(Entries)) is { } entry && Only(app, entry) ? entry : null;

    /// <summary>Starts what a file hands out; compiled modules wrap it once more.</summary>
    public static string Listen(string file) =>
        $"node --input-type=module -e 'const m=await import(process.cwd()+\"/{file}\");const a=m.default?.default??m.default;(await import(\"node:http\")).createServer(a.callback?.()??a).listen(process.env.PORT)'";

    private static bool Only(NodeApp app, string? file) =>
        file is not null && app.Source.Read(file, 65536) is { } text && Exports().IsMatch(text) && !Listens().IsMatch(text);

    [GeneratedRegex(@"^node ([\w./-]+)$", RegexOptions.NonBacktracking)]
    private static partial Regex Plain();

    [GeneratedRegex(@"^(?:export\s+default\s+|module\.exports\s*=\s*)(?:app|server|api|router|handler)\b", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex Exports();

    [GeneratedRegex(@"\.(?:listen|start)\(|\bserve\(|Server\(|Bun\.serve|toNodeHandler", RegexOptions.NonBacktracking)]
    private static partial Regex Listens();
}
