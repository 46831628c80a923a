namespace Portal.Core.Builds.Detection.Node;

/// <summary>
/// Anything with a package.json: install exactly what the lock file says, build when there is something to build, then
/// start a program or serve the files the build made.
/// </summary>
internal sealed class NodeStack : IStack
{
    public const string Get = "install Node.js from nodejs.org, or the Debian package nodejs with npm";

    public string Id => "node";

    public Draft? Detect(SourceView source, bool chosen)
    {
        var draft = new Draft("Node.js", Id);
        if (!source.Has("package.json"))
        {
            return NxProject.At(source) is { } at && PackageJson.Read(at.Root, out _) is { } shared ? OfNx(draft, new NodeApp(at.Root, shared), at.Project) : LooseScript(source, draft);
        }

        var package = PackageJson.Read(source, out var error);
        if (package is null)
        {
            draft.Final = true;
            return draft.Fail($"package.json cannot be read: it is not valid JSON ({error ?? "it is empty"}).", "Correct package.json and push again.");
        }

        if (NodeWorkspace.Around(source) is { } around)
        {
            return around.Plan(draft, [source.Folder]);
        }

        var app = new NodeApp(source, package);
        if (NodeWorkspace.At(source, package) is { } workspace && !IsAppItself(app))
        {
            return workspace.Plan(draft, null);
        }

        if (NxProject.In(source) is { Count: > 0 } projects && package.Script("start") is null or "nx serve")
        {
            return Nx(draft, app, projects);
        }

        var manager = PackageManager.Of(source, package, draft.Why, draft.Warnings);
        return Plan(draft, app, app, manager, "", null);
    }

    private static Draft? Nx(Draft draft, NodeApp app, List<NxProject> projects)
    {
        if (NxProject.Default(app.Source, projects) is { } project)
        {
            return OfNx(draft, app, project);
        }

        var folders = projects.Select(p => p.Folder).Order(StringComparer.Ordinal).Take(10).ToList();
        draft.NamesApps = true;
        return draft.Fail($"This repository holds several apps: {string.Join(", ", folders)}.", $"Set Folder in the app's settings to one of them, such as {folders[0]}. Each can be an app of its own.");
    }

    private static Draft? OfNx(Draft draft, NodeApp root, NxProject project)
    {
        draft.Folder = root.Source.Folder;
        var manager = PackageManager.Of(root.Source, root.Package, draft.Why, draft.Warnings);
        return project.Kind(root) is { } kind ? Plan(draft, root, root, manager, "", manager.Exec(project.Command), kind)
            : draft.Fail($"Nx builds {project.Name}, and its project.json does not say where to.", "Set the build and start commands or the output folder in the app's settings.");
    }

    /// <summary>
    /// Writes the plan of <paramref name="app"/>, which lies in <paramref name="folder"/> of <paramref name="root"/>, where
    /// packages are installed. <paramref name="build"/> replaces the app's own build, <paramref name="known"/> what the package would be taken for.
    /// </summary>
    public static Draft? Plan(Draft draft, NodeApp root, NodeApp app, PackageManager manager, string folder, string? build, NodeKind? known = null)
    {
        var package = app.Package;
        draft.Needs("node", null, Get);
        var asked = NodeBuild.Version(app) ?? NodeBuild.Version(root);
        if (asked is { } version)
        {
            draft.Asks(version.Version, null, strict: false);
            draft.Because($"{version.File} asks for Node {version.Version}");
            NodeVersion.Bring(draft, version.Version);
        }
        else
        {
            NodeVersion.BringFor(draft, root.Source, package);
        }

        // At run time a package's programs come before those of the machine.
        draft.Path.AddRange(folder.Length == 0 ? ["node_modules/.bin"] : [folder + "/node_modules/.bin", "node_modules/.bin"]);
        draft.RunEnvironment["NODE_ENV"] = "production";
        draft.BuildEnvironment["NODE_ENV"] = "production";

        var nothing = root.Package.Dependencies.Count == 0 && package.Dependencies.Count == 0 && !root.Package.HasInstallHooks && manager.Name is "npm" && root.Package.Workspaces.Count == 0;
        if (nothing)
        {
            draft.Because("package.json has no dependencies, so nothing is installed");
        }

        manager.AddInstall(draft, skipped: nothing);
        if (NodeBuild.NeedsLegacyHash(package) && !NodeVersion.IsBefore17(asked?.Version))
        {
            draft.BuildEnvironment["NODE_OPTIONS"] = "--openssl-legacy-provider";
            draft.Because("the build tools are from before Node 17: Node's old hash functions are switched on for the build");
        }

        var kind = known ?? Kind(app);
        var (start, because) = kind is { Output: null } or null ? Start(app, manager, kind) : default;
        if (start is null && kind is null)
        {
            kind = PlainFiles(app);
        }

        if (kind is not null)
        {
            draft.Stack = kind.Name;
            draft.Because(kind.Because);
            Merge(kind, draft);
            if (kind.Cache is not null)
            {
                draft.Caches.Add(new CacheFolder("build", RelativePath: SourceView.Join(folder, kind.Cache)));
            }
        }

        if (kind?.Brings is { } tool)
        {
            draft.BringTool(tool.Split('@')[0], tool, null, $"npm install {tool}");
        }

        if (kind?.BeforeBuild is { } before)
        {
            draft.Step(Draft.Build, before, folder);
        }

        if (build is not null)
        {
            draft.Step(Draft.Build, build);
        }
        else if (NodeBuild.Command(app, manager, kind, start) is { } step)
        {
            draft.Step(Draft.Build, step.Command, folder).Because(step.Because);
        }

        if (kind?.AfterBuild is { } after)
        {
            draft.Step(Draft.Build, after, folder);
        }

        if (start is null && kind?.Output is null)
        {
            return Nothing(draft, app);
        }

        if (start is null)
        {
            draft.ServeFiles(SourceView.Join(folder, kind!.Output!), kind.Spa);
            draft.StartedBecause($"the files in {(draft.OutputDirectory == "." ? "the root folder" : draft.OutputDirectory)} are served{(kind.Spa ? "; unknown paths answer with index.html" : "")}");
        }
        else if (ExportedApp.Function(app, start) is { } file)
        {
            draft.Serve(ExportedApp.Listen(file), folder).StartedBecause($"{file} hands out its app and listens to nothing, so a server is put around it");
            draft.Processes[0] = draft.Processes[0] with { Text = $"node {file}, with a server around the app that it exports" };
        }
        else
        {
            draft.Serve(start, folder).StartedBecause(because ?? $"it starts with: {start}");
            NodeStart.WarnOfFixedPort(app, draft, start);
        }

        if (draft.Steps.Count > 0 || start?.StartsWith("npm", StringComparison.Ordinal) == true)
        {
            draft.Needs("npm", null, Get);
        }

        return draft;
    }

    // A root that starts by itself is the app even when it has workspaces.
    private static bool IsAppItself(NodeApp app)
    {
        var start = app.Package.Script("start") ?? "";
        return Recognised(app) is not null
            || (start.Length > 0 && !StartScript.ServesFiles(app.Package, start) && !NodeWorkspace.Delegates(start))
            || (start.Length == 0 && app.HasServerLibrary && NodeStart.Entry(app) is not null);
    }

    public static NodeKind? Recognised(NodeApp app) => ServerFrameworks.Recognise(app) ?? StaticFrameworks.Recognise(app);

    /// <summary>True when the package on its own is something that runs or can be served.</summary>
    public static bool IsApp(NodeApp app) =>
        Kind(app) is not null || app.Package.Script("start") is not null || (app.HasServerLibrary && NodeStart.Entry(app) is not null);

    private static NodeKind? Kind(NodeApp app)
    {
        if (ServerFrameworks.Recognise(app) is { } server)
        {
            return server;
        }

        if (NodeStart.Script(app.Package) is null or "start" && StaticFrameworks.Recognise(app) is null && Workers.Recognise(app) is { } worker)
        {
            return worker;
        }

        // A bundler beside a server of the package's own: the server delivers the files.
        var start = NodeStart.Script(app.Package) is { } name ? app.Package.Script(name) : null;
        if (start is not null && !StartScript.ServesFiles(app.Package, start))
        {
            return null;
        }

        if (start is null && app.HasServerLibrary && NodeStart.Entry(app) is not null && !app.Source.Has("index.html"))
        {
            return null;
        }

        return StaticFrameworks.Recognise(app);
    }

    private static (string? Command, string? Because) Start(NodeApp app, PackageManager manager, NodeKind? kind)
    {
        var name = NodeStart.Script(app.Package);
        if (kind is { IgnoreScript: true, Start: not null })
        {
            return (manager.Exec(kind.Start), $"{kind.Name} starts with: {kind.Start}");
        }

        if (name is not null && !StartScript.ServesFiles(app.Package, app.Package.Script(name)))
        {
            return (NodeStart.ScriptCommand(app, manager, name), $"package.json has a {name} script: {app.Package.Script(name)}");
        }

        if (kind?.Start is { } own)
        {
            return (manager.Exec(own), $"{kind.Name} starts with: {own}");
        }

        return name is null && NodeStart.Entry(app) is { } entry ? (entry, $"there is no start script, so the main file is started: {entry}") : default;
    }

    // No framework, but something to serve: what the file-server script names, or what a build script usually makes.
    private static NodeKind? PlainFiles(NodeApp app)
    {
        var script = app.Package.Script("start") ?? app.Package.Script("serve");
        if (StartScript.ServedFolder(script) is { } served && (served.Folder.Length > 0 || app.Source.Has("index.html")))
        {
            return new NodeKind("Static site", $"package.json serves files: {script}") { Output = served.Folder.Length == 0 ? "." : served.Folder, Spa = served.Spa };
        }

        if (app.Package.Script("build") is { } build && !app.HasServerLibrary)
        {
            var made = (string[])["dist", "build", "public", "out", "_site", "www"];
            var named = PlatformFiles.Read(app.Source).Output ?? made.FirstOrDefault(f => Shell.Words(build.Replace('/', ' ')).Contains(f));
            if (named is not null || app.Source.Has("index.html") || app.Source.Has("src/index.html"))
            {
                return new NodeKind("Static site", "package.json has a build script and no server") { Output = named ?? "dist" };
            }
        }

        return app.Source.Has("public/index.html") ? new NodeKind("Static site", "public/index.html, and nothing that starts a server") { Output = "public" }
            : app.Source.Has("index.html") ? new NodeKind("Static site", "index.html, and nothing that starts a server") { Output = "." }
            : null;
    }

    private static Draft Nothing(Draft draft, NodeApp app) => draft.Fail(
        app.Package.Main is { } main
            ? $"package.json has no start script, and its main file {main} does not exist."
            : "package.json has no start script, and there is no server.js or index.js.",
        "Add a start script to package.json, such as \"start\": \"node server.js\", or set the start command in the app's settings.");

    private static void Merge(NodeKind kind, Draft draft)
    {
        foreach (var (name, value) in kind.BuildEnvironment)
        {
            draft.BuildEnvironment[name] = value;
        }

        foreach (var (name, value) in kind.RunEnvironment)
        {
            draft.RunEnvironment[name] = value;
        }

        if (kind.Warning is not null)
        {
            draft.Warnings.Add(kind.Warning);
        }
    }

    // A folder of scripts without package.json still runs when one of them has a server's usual name.
    private static Draft? LooseScript(SourceView source, Draft draft)
    {
        var entry = source.First("server.js", "app.js", "index.js", "server.mjs", "app.mjs", "index.mjs", "main.js");
        if (entry is null || source.Has("index.html") || source.Has("deno.json") || source.Has("deno.jsonc"))
        {
            return null;
        }

        draft.RunEnvironment["NODE_ENV"] = "production";
        return draft.Needs("node", null, Get).Serve($"node {entry}").Because($"{entry} and no package.json: Node runs it as it is");
    }
}
