namespace Portal.Core.Builds.Detection;

/// <summary>Looks one and two folders down when the top of a repository is no app itself.</summary>
internal static class Nested
{
    private const int MaxFolders = 300;

    private static readonly HashSet<string> Aside = new(StringComparer.OrdinalIgnoreCase)
    {
        "docs", "doc", "test", "tests", "example", "examples", "sample", "samples", "e2e", "scripts", "script", "tools", "vendor", "node_modules", "fixtures", "terraform", "infra", "k8s", "helm", "charts",
        "docker", "assets", "images", "img", "static", "public", "templates", "spec", "benchmarks", "smoke_test", "bin", "build", "config", "deploy", "media", "screenshots", "locales", "themes", "layouts", "archetypes", "resources",
    };

    /// <summary>The folders one below that hold an app of another tool-chain, with its name: "backend (FastAPI)".</summary>
    public static List<string> OtherThan(string stackId, SourceView source) =>
        [.. At(source, 0).Where(f => f.Draft.StackId != stackId && f.Draft.StackId is not ("static" or "docker" or "shell")).Take(8).Select(f => $"{f.Folder} ({f.Draft.Stack})")];

    private static List<(string Folder, Draft Draft)> At(SourceView source, int depth) =>
    [
        .. source.Folders.Where(f => SourceView.Depth(f) == depth && !f.Split('/').Any(part => Aside.Contains(part) || part.StartsWith('.')))
            .Order(StringComparer.Ordinal).Take(MaxFolders)
            .Select(f => (Folder: f, Draft: StackTable.Detect(source.Alone(f))!))
            .Where(f => f.Draft is { Problem: null }),
    ];

    /// <summary>The one app below, a problem that names several, or null when there is none.</summary>
    public static Draft? Find(SourceView source)
    {
        for (var depth = 0; depth < 2; depth++)
        {
            var found = At(source, depth);

            // A page beside a program is usually its template or its documentation.
            if (found.Count > 1 && found.Exists(f => f.Draft.StackId != "static"))
            {
                found.RemoveAll(f => f.Draft.StackId == "static");
            }

            found.RemoveAll(f => f.Draft is { StackId: "static", Warnings.Count: > 0 });

            // "src" with a page in "src/web" is no app when there are real ones in the folders below it.
            if (depth == 0 && found.TrueForAll(f => f.Draft.Weak) && At(source, 1).Exists(f => f.Draft.StackId != "static"))
            {
                continue;
            }

            // Spring's guides: the result and its starting point side by side.
            if (found.Count > 1 && found.TrueForAll(f => f.Folder.Split('-')[0] is "complete" or "initial") && found.Exists(f => f.Folder == "complete"))
            {
                found.RemoveAll(f => f.Folder != "complete");
            }

            if (found.Count == 1)
            {
                found[0].Draft.Folder ??= SourceView.Join(source.Folder, found[0].Folder);
                found[0].Draft.Why.Insert(0, $"nothing at the top can be run; {found[0].Folder} is the only folder with an app in it");
                return found[0].Draft;
            }

            if (found.Count > 1)
            {
                var names = found.Select(f => $"{f.Folder} ({f.Draft.Stack})").ToList();
                var shown = string.Join(", ", names.Take(8)) + (names.Count > 8 ? $" and {names.Count - 8} more" : "");
                return new Draft("Unknown", "unknown").Fail(
                    $"Nothing at the top of the repository can be run, and several folders hold an app: {shown}.",
                    $"Set Folder in the app's settings to one of them, such as {found[0].Folder}. Each can be an app of its own.");
            }
        }

        return null;
    }
}
