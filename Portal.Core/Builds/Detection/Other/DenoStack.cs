namespace Portal.Core.Builds.Detection.Other;

/// <summary>Deno: a task called start, or the usual entry.</summary>
internal sealed class DenoStack : IStack
{
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
        var json = config is null ? null : Json.Parse(source.Read(config));
        var tasks = json.Get("tasks");
        if (tasks.Get("build") is not null)
        {
            draft.Step(Draft.Build, "deno task build").Because($"{config} has a build task");
        }

        if (tasks.Get("start") is not null)
        {
            return draft.Because($"{config} has a start task").Serve("deno task start");
        }

        if (entry is null && tasks.Get("build") is not null && !source.Has("package.json") && source.Has("index.html") && source.Where(p => p.StartsWith("vite.config.", StringComparison.Ordinal)).Any())
        {
            return draft.Because("Vite builds its pages").ServeFiles("dist", spa: true);
        }

        if (entry is null)
        {
            return draft.Fail("This is a Deno project, and nothing in it says what to start.", "Add a start task to deno.json, or name the main file main.ts.");
        }

        draft.Step(Draft.Install, $"deno cache {Shell.Quote(entry)}");
        var serves = (source.Read(entry, 65536) ?? "").Contains("export default", StringComparison.Ordinal);
        return draft.Because($"{entry} is the entry").Serve(serves ? $"deno serve --allow-all --host 0.0.0.0 --port \"$PORT\" {Shell.Quote(entry)}" : $"deno run --allow-all {Shell.Quote(entry)}");
    }
}
