using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Node;

/// <summary>A repository of several packages that are installed together at its root.</summary>
internal sealed class NodeWorkspace
{
    private readonly SourceView root;
    private readonly PackageJson package;
    private readonly List<NodeApp> members;

    private NodeWorkspace(SourceView root, PackageJson package, List<NodeApp> members)
    {
        this.root = root;
        this.package = package;
        this.members = members;
    }

    /// <summary>The workspace whose root this folder is, or null.</summary>
    public static NodeWorkspace? At(SourceView root, PackageJson package)
    {
        var patterns = package.Workspaces.Concat(PnpmPatterns(root)).Concat(LernaPatterns(root)).Take(64).ToList();
        if (patterns.Count == 0)
        {
            return null;
        }

        var wanted = patterns.Where(p => !p.StartsWith('!')).Select(Pattern).OfType<Regex>().ToList();
        var unwanted = patterns.Where(p => p.StartsWith('!')).Select(p => Pattern(p[1..])).OfType<Regex>().ToList();
        var members = root.Named("package.json").Select(SourceView.FolderOf)
            .Where(f => f.Length > 0 && wanted.Exists(w => w.IsMatch(f)) && !unwanted.Exists(u => u.IsMatch(f)))
            .Take(200)
            .Select(f => (Source: root.At(f), Folder: f))
            .Select(m => (m.Source, Package: PackageJson.Read(m.Source, out _)))
            .Where(m => m.Package is not null)
            .Select(m => new NodeApp(m.Source, m.Package!))
            .ToList();
        return members.Count == 0 ? null : new NodeWorkspace(root, package, members);
    }

    /// <summary>The workspace above that has this folder as a member, or null.</summary>
    public static NodeWorkspace? Around(SourceView member)
    {
        // A lock file of its own makes a package independent of what lies above.
        if (member.Folder.Length == 0 || member.First("package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb") is not null)
        {
            return null;
        }

        for (var above = member.Parent(); above is not null; above = above.Parent())
        {
            if (PackageJson.Read(above, out _) is { } package && At(above, package) is { } workspace && workspace.members.Exists(m => m.Source.Folder == member.Folder))
            {
                return workspace;
            }
        }

        return null;
    }

    /// <summary>True for a root script that only hands over to the members: "turbo run start".</summary>
    public static bool Delegates(string script) =>
        Shell.Words(script).Exists(w => w is "turbo" or "lerna" or "--workspaces" or "-ws" or "--workspace" or "-w" or "--filter" or "-F" or "workspaces" or "workspace" or "-r" or "--recursive" or "--parallel" or "nx" or "wsrun");

    /// <summary>The plan of the one member that is an app, or of one of the folders named.</summary>
    public Draft? Plan(Draft draft, IReadOnlyList<string>? folders)
    {
        var apps = members.Where(m => folders is null ? NodeStack.IsApp(m) && !IsAside(m) : folders.Contains(m.Source.Folder)).ToList();
        var app = Choose(apps);
        if (app is null)
        {
            var names = apps.Select(a => Relative(a.Source.Folder)).Order(StringComparer.Ordinal).Take(10).ToList();
            if (names.Count == 0)
            {
                return draft.Fail("This repository is a workspace, and none of its packages can be started.", "Give the package that is the app a start script, or set the app's start command.");
            }

            draft.NamesApps = true;
            return draft.Fail($"This repository holds several apps: {string.Join(", ", names.Concat(Nested.OtherThan("node", root)))}.", $"Set Folder in the app's settings to one of them, such as {names[0]}. Each can be an app of its own.");
        }

        if (apps.Count > 1)
        {
            draft.Warnings.Add($"Other apps in this repository: {string.Join(", ", apps.Where(a => a != app).Select(a => Relative(a.Source.Folder)).Order(StringComparer.Ordinal).Take(10))}. Set the app's folder to run one of them.");
        }

        var folder = Relative(app.Source.Folder);
        if (folders is null && Nested.OtherThan("node", root) is { Count: > 0 } others)
        {
            draft.Warnings.Add($"Apps of another kind in this repository: {string.Join(", ", others)}. Each can be an app of its own, with its folder set.");
        }

        draft.Folder = root.Folder;
        draft.Because($"the repository is a workspace; the app is in {folder}");
        var manager = PackageManager.Of(root, package, draft.Why, draft.Warnings);
        return NodeStack.Plan(draft, new NodeApp(root, package), app, manager, folder, app.Package.Script("build") is null ? null : Build(app, manager));
    }

    private string Relative(string folder) => root.Folder.Length == 0 ? folder : folder[(root.Folder.Length + 1)..];

    private static bool IsAside(NodeApp app) =>
        app.Source.Folder.Split('/').Any(part => part is "examples" or "example" or "e2e" or "test" or "tests" or "benchmarks" or "fixtures" or "storybook") || app.Source.Folder.EndsWith("-e2e", StringComparison.Ordinal);

    private NodeApp? Choose(List<NodeApp> apps)
    {
        if (apps.Count <= 1)
        {
            return apps.FirstOrDefault();
        }

        // "start": "npm run start --workspace=web" says which one it is.
        var start = package.Script("start") ?? "";
        var named = apps.Where(a => Shell.Words(start.Replace('=', ' ')).Exists(w => w == a.Package.Name || SourceView.Normalise(w) == Relative(a.Source.Folder))).ToList();
        if (named.Count == 1)
        {
            return named[0];
        }

        foreach (var name in (string[])["web", "www", "site", "website", "app", "frontend", "client"])
        {
            var matching = apps.Where(a => SourceView.NameOf(a.Source.Folder) == name).ToList();
            if (matching.Count == 1 && apps.TrueForAll(a => a == matching[0] || SourceView.NameOf(a.Source.Folder) is "docs" or "storybook" or "e2e" || !NodeStackIsBackend(a)))
            {
                return matching[0];
            }
        }

        return null;
    }

    // A second part with a server of its own: nobody but the person can say which of the two is meant.
    private static bool NodeStackIsBackend(NodeApp app) => NodeStack.Recognised(app) is null && app.HasServerLibrary;

    // Packages that the app uses have to be built before it.
    private string Build(NodeApp app, PackageManager manager)
    {
        var name = app.Package.Name;
        var build = package.Script("build") ?? "";
        var everything = build.Length > 0 && Delegates(build) && !build.Contains("turbo", StringComparison.Ordinal);
        if (everything || name is null)
        {
            return build.Length > 0 ? manager.Run("build") : Shell.Complete(manager.Run("build"), [], Relative(app.Source.Folder));
        }

        if (package.Has("turbo"))
        {
            return manager.Exec($"turbo run build --filter={Shell.Quote(name)}");
        }

        return manager.Name switch
        {
            "pnpm" => $"pnpm --filter {Shell.Quote(name + "...")} run build",
            "yarn" when manager.IsBerry => $"yarn workspaces foreach -Rpt --from {Shell.Quote(name)} run build",
            "yarn" => Join(DependenciesFirst(app).Select(m => $"yarn workspace {Shell.Quote(m.Package.Name ?? "")} run build")),
            "bun" => Join(DependenciesFirst(app).Select(m => $"bun run --filter {Shell.Quote(m.Package.Name ?? "")} build")),
            _ => Join(DependenciesFirst(app).Select(m => $"npm run build --workspace={Shell.Quote(m.Package.Name ?? "")}")),
        };
    }

    private static string Join(IEnumerable<string> commands) => string.Join(" && ", commands);

    private List<NodeApp> DependenciesFirst(NodeApp app)
    {
        var ordered = new List<NodeApp>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<(NodeApp App, bool Done)>([(app, false)]);
        while (open.TryPop(out var next))
        {
            if (next.Done)
            {
                ordered.Add(next.App);
            }
            else if (seen.Add(next.App.Source.Folder))
            {
                open.Push((next.App, true));
                foreach (var member in members.Where(m => m.Package.Name is { } n && next.App.Package.Has(n)))
                {
                    open.Push((member, false));
                }
            }
        }

        return [.. ordered.Where(m => m.Package.Script("build") is not null && m.Package.Name is not null)];
    }

    private static IEnumerable<string> LernaPatterns(SourceView root) => Json.Parse(root.Read("lerna.json")).Get("packages").Texts();

    // Only the "packages" list is of interest: "  - 'apps/*'" lines below "packages:".
    private static IEnumerable<string> PnpmPatterns(SourceView root)
    {
        var inside = false;
        foreach (var line in (root.Read("pnpm-workspace.yaml", 65536) ?? "").Split('\n').Select(l => l.TrimEnd()))
        {
            if (line.StartsWith("packages:", StringComparison.Ordinal))
            {
                inside = true;
            }
            else if (inside && line.TrimStart() is ['-', .. var item])
            {
                yield return item.Split(" #")[0].Trim().Trim('\'', '"');
            }
            else if (line.Length > 0 && line[0] is not (' ' or '\t' or '#'))
            {
                inside = false;
            }
        }
    }

    private static Regex? Pattern(string glob)
    {
        if (glob.Length > 200 || SourceView.Normalise(glob) is not { Length: > 0 } path)
        {
            return null;
        }

        var pattern = Regex.Escape(path).Replace("\\*\\*", ".*", StringComparison.Ordinal).Replace("\\*", "[^/]*", StringComparison.Ordinal);
        return new Regex($"^{pattern}$", RegexOptions.NonBacktracking);
    }
}
