namespace Portal.Core.Builds.Detection.Other;

/// <summary>
/// Programs for the Bun runtime itself: a TypeScript entry that nothing else would run. A repository that only installs
/// with Bun is a Node app.
/// </summary>
internal sealed class BunStack : IStack
{
    private static readonly string[] Entries = ["index.ts", "index.tsx", "src/index.ts", "src/index.tsx", "server.ts", "src/server.ts", "main.ts", "src/main.ts", "app.ts", "src/app.ts", "index.js", "src/index.js", "server.js"];

    public string Id => "bun";

    public Draft? Detect(SourceView source, bool chosen)
    {
        var locked = source.First("bun.lock", "bun.lockb", "bunfig.toml");
        var package = Node.PackageJson.Read(source, out var error);
        if (error is not null || (package is null && locked is null))
        {
            return null;
        }

        package ??= Node.PackageJson.Empty;
        var app = new Node.NodeApp(source, package);
        var start = package.Script("start") ?? "";
        var forBun = start.StartsWith("bun ", StringComparison.Ordinal) || start.StartsWith("bunx ", StringComparison.Ordinal);
        var typed = package.HasAny("@types/bun", "bun-types", "elysia") && app.Source.First("package-lock.json", "yarn.lock", "pnpm-lock.yaml") is null;
        var served = locked is null && start.Length == 0 ? Node.ExportedApp.Fetch(app) : null;
        if (!forBun && served is null && ((locked is null && !typed) || start.Length > 0 || Node.NodeStack.Recognised(app) is not null || (package.Workspaces.Count > 0 && !(package.Text("module") is { } own && source.Has(own)))))
        {
            return null;
        }

        var entry = served ?? source.First(Entries) ?? (package.Main is { } main && source.Has(main) ? main : null) ?? (package.Text("module") is { } module && source.Has(module) ? module : null);
        if (!forBun && entry is null)
        {
            return null;
        }

        var draft = new Draft("Bun", Id).Because(locked is not null ? $"{locked} is Bun's" : forBun ? "the start script runs Bun" : served is not null ? $"{served} exports its app, which Bun serves" : "package.json has Bun's own packages");
        var manager = served is not null ? Node.PackageManager.Of(source, package, draft.Why, draft.Warnings) : new Node.PackageManager("bun", null, source.First("bun.lock", "bun.lockb"));
        if (manager.Name != "bun")
        {
            draft.BringTool("bun", "bun@1", null, "npm install bun@1");
        }

        manager.AddInstall(draft, skipped: package.Dependencies.Count == 0);
        draft.RunEnvironment["NODE_ENV"] = "production";
        if (package.Script("build") is { } build)
        {
            draft.Step(Draft.Build, "bun run build").Because($"package.json has a build script: {build}");
        }

        return forBun ? draft.Because($"package.json has a start script: {start}").Serve("bun run start") : draft.Because($"{entry} is the entry").Serve($"bun run {Shell.Quote(entry!)}");
    }
}
