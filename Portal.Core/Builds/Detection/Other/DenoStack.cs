namespace Portal.Core.Builds.Detection.Other;

/// <summary>Deno: a task called start, or the usual entry.</summary>
internal sealed class DenoStack : IStack
{
    private const string Kept = ".portal/deno";
    private const string Keep = "mkdir -p .portal && cp -R \"$DENO_DIR\" " + Kept;

    public string Id => "deno";

    public Draft? Detect(SourceView source, bool chosen)
    {
        var config = source.First("deno.json", "deno.jsonc");
        var entry = source.First("main.ts", "main.tsx", "mod.ts", "server.ts", "app.ts", "index.ts", "main.js", "src/main.ts", "src/server.ts");
        var lone = config is null && !source.Has("package.json") && !source.Has("bunfig.toml") && entry is not null && entry.EndsWith(".ts", StringComparison.Ordinal)
            && (source.Has("deno.lock") || (source.Read(entry, 65536) ?? "") is var text && (text.Contains("Deno.", StringComparison.Ordinal) || text.Contains("https://deno.land", StringComparison.Ordinal) || text.Contains("jsr:", StringComparison.Ordinal) || text.Contains("\"npm:", StringComparison.Ordinal)));
        if (config is null && !lone)
        {
            return null;
        }

        // A deno.json beside a package.json with scripts is often only for formatting.
        if (source.Has("package.json") && Node.PackageJson.Read(source, out _) is { Scripts.Count: > 0 } && !source.Has("deno.lock"))
        {
            return null;
        }

        var draft = new Draft("Deno", Id).Because($"{config ?? entry} is a Deno project");
        draft.BringTool("deno", "deno@2", "command -v deno >/dev/null", "Deno: this machine's, else deno@2 from npm");
        draft.Caches.Add(new CacheFolder("deno", "DENO_DIR"));
        draft.BuildEnvironment["DENO_NO_UPDATE_CHECK"] = "1";
        draft.RunEnvironment["DENO_NO_UPDATE_CHECK"] = "1";
        var json = config is null ? null : Json.Parse(source.Read(config));
        var tasks = json.Get("tasks");
        if (json.Get("imports") is not null || source.Has("package.json"))
        {
            draft.Step(Draft.Install, "deno install");
        }

        if (entry is not null)
        {
            draft.Step(Draft.Install, $"deno cache {Shell.Quote(entry)}");
        }

        if (tasks.Get("build") is not null)
        {
            draft.Step(Draft.Build, "deno task build").Because($"{config} has a build task");
        }

        if (tasks.Get("start") is null && entry is null)
        {
            return tasks.Get("build") is not null && !source.Has("package.json") && source.Has("index.html") && source.Where(p => p.StartsWith("vite.config.", StringComparison.Ordinal)).Any()
                ? draft.Because("Vite builds its pages").ServeFiles("dist", spa: true)
                : draft.Fail("This is a Deno project, and nothing in it says what to start.", "Add a start task to deno.json, or name the main file main.ts.");
        }

        // What was fetched goes along: a start must not need the hosts of modules.
        draft.Step(Draft.Build, Keep).Shorter[Keep] = "keep the modules that were fetched";
        draft.RunEnvironment["DENO_DIR"] = Kept;
        if (tasks.Get("start") is not null)
        {
            return draft.Because($"{config} has a start task").Serve("deno task start");
        }

        var serves = (source.Read(entry!, 65536) ?? "").Contains("export default", StringComparison.Ordinal);
        return draft.Because($"{entry} is the entry").Serve(serves ? $"deno serve --allow-all --host 0.0.0.0 --port \"$PORT\" {Shell.Quote(entry!)}" : $"deno run --allow-all {Shell.Quote(entry!)}");
    }
}
