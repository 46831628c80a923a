namespace Portal.Core.Builds.Detection.DotNet;

/// <summary>Which project of several is the app.</summary>
internal static class DotNetChoice
{
    private static readonly HashSet<string> Aside = new(StringComparer.OrdinalIgnoreCase)
    {
        "test", "tests", "sample", "samples", "example", "examples", "benchmark", "benchmarks", "perf", "tools", "build", "eng", "docs", "template", "templates",
    };

    /// <summary>The same for a whole repository: a project at its top is the app, unless it is a program that only builds the web projects below.</summary>
    public static (DotNetProject Project, List<DotNetProject> Others)? PickNearest(IReadOnlyList<DotNetProject> projects) =>
        Pick([.. projects.Where(p => p.Folder.Length == 0)]) is { } top && (top.Project.Kind != DotNetKind.Console || !projects.Any(p => p.Kind == DotNetKind.Web && !IsAside(p))) ? top : Pick(projects);

    private static bool IsAside(DotNetProject project) => project.Folder.Split('/').Any(Aside.Contains);

    /// <summary>The app's project and the others of its kind; null when none can run.</summary>
    public static (DotNetProject Project, List<DotNetProject> Others)? Pick(IReadOnlyList<DotNetProject> projects)
    {
        foreach (var kind in (DotNetKind[])[DotNetKind.Web, DotNetKind.WebAssembly, DotNetKind.Worker, DotNetKind.Console])
        {
            var candidates = projects.Where(p => p.Kind == kind).ToList();

            // A project that another candidate includes is a part of it.
            var tops = candidates.Where(c => !candidates.Exists(o => o != c && o.References.Contains(c.Path))).ToList();
            var ordered = (tops.Count > 0 ? tops : candidates)
                .OrderBy(p => IsAside(p) ? 1 : 0)
                .ThenBy(p => kind == DotNetKind.Web ? Rank(p) : 0)
                .ThenBy(p => SourceView.Depth(p.Path))
                .ThenByDescending(p => p.References.Count)
                .ThenBy(p => p.Path, StringComparer.Ordinal)
                .ToList();
            if (ordered.Count > 0)
            {
                return (ordered[0], ordered[1..]);
            }
        }

        return null;
    }

    // Of a front end, an API and a gateway the one people open in a browser comes first.
    private static int Rank(DotNetProject project)
    {
        var last = SourceView.NameOf(System.IO.Path.ChangeExtension(project.Path, null)).Split('.')[^1].ToUpperInvariant();
        return last switch
        {
            "WEB" or "WEBAPP" or "WEBUI" or "SITE" or "WEBSITE" or "MVC" or "FRONTEND" or "SERVER" or "UI" => 0,
            "API" or "WEBAPI" or "SERVICE" or "BACKEND" => 2,
            "IDENTITY" or "IDENTITYSERVER" or "GATEWAY" or "MIGRATIONS" or "SEED" or "ADMIN" or "PUBLICAPI" => 3,
            _ => 1,
        };
    }
}
