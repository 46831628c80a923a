using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Node;

/// <summary>Tools whose build is a folder of files. Single-page ones answer unknown paths with index.html.</summary>
internal static partial class StaticFrameworks
{
    // With CI set its builds fail on any lint warning.
    private static readonly Dictionary<string, string> WarningsAllowed = new() { ["CI"] = "false" };

    public static NodeKind? Recognise(NodeApp app)
    {
        var p = app.Package;
        if (p.Has("@angular/core") && app.Source.Has("angular.json"))
        {
            return Files("Angular", "@angular/core", "ng build", Angular.BrowserFolder(app), spa: true) with { BuildEnvironment = Angular.Quiet, Cache = ".angular/cache" };
        }

        return p.HasAny("react-scripts", "react-app-rewired", "@craco/craco") ? Files("Create React App", "react-scripts", "react-scripts build", Mentioned(app, @"BUILD_PATH=") ?? "build", spa: true) with { BuildEnvironment = WarningsAllowed }
            : p.Has("@vue/cli-service") ? Files("Vue", "@vue/cli-service", "vue-cli-service build", Setting(app, OutputDir(), "vue.config") ?? "dist", spa: true)
            : p.Has("gatsby") ? Files("Gatsby", "gatsby", "gatsby build", "public", spa: false) with { Cache = ".cache", BuildEnvironment = new Dictionary<string, string> { ["GATSBY_TELEMETRY_DISABLED"] = "1" } }
            : p.Has("@docusaurus/core") ? Files("Docusaurus", "@docusaurus/core", "docusaurus build", "build", spa: false)
            : p.Has("docusaurus") ? Files("Docusaurus", "docusaurus", "docusaurus-build", "build/" + (ProjectName().Match(app.Source.Read("siteConfig.js", 65536) ?? "") is { Success: true } m ? m.Groups[1].Value : p.Name ?? "site"), spa: false)
            : p.HasAny("vitepress", "vuepress") ? Press(app)
            : p.Has("@11ty/eleventy") ? Eleventy(app)
            : p.Has("hexo") ? Files("Hexo", "hexo", "hexo generate", "public", spa: false)
            : p.HasAny("ember-cli", "ember-source") ? Files("Ember", "ember-cli", "ember build --environment=production", "dist", spa: true)
            : p.Has("preact-cli") ? Files("Preact", "preact-cli", "preact build", "build", spa: true)
            : p.Has("@stencil/core") && app.Source.Has("src/index.html") ? Files("Stencil", "@stencil/core", "stencil build", "www", spa: true)
            : p.HasAny("parcel", "parcel-bundler") ? Parcel(app)
            : p.HasAny("vite", "rolldown-vite", "vite-plus") ? Vite(app)
            : p.HasAny("@rsbuild/core", "@rspack/cli") ? Files(p.Has("@rsbuild/core") ? "Rsbuild" : "Rspack", p.Has("@rsbuild/core") ? "@rsbuild/core" : "@rspack/cli", p.Has("@rsbuild/core") ? "rsbuild build" : "rspack build", "dist", spa: true)
            : p.Has("expo") && p.HasAny("react-native-web", "expo-router") ? Files("Expo", "expo", "expo export --platform web", "dist", spa: true)
            : p.Has("brunch") ? Files("Brunch", "brunch", "brunch build --production", "public", spa: true)
            : p.HasAny("umi", "@umijs/max") ? Files("Umi", "umi", "umi build", "dist", spa: true)
            : p.HasAny("sanity", "@sanity/cli") && app.Source.First("sanity.config.ts", "sanity.config.js", "sanity.config.tsx", "sanity.json", "sanity.cli.ts", "sanity.cli.js") is not null ? Files("Sanity", "sanity", "sanity build", "dist", spa: true)
            : p.Has("webpack") && p.HasAny("webpack-cli", "webpack-dev-server") ? Webpack(app)
            : null;
    }

    private static NodeKind Files(string name, string package, string build, string output, bool spa) =>
        new(name, $"package.json depends on {package}") { Build = build, Output = output, Spa = spa };

    private static NodeKind Vite(NodeApp app)
    {
        var p = app.Package;
        if (p.Has("@cloudflare/vite-plugin"))
        {
            return new NodeKind("Vite", "package.json depends on vite and builds for Cloudflare Workers") { Build = "vite build", Start = Workers.Preview, IgnoreScript = true, Warning = Workers.Warning };
        }

        var name = p.Has("react") ? "React" : p.Has("vue") ? "Vue" : p.Has("svelte") ? "Svelte" : p.Has("preact") ? "Preact" : p.Has("solid-js") ? "Solid" : p.Has("lit") ? "Lit" : null;
        var root = RootFolder().Match(app.Config("vite.config")).Groups[1].Value is { Length: > 0 } named ? SourceView.Normalise(named) ?? "" : "";
        // outDir is relative to the root that the configuration names, and so may begin with "..".
        var output = Setting(app, OutDir(), "vite.config", root) ?? SourceView.Join(root, "dist");
        if (OutDirArgument().Match(p.Script("build") ?? "").Groups[1].Value is { Length: > 0 } argument && SourceView.Normalise(SourceView.Join(root, argument)) is { } set)
        {
            output = set;
        }

        return Files(name is null ? "Vite" : $"Vite ({name})", "vite", "vite build", output, spa: true);
    }

    private static NodeKind Press(NodeApp app)
    {
        var tool = app.Package.Has("vitepress") ? "vitepress" : "vuepress";
        var script = app.Package.Script("build") ?? app.Package.Script("docs:build") ?? "";
        var folder = app.Source.Folders.Where(f => f == "." + tool || f.EndsWith("/." + tool, StringComparison.Ordinal)).OrderBy(SourceView.Depth).Select(SourceView.FolderOf).FirstOrDefault() ?? "";
        var build = script.Length == 0 ? $"{tool} build {(folder.Length == 0 ? "." : Shell.Quote(folder))}" : app.Package.Script("build") is null ? "npm run docs:build" : null;
        return Files(tool == "vitepress" ? "VitePress" : "VuePress", tool, build ?? "", SourceView.Join(folder, $".{tool}/dist"), spa: false);
    }

    private static NodeKind Eleventy(NodeApp app)
    {
        var config = app.Config(".eleventy", "eleventy.config");
        var output = OutputSetting().Match(config).Groups[1].Value;
        var argument = OutputArgument().Match(app.Package.Script("build") ?? "").Groups[1].Value;
        var folder = SourceView.Normalise(argument.Length > 0 ? argument : output.Length > 0 ? output : "_site") ?? "_site";

        // It would make pages of the documentation of the tools that are brought.
        return Files("Eleventy", "@11ty/eleventy", "eleventy", folder, spa: false) with { BeforeBuild = "echo .portal >> .eleventyignore" };
    }

    private static NodeKind Parcel(NodeApp app)
    {
        var entry = app.Package.Text("source") ?? app.Source.First("src/index.html", "index.html", "public/index.html", "app/index.html") ?? "index.html";
        var argument = DistArgument().Match(app.Package.Script("build") ?? "").Groups[1].Value;
        return Files("Parcel", "parcel", $"parcel build {Shell.Quote(entry)}", argument.Length > 0 ? SourceView.Normalise(argument) ?? "dist" : "dist", spa: true);
    }

    private static NodeKind? Webpack(NodeApp app)
    {
        var config = app.Config("webpack.config", "webpack.prod", "webpack.common", "config/webpack.config.prod", "config/webpack.prod", "config/webpack.common");
        if (config.Contains("target: 'node'", StringComparison.Ordinal) || config.Contains("target: \"node\"", StringComparison.Ordinal))
        {
            return null;
        }

        var folder = PathSetting().Match(config).Groups[1].Value;
        var output = folder.Length > 0 ? SourceView.Normalise(folder.TrimStart('/')) ?? "dist" : "dist";

        // Where index.html is not made by a plugin it stands beside the folder of bundles, not in it.
        if (!config.Contains("HtmlWebpackPlugin", StringComparison.OrdinalIgnoreCase) && !app.Package.HasAny("html-webpack-plugin", "copy-webpack-plugin") && !app.Source.Has(output + "/index.html"))
        {
            output = app.Source.Has("index.html") ? "." : app.Source.Has("public/index.html") ? "public" : output;
        }

        return Files("Webpack", "webpack", "webpack --mode production", output, spa: true);
    }

    private static string? Setting(NodeApp app, Regex pattern, string config, string root = "") =>
        pattern.Match(app.Config(config)).Groups[1].Value is { Length: > 0 } value ? SourceView.Normalise(SourceView.Join(root, value)) : null;

    private static string? Mentioned(NodeApp app, string marker)
    {
        var script = app.Package.Script("build") ?? "";
        var at = script.IndexOf(marker, StringComparison.Ordinal);
        return at < 0 ? null : SourceView.Normalise(new string([.. script[(at + marker.Length)..].Trim('\'', '"').TakeWhile(c => !char.IsWhiteSpace(c) && c is not '\'' and not '"')]));
    }

    [GeneratedRegex(@"projectName\s*:\s*['""]([\w.-]+)['""]", RegexOptions.NonBacktracking)]
    private static partial Regex ProjectName();

    [GeneratedRegex(@"\boutDir\s*:\s*['""`]([^'""`]+)['""`]", RegexOptions.NonBacktracking)]
    private static partial Regex OutDir();

    [GeneratedRegex(@"--outDir[ =]['""]?([\w./-]+)", RegexOptions.NonBacktracking)]
    private static partial Regex OutDirArgument();

    [GeneratedRegex(@"\broot\s*:\s*['""`]([^'""`]+)['""`]", RegexOptions.NonBacktracking)]
    private static partial Regex RootFolder();

    [GeneratedRegex(@"\boutputDir\s*:\s*['""`]([^'""`]+)['""`]", RegexOptions.NonBacktracking)]
    private static partial Regex OutputDir();

    [GeneratedRegex(@"\boutput\s*:\s*['""`]([^'""`]+)['""`]", RegexOptions.NonBacktracking)]
    private static partial Regex OutputSetting();

    [GeneratedRegex(@"--output[ =]['""]?([\w./-]+)", RegexOptions.NonBacktracking)]
    private static partial Regex OutputArgument();

    [GeneratedRegex(@"(?:--dist-dir|--out-dir|-d)[ =]['""]?([\w./-]+)", RegexOptions.NonBacktracking)]
    private static partial Regex DistArgument();

    [GeneratedRegex(@"path\s*:\s*(?:path\.)?(?:resolve|join)?\(?\s*(?:__dirname\s*[,+]\s*)?['""`]([^'""`]+)['""`]", RegexOptions.NonBacktracking)]
    private static partial Regex PathSetting();
}
