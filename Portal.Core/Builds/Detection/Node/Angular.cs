using System.Text.Json;

namespace Portal.Core.Builds.Detection.Node;

/// <summary>Where an Angular build leaves its files, from angular.json.</summary>
internal static class Angular
{
    public static readonly IReadOnlyDictionary<string, string> Quiet = new Dictionary<string, string> { ["NG_CLI_ANALYTICS"] = "false" };

    /// <summary>The output folder of the default application, and whether its build makes a server.</summary>
    public static (string Folder, bool Server) Output(NodeApp app)
    {
        var workspace = Json.Parse(app.Source.Read("angular.json"));
        var projects = workspace.Get("projects");
        var name = workspace.Text("defaultProject")
            ?? projects.Members().Where(p => p.Value.Text("projectType") != "library").Select(p => p.Name).FirstOrDefault()
            ?? app.Package.Name ?? "app";
        var targets = projects.Get(name).Get("architect") ?? projects.Get(name).Get("targets");
        var options = targets.Get("build").Get("options");
        var path = options.Get("outputPath");
        var folder = (path.AsText() ?? path.Text("base")) is { } given && SourceView.Normalise(given) is { Length: > 0 } set ? set : "dist/" + name;
        var hasServer = (options.Get("server").AsText() is not null || options.Get("ssr") is { ValueKind: JsonValueKind.Object or JsonValueKind.True })
            && options.Text("outputMode") != "static";
        return (folder, hasServer);
    }

    /// <summary>The folder to serve: the application builder (since 17) puts browser files in a folder of their own.</summary>
    public static string BrowserFolder(NodeApp app)
    {
        var workspace = Json.Parse(app.Source.Read("angular.json"));
        var (folder, _) = Output(app);
        var build = workspace.Get("projects").Members().Select(p => (p.Value.Get("architect") ?? p.Value.Get("targets")).Get("build")).FirstOrDefault(b => b is not null);
        var path = build.Get("options").Get("outputPath");
        var isApplicationBuilder = (build.Text("builder") ?? "").EndsWith(":application", StringComparison.Ordinal);
        return !isApplicationBuilder ? folder : path.Text("browser") is { } own ? SourceView.Join(folder, SourceView.Normalise(own) ?? "") : folder + "/browser";
    }
}
