namespace Portal.Core.Builds.Detection.Node;

/// <summary>
/// Understands "start" and its like. A script that starts one program is started as that program, so that it gets its
/// signals itself and its exit status is not reworded; a script with hooks, operators, or other scripts in it keeps the
/// meaning only the package manager knows, and is started through it.
/// </summary>
internal static class StartScript
{
    private static readonly HashSet<string> Runners = new(StringComparer.Ordinal)
    {
        "npm", "yarn", "pnpm", "bun", "npx", "pnpx", "bunx", "run-s", "run-p", "npm-run-all", "cross-env", "cross-env-shell", "env-cmd", "dotenv", "concurrently", "turbo", "nx", "lerna",
    };

    private static readonly HashSet<string> ForDeveloping = new(StringComparer.Ordinal)
    {
        "react-scripts", "react-app-rewired", "craco", "vue-cli-service", "ng", "gatsby", "parcel", "webpack-dev-server", "webpack", "docusaurus", "docusaurus-start", "vitepress", "vuepress",
        "eleventy", "@11ty/eleventy", "serve", "http-server", "live-server", "lite-server", "browser-sync", "ember", "preact", "expo", "snowpack", "rollup", "hexo", "sirv", "vite",
        "astro", "stencil", "start-storybook", "storybook", "local-web-server", "ws", "superstatic", "servor", "esbuild", "gulp", "grunt", "webpack-cli", "slidev", "dev-server", "vp", "brunch", "umi", "max", "rsbuild", "rspack", "sanity", "polymer", "bundle-server", "nuxt-dev",
    };

    /// <summary>
    /// True when the script only serves files: a bundler's own server, or a general file server. The platform serves the
    /// built files instead.
    /// </summary>
    public static bool ServesFiles(PackageJson package, string? script, int depth = 0)
    {
        if (script is null || depth > 4)
        {
            return false;
        }

        var last = script.Split("&&")[^1].Trim();
        var words = Program(last);
        if (words.Count == 0)
        {
            return false;
        }

        if (words[0] is "npm" or "yarn" or "pnpm" or "bun")
        {
            var name = words.Skip(1).FirstOrDefault(w => w is not "run" && !w.StartsWith('-'));
            return name is not null && package.Script(name) is { } other && other != script && ServesFiles(package, other, depth + 1);
        }

        return ForDeveloping.Contains(words[0]) || (words[0] == "next" && words.Contains("export"))
            || (words[0] == "node" && words.Count > 1 && words[1].Contains("scripts/start", StringComparison.Ordinal))
            || (words[0] is "python" or "python3" && words.Contains("http.server"));
    }

    /// <summary>The folder a file-server script serves and whether it falls back to index.html ("serve -s build"), or null.</summary>
    public static (string Folder, bool Spa)? ServedFolder(string? script)
    {
        var words = Program((script ?? "").Split("&&")[^1].Trim());
        if (words.Count == 0 || words[0] is not ("serve" or "http-server" or "live-server" or "lite-server" or "sirv" or "superstatic" or "servor"))
        {
            return null;
        }

        var folder = "";
        for (var i = 1; i < words.Count; i++)
        {
            if (words[i] is "-p" or "--port" or "-l" or "--listen" or "-a" or "-c" or "--host" or "-H")
            {
                i++;
            }
            else if (!words[i].StartsWith('-') && folder.Length == 0)
            {
                folder = words[i];
            }
        }

        return SourceView.Normalise(folder) is { } normal ? (normal, words.Contains("-s") || words.Contains("--single")) : null;
    }

    /// <summary>True for a script meant for working on the code: it watches files or compiles on the fly.</summary>
    public static bool IsForDeveloping(string script)
    {
        var words = Shell.Words(script);
        return words.Exists(w => w is "nodemon" or "ts-node-dev" or "tsnd" or "--watch" or "babel-node" or "node-dev")
            || (words.Contains("tsx") && words.Contains("watch")) || words is ["sapper", "dev", ..];
    }

    /// <summary>The command that has the script's meaning.</summary>
    public static string Command(PackageJson package, PackageManager manager, string name)
    {
        var script = package.Script(name)!;
        var words = Shell.Words(script);
        var program = Program(script);
        var plain = package.Script("pre" + name) is null && package.Script("post" + name) is null
            && !Shell.HasOperators(script) && !script.Contains("npm_", StringComparison.Ordinal) && !script.Contains("INIT_CWD", StringComparison.Ordinal)
            && words.Count > 0 && program.Count > 0 && !words.Exists(Runners.Contains);
        if (!plain)
        {
            return name == "start" ? $"{manager.Name} start".Replace("bun start", "bun run start", StringComparison.Ordinal) : manager.Run(name);
        }

        return manager.Exec(script);
    }

    // The program a line starts and its arguments, behind assignments and runners: "cross-env A=1 npx serve x" → serve x.
    private static List<string> Program(string line)
    {
        var words = Shell.Words(line);
        var i = 0;
        while (i < words.Count && (IsAssignment(words[i]) || words[i] is "npx" or "pnpx" or "bunx" or "cross-env" or "cross-env-shell" or "exec" or "env" or "--" or "-y" or "--yes" or "--bun"
            || (words[i] is "dlx" or "exec" or "x" && i > 0)
            || (words[i] is "yarn" or "pnpm" or "bun" && i + 1 < words.Count && (words[i + 1] is "dlx" or "exec" or "x" || ForDeveloping.Contains(words[i + 1])))))
        {
            i++;
        }

        // "node ./node_modules/.bin/x" and "./node_modules/.bin/x" are x.
        if (i + 1 < words.Count && words[i] == "node" && words[i + 1].Contains("node_modules/.bin/", StringComparison.Ordinal))
        {
            i++;
        }

        var program = words[i..];
        if (program.Count > 0 && program[0].Contains("node_modules/", StringComparison.Ordinal))
        {
            program[0] = SourceView.NameOf(program[0]);
        }

        return program;
    }

    private static bool IsAssignment(string word) => word.IndexOf('=') is > 0 and var at && word[..at].All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
