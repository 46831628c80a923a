namespace Portal.Core.Builds.Detection.Other;

/// <summary>A folder of files with an index.html, served as it is.</summary>
internal sealed class StaticStack : IStack
{
    // Where people keep the page when it is not at the top; a built site that is committed counts as well.
    private static readonly string[] Usual = ["public", "dist", "build", "static", "www", "site", "_site", "html", "htdocs", "web", "docs", "out", "src", "app"];

    public string Id => "static";

    public Draft? Detect(SourceView source, bool chosen)
    {
        var (root, because) = Configured(source) is { } set ? (set.Folder, $"{set.File} names the folder") : default((string?, string?));
        if (root is null && source.Has("index.html"))
        {
            (root, because) = (".", "index.html is at the top");
        }

        root ??= Usual.FirstOrDefault(f => source.Has(f + "/index.html"));
        if (root is null)
        {
            var pages = source.Where(p => !p.Contains('/') && p.EndsWith(".html", StringComparison.OrdinalIgnoreCase)).ToList();
            if (pages.Count == 0)
            {
                return null;
            }

            (root, because) = (".", $"{pages[0]} is at the top");
        }

        var draft = new Draft("Static site", Id) { Weak = root != "." && because is null };
        if (root == "." && !source.Has("index.html"))
        {
            draft.Warnings.Add("There is no index.html, so the address itself answers \"not found\". Name the first page index.html.");
        }

        return draft.ServeFiles(root, spa: false).Because(because ?? $"{root}/index.html: its folder is served as it is");
    }

    // "root: public": Cloud Foundry's file, and the two that Heroku has had.
    private static (string Folder, string File)? Configured(SourceView source)
    {
        var line = source.Read("Staticfile", 4096)?.Split('\n').Select(l => l.Trim()).FirstOrDefault(l => l.StartsWith("root:", StringComparison.Ordinal));
        foreach (var (folder, file) in ((string?, string)[])
        [
            (line?["root:".Length..].Trim().Trim('"', '\''), "Staticfile"),
            (Json.Parse(source.Read("static.json", 65536)).Text("root"), "static.json"),
            (Toml.Parse(source.Read("project.toml", 65536)).Table("com", "heroku", "static-web-server").Text("root"), "project.toml"),
        ])
        {
            if (folder is { Length: > 0 } && SourceView.Normalise(folder) is { } normal && (normal.Length == 0 || source.HasFolder(normal)))
            {
                return (normal.Length == 0 ? "." : normal, file);
            }
        }

        return null;
    }
}
