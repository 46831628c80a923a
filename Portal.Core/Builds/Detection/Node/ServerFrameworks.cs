using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Node;

/// <summary>Frameworks whose build is a server, or files when it is configured so.</summary>
internal static partial class ServerFrameworks
{
    private static readonly Dictionary<string, string> AnyHost = new() { ["HOST"] = "0.0.0.0" };

    public static NodeKind? Recognise(NodeApp app)
    {
        var p = app.Package;
        return p.Has("next") ? Next(app)
            : p.HasAny("nuxt", "nuxt3", "nuxt-edge", "nuxt-nightly") ? Nuxt(app)
            : p.Has("@react-router/dev") ? ReactRouter(app)
            : p.HasAny("@remix-run/dev", "@remix-run/serve") ? Remix(app)
            : p.Has("@sveltejs/kit") ? SvelteKit(app)
            : p.Has("astro") ? Astro(app)
            : p.HasAny("@solidjs/start", "@tanstack/react-start", "@tanstack/solid-start", "@tanstack/start", "vinxi", "nitropack", "nitro") ? Nitro(app)
            : p.HasAny("@angular/ssr", "@nguniversal/express-engine") ? AngularServer(app)
            : p.Has("sapper") && Script(app, "build").Contains("export", StringComparison.Ordinal) ? new NodeKind("Sapper", "package.json depends on sapper") { Output = "__sapper__/export" }
            : p.Has("sapper") ? new NodeKind("Sapper", "package.json depends on sapper") { Build = "sapper build", Start = "node __sapper__/build", IgnoreScript = StartScript.IsForDeveloping(Script(app, "start")) }
            : p.Has("@redwoodjs/core") ? new NodeKind("RedwoodJS", "package.json depends on @redwoodjs/core") { Build = "rw build", Start = "rw serve --port \"$PORT\"", IgnoreScript = true }
            : p.Has("@google-cloud/functions-framework") && Function(app) is { } function ? new NodeKind("Functions Framework", $"package.json depends on @google-cloud/functions-framework, and the function is {function}") { Start = $"functions-framework --target={function}" }
            : p.Has("@nestjs/core") ? Nest(app)
            : p.HasAny("@strapi/strapi", "strapi") ? new NodeKind("Strapi", "package.json depends on Strapi") { Build = "strapi build", Start = "strapi start", IgnoreScript = true, RunEnvironment = AnyHost }
            : p.Has("@adonisjs/core") ? Adonis(app)
            : null;
    }

    private static NodeKind Next(NodeApp app)
    {
        var kind = new NodeKind("Next.js", "package.json depends on next")
        {
            Build = "next build",
            Cache = ".next/cache",
            BuildEnvironment = new Dictionary<string, string> { ["NEXT_TELEMETRY_DISABLED"] = "1" },
        };
        var config = app.Config("next.config");
        if (ExportOutput().IsMatch(config) || Script(app, "build").Contains("next export", StringComparison.Ordinal))
        {
            var folder = DistDir().Match(config).Groups[1].Value;
            return kind with { Output = folder.Length > 0 ? folder : "out", Because = "Next.js is configured to export files" };
        }

        if (Script(app, "start").Contains("standalone/server.js", StringComparison.Ordinal))
        {
            return kind with
            {
                AfterBuild = "mkdir -p .next/standalone/.next && cp -R .next/static .next/standalone/.next/ && if [ -d public ]; then cp -R public .next/standalone/; fi",
                RunEnvironment = new Dictionary<string, string> { ["HOSTNAME"] = "0.0.0.0" },
            };
        }

        var script = Script(app, "start");
        return kind with
        {
            Start = "next start -p \"$PORT\"",
            IgnoreScript = script.Length == 0 || (script.Contains("next ", StringComparison.Ordinal) && !Shell.HasOperators(script)),
        };
    }

    private static NodeKind Nuxt(NodeApp app)
    {
        var generated = Script(app, "build").Contains("generate", StringComparison.Ordinal);
        if (app.Package.Has("nuxt-edge") || app.Package.Major("nuxt") is < 3)
        {
            var old = new NodeKind("Nuxt", "package.json depends on nuxt 2") { Build = "nuxt build", Start = "nuxt start", RunEnvironment = AnyHost };
            return generated || app.Config("nuxt.config").Contains("target: 'static'", StringComparison.Ordinal)
                ? old with { Build = "nuxt generate", Output = "dist", Start = null }
                : old with { IgnoreScript = true };
        }

        var kind = new NodeKind("Nuxt", "package.json depends on nuxt")
        {
            Build = "nuxt build",
            BuildEnvironment = new Dictionary<string, string> { ["NUXT_TELEMETRY_DISABLED"] = "1", ["NITRO_PRESET"] = "node-server" },
            RunEnvironment = AnyHost,
        };
        return generated
            ? kind with { Output = ".output/public", BuildEnvironment = new Dictionary<string, string> { ["NUXT_TELEMETRY_DISABLED"] = "1" } }
            : kind with { Start = "node .output/server/index.mjs", IgnoreScript = true };
    }

    private static NodeKind ReactRouter(NodeApp app)
    {
        var kind = new NodeKind("React Router", "package.json depends on @react-router/dev") { Build = "react-router build" };
        if (app.Package.Has("@cloudflare/vite-plugin"))
        {
            return kind with { Start = Workers.Preview, IgnoreScript = true, Warning = Workers.Warning };
        }

        return NoServer().IsMatch(app.Config("react-router.config"))
            ? kind with { Output = "build/client", Spa = true, Because = "React Router is configured without a server" }
            : kind with { Start = "react-router-serve ./build/server/index.js" };
    }

    private static NodeKind Remix(NodeApp app)
    {
        var vite = app.Config("vite.config");
        var kind = new NodeKind("Remix", "package.json depends on Remix") { Build = vite.Length > 0 ? "remix vite:build" : "remix build" };
        return NoServer().IsMatch(vite)
            ? kind with { Output = "build/client", Spa = true, Because = "Remix is configured without a server" }
            : kind with { Start = vite.Length > 0 ? "remix-serve ./build/server/index.js" : "remix-serve build" };
    }

    private static NodeKind SvelteKit(NodeApp app)
    {
        var config = app.Config("svelte.config", "vite.config");
        var kind = new NodeKind("SvelteKit", "package.json depends on @sveltejs/kit") { Build = "vite build", RunEnvironment = AnyHost };
        if (config.Contains("adapter-static", StringComparison.Ordinal))
        {
            var pages = PagesFolder().Match(config).Groups[1].Value;
            return kind with { Output = pages.Length > 0 ? pages : "build", Spa = Fallback().IsMatch(config), Because = "SvelteKit uses the static adapter" };
        }

        if (config.Contains("adapter-node", StringComparison.Ordinal))
        {
            var folder = OutFolder().Match(config).Groups[1].Value;
            return kind with { Start = $"node {Shell.Quote(folder.Length > 0 ? folder : "build")}", IgnoreScript = !Script(app, "start").StartsWith("node ", StringComparison.Ordinal), Because = "SvelteKit uses the Node adapter" };
        }

        if (config.Contains("adapter-auto", StringComparison.Ordinal) || config.Length == 0)
        {
            // adapter-auto picks the adapter by the host it recognises and installs it; this variable makes it the Node one.
            return kind with
            {
                Start = "node build",
                IgnoreScript = true,
                BuildEnvironment = new Dictionary<string, string> { ["GCP_BUILDPACKS"] = "portal" },
                Because = "SvelteKit's automatic adapter is told to make a Node server",
            };
        }

        return kind with
        {
            Start = "vite preview --host 0.0.0.0 --port \"$PORT\"",
            IgnoreScript = true,
            Warning = "SvelteKit uses an adapter made for another platform; its preview server is used. Install @sveltejs/adapter-node for a proper server.",
        };
    }

    private static NodeKind Astro(NodeApp app)
    {
        var config = app.Config("astro.config");
        var outDir = OutDir().Match(config).Groups[1].Value is { Length: > 0 } named && SourceView.Normalise(named) is { } folder ? folder : "dist";
        var kind = new NodeKind("Astro", "package.json depends on astro") { Build = "astro build", BuildEnvironment = new Dictionary<string, string> { ["ASTRO_TELEMETRY_DISABLED"] = "1" } };
        if (config.Contains("@astrojs/node", StringComparison.Ordinal) && !config.Contains("'middleware'", StringComparison.Ordinal) && !config.Contains("\"middleware\"", StringComparison.Ordinal))
        {
            return kind with { Start = $"node ./{outDir}/server/entry.mjs", IgnoreScript = !Script(app, "start").StartsWith("node ", StringComparison.Ordinal), RunEnvironment = AnyHost, Because = "Astro uses the Node adapter" };
        }

        if (ServerOutput().IsMatch(config) && !config.Contains("@astrojs/node", StringComparison.Ordinal))
        {
            return kind with { Output = outDir, Warning = "Astro is configured for a server without the Node adapter; only its files are served. Run: npx astro add node" };
        }

        return config.Contains("@astrojs/node", StringComparison.Ordinal) ? kind with { RunEnvironment = AnyHost } : kind with { Output = outDir };
    }

    private static NodeKind Nitro(NodeApp app)
    {
        var name = app.Package.Has("@solidjs/start") ? "SolidStart" : app.Package.HasAny("@tanstack/react-start", "@tanstack/solid-start", "@tanstack/start") ? "TanStack Start" : "Nitro";
        if (app.Package.Has("@cloudflare/vite-plugin"))
        {
            return new NodeKind(name, $"package.json depends on {name}") { Build = "vite build", Start = Workers.Preview, IgnoreScript = true, Warning = Workers.Warning };
        }

        // Since its first release candidates TanStack Start leaves a handler of the web's own Request, which srvx serves.
        if (name == "TanStack Start" && !app.Package.HasAny("vinxi", "nitropack", "nitro", "nitro-nightly", "@tanstack/nitro-v2-vite-plugin", "@tanstack/start") && Script(app, "start") is var own && !own.Contains(".output", StringComparison.Ordinal)
            && (own.Contains("srvx", StringComparison.Ordinal) || own.Length == 0))
        {
            return new NodeKind(name, $"package.json depends on {name}") { Build = "vite build", Start = "srvx --prod --static ../client dist/server/server.js", IgnoreScript = true, Brings = app.Package.Has("srvx") ? null : "srvx@1", RunEnvironment = AnyHost };
        }

        return new NodeKind(name, $"package.json depends on {name}")
        {
            Start = "node .output/server/index.mjs",
            IgnoreScript = !Script(app, "start").StartsWith("node ", StringComparison.Ordinal),
            RunEnvironment = AnyHost,
            BuildEnvironment = new Dictionary<string, string> { ["NITRO_PRESET"] = "node-server", ["SERVER_PRESET"] = "node-server" },
        };
    }

    private static NodeKind? AngularServer(NodeApp app)
    {
        var (folder, server) = Angular.Output(app);
        return server ? new NodeKind("Angular", "angular.json builds a server") { Build = "ng build", Start = $"node {Shell.Quote(folder + "/server/server.mjs")}", IgnoreScript = true, BuildEnvironment = Angular.Quiet } : null;
    }

    private static NodeKind Nest(NodeApp app)
    {
        var script = Script(app, "start:prod");
        return new NodeKind("NestJS", "package.json depends on @nestjs/core")
        {
            Build = "nest build",
            Start = script.StartsWith("node ", StringComparison.Ordinal) && !Shell.HasOperators(script) ? script : "node dist/main",
            IgnoreScript = Script(app, "start") is "" || Script(app, "start").StartsWith("nest ", StringComparison.Ordinal),
        };
    }

    private static NodeKind Adonis(NodeApp app) => new("AdonisJS", "package.json depends on @adonisjs/core")
    {
        Build = "node ace build",
        Start = "node build/bin/server.js",
        IgnoreScript = Script(app, "start").Contains("bin/server.js", StringComparison.Ordinal),
        RunEnvironment = AnyHost,
        Warning = "AdonisJS needs the secret APP_KEY; make one with: node ace generate:key",
    };

    private static string? Function(NodeApp app) =>
        app.Source.First(app.Package.Main ?? "index.js", "index.js", "function.js", "index.mjs") is { } file && FunctionName().Match(app.Source.Read(file, 65536) ?? "") is { Success: true } m ? m.Groups[1].Value : null;

    private static string Script(NodeApp app, string name) => app.Package.Script(name) ?? "";

    [GeneratedRegex(@"(?:^exports\.|functions\.(?:http|cloudEvent)\(['""])(\w+)", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex FunctionName();

    [GeneratedRegex(@"output\s*:\s*['""`]export['""`]", RegexOptions.NonBacktracking)]
    private static partial Regex ExportOutput();

    [GeneratedRegex(@"distDir\s*:\s*['""`]([\w./-]+)['""`]", RegexOptions.NonBacktracking)]
    private static partial Regex DistDir();

    [GeneratedRegex(@"\bssr\s*:\s*false", RegexOptions.NonBacktracking)]
    private static partial Regex NoServer();

    [GeneratedRegex(@"\bpages\s*:\s*['""`]([\w./-]+)['""`]", RegexOptions.NonBacktracking)]
    private static partial Regex PagesFolder();

    [GeneratedRegex(@"\bfallback\s*:\s*['""`](index|200|app)\.html", RegexOptions.NonBacktracking)]
    private static partial Regex Fallback();

    [GeneratedRegex(@"\bout\s*:\s*['""`]([\w./-]+)['""`]", RegexOptions.NonBacktracking)]
    private static partial Regex OutFolder();

    [GeneratedRegex(@"\boutDir\s*:\s*['""`]([\w./-]+)['""`]", RegexOptions.NonBacktracking)]
    private static partial Regex OutDir();

    [GeneratedRegex(@"\boutput\s*:\s*['""`](server|hybrid)['""`]", RegexOptions.NonBacktracking)]
    private static partial Regex ServerOutput();
}
