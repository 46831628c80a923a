using System.Text.Json;

namespace Portal.Core.Builds.Detection.Node;

/// <summary>
/// An app of a repository in which Nx knows the apps: one package.json at the root, and a project.json in the folder of
/// each app whose build target says what it makes and where.
/// </summary>
internal sealed record NxProject(string Name, string Folder, JsonElement? Build)
{
    public string Command => $"nx build {Shell.Quote(Name)}";

    /// <summary>All apps of the repository; none where it is not Nx's, or each app is a package of its own.</summary>
    public static List<NxProject> In(SourceView root) =>
        root.Has("nx.json") && root.Has("package.json")
            ? [.. root.Named("project.json").Where(p => p.Contains('/') && SourceView.Depth(p) <= 4 && !root.Has(SourceView.FolderOf(p) + "/package.json")).Take(200)
                .Select(p => (Folder: SourceView.FolderOf(p), Json: Json.Parse(root.Read(p, 65536))))
                .Where(p => p.Json.Text("projectType") == "application" && !p.Folder.EndsWith("-e2e", StringComparison.Ordinal))
                .Select(p => new NxProject(p.Json.Text("name") ?? SourceView.NameOf(p.Folder), p.Folder, (p.Json.Get("targets") ?? p.Json.Get("architect")).Get("build")))
                .Where(p => p.Build is not null)]
            : [];

    /// <summary>The project of this folder and the root of its repository; null where it is none.</summary>
    public static (SourceView Root, NxProject Project)? At(SourceView folder)
    {
        for (var above = folder.Has("project.json") ? folder.Parent() : null; above is not null; above = above.Parent())
        {
            if (In(above).Find(p => SourceView.Join(above.Folder, p.Folder) == folder.Folder) is { } project)
            {
                return (above, project);
            }
        }

        return null;
    }

    /// <summary>The one that is built when nobody says which.</summary>
    public static NxProject? Default(SourceView root, IReadOnlyList<NxProject> projects) =>
        projects.Count == 1 ? projects[0] : projects.FirstOrDefault(p => p.Name == Json.Parse(root.Read("nx.json", 65536)).Text("defaultProject"));

    public NodeKind? Kind(NodeApp root)
    {
        var executor = Build.Text("executor") ?? Build.Text("builder") ?? "";
        var options = Build.Get("options");
        var path = options.Get("outputPath");
        if ((path.AsText() ?? path.Text("base")) is not { } named || SourceView.Normalise(named) is not { Length: > 0 } output)
        {
            return null;
        }

        var kind = new NodeKind(root.Package.Has("@angular/core") && executor.Contains("angular", StringComparison.Ordinal) ? "Angular" : "Nx", $"nx.json and {Folder}/project.json describe the app {Name}") { IgnoreScript = true };
        if (executor.Contains("/next", StringComparison.Ordinal))
        {
            return kind with { Name = "Next.js", Start = $"next start {Shell.Quote(output)} -p \"$PORT\"" };
        }

        var compiled = executor.EndsWith("js:tsc", StringComparison.Ordinal) || executor.EndsWith("js:swc", StringComparison.Ordinal);
        if (compiled || executor.Contains("/node", StringComparison.Ordinal) || executor.Contains("esbuild", StringComparison.Ordinal) || options.Text("target") == "node")
        {
            return kind with { Name = root.Package.Has("@nestjs/core") ? "NestJS" : "Node.js", Start = $"node {Shell.Quote(output + (compiled ? "/src/main.js" : "/main.js"))}" };
        }

        var browser = executor.EndsWith(":application", StringComparison.Ordinal) ? "/" + (path.Text("browser") ?? "browser") : "";
        return kind with { Output = SourceView.Normalise(output + browser) ?? output, Spa = true };
    }
}
