using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Node;

/// <summary>
/// Which package manager a repository uses and how it installs exactly what the lock file says. yarn and pnpm are
/// themselves packages: the version asked for is brought with npm, so neither needs to be on the
/// machine and scripts that call them find them, also at run time.
/// </summary>
internal sealed partial record PackageManager(string Name, string? Version, string? Lock)
{
    public bool IsBerry => Name == "yarn" && (Major ?? 1) >= 2;

    private int? Major => int.TryParse((Version ?? "").Split('.')[0], out var major) ? major : null;

    /// <summary>Plug'n'Play: there is no node_modules; programs only start through yarn.</summary>
    public bool PlugAndPlay { get; private init; }

    private string? YarnPath { get; init; }

    public string Run(string script) => Name == "npm" ? $"npm run {Shell.Quote(script)}" : Name == "bun" ? $"bun run {Shell.Quote(script)}" : $"{Name} run {Shell.Quote(script)}";

    /// <summary>Runs a program of node_modules/.bin, which is on PATH except under Plug'n'Play.</summary>
    public string Exec(string command) => PlugAndPlay ? $"yarn {command}" : command;

    public static PackageManager Of(SourceView source, PackageJson package, List<string> why, List<string> warnings)
    {
        (string File, string Name)[] locks =
        [
            ("pnpm-lock.yaml", "pnpm"), ("bun.lock", "bun"), ("bun.lockb", "bun"), ("yarn.lock", "yarn"),
            ("package-lock.json", "npm"), ("npm-shrinkwrap.json", "npm"),
        ];
        var found = locks.Where(l => source.Has(l.File)).ToList();
        var (wanted, version) = Wanted(package);
        var chosen = found.FirstOrDefault(l => l.Name == wanted);
        if (wanted is null)
        {
            chosen = found.FirstOrDefault();
        }

        if (found.Select(l => l.Name).Distinct().Count() > 1)
        {
            warnings.Add($"More than one lock file: {string.Join(", ", found.Select(l => l.File))}. {(chosen.File ?? "None of them")} is used; delete the others, or name one tool in package.json under packageManager.");
        }

        var name = wanted ?? chosen.Name ?? (source.Has("pnpm-workspace.yaml") ? "pnpm" : source.Has(".yarnrc.yml") ? "yarn" : "npm");
        if (wanted is not null)
        {
            why.Add($"package.json names the package manager: {wanted}{(version is null ? "" : " " + version)}");
        }
        else if (chosen.File is not null)
        {
            why.Add($"{chosen.File} is a lock file of {name}");
        }

        var rc = source.Read(".yarnrc.yml", 65536) ?? "";
        var yarnPath = name == "yarn" && YarnPathLine().Match(rc) is { Success: true } m && source.Has(m.Groups[1].Value) ? m.Groups[1].Value : null;
        return new PackageManager(name, version ?? FromEngines(package, name) ?? FromLock(source, name), chosen.File)
        {
            PlugAndPlay = name == "yarn" && (source.Has(".pnp.cjs") || source.Has(".pnp.js")) && !rc.Contains("nodeLinker: node-modules", StringComparison.Ordinal),
            YarnPath = yarnPath,
        };
    }

    // "pnpm@9.1.0+sha512.…" → pnpm, 9.1.0
    private static (string? Name, string? Version) Wanted(PackageJson package)
    {
        var text = package.PackageManager ?? "";
        var at = text.IndexOf('@');
        var name = at > 0 ? text[..at] : text;
        var version = at > 0 ? text[(at + 1)..].Split('+')[0] : null;
        if (name is "npm" or "yarn" or "pnpm" or "bun")
        {
            return (name, version is not null && ExactVersion().IsMatch(version) ? version : null);
        }

        return package.Volta("pnpm") is { } pnpm ? ("pnpm", pnpm) : package.Volta("yarn") is { } yarn ? ("yarn", yarn) : (null, null);
    }

    // "engines": {"pnpm": "11.5.x"} names a version as well; an open range such as ">=8" leaves it to the lock file.
    private static string? FromEngines(PackageJson package, string name) =>
        name is "pnpm" or "yarn" or "bun" && package.Engine(name)?.Trim() is { } range && EngineVersion().Match(range) is { Success: true } m ? m.Groups[1].Value.Replace(".x", "", StringComparison.Ordinal) : null;

    private static string? FromLock(SourceView source, string name)
    {
        if (name == "pnpm")
        {
            var head = source.Read("pnpm-lock.yaml", 4096) ?? "";
            var format = PnpmLockVersion().Match(head).Groups[1].Value;
            return format.Length == 0 ? null
                : format.StartsWith("5.3", StringComparison.Ordinal) ? "6"
                : format.StartsWith("5.", StringComparison.Ordinal) ? "7"
                : format.StartsWith("6.", StringComparison.Ordinal) ? "8"
                : "9";
        }

        if (name != "yarn")
        {
            return null;
        }

        var start = source.Read("yarn.lock", 4096);
        if (start is null)
        {
            return source.Has(".yarnrc.yml") ? "4" : "1";
        }

        return !start.Contains("__metadata:", StringComparison.Ordinal) ? "1"
            : int.TryParse(BerryLockVersion().Match(start).Groups[1].Value, out var v) && v < 8 ? (v < 5 ? "2" : "3") : "4";
    }

    /// <summary>Adds the steps that bring the tool and the packages, the caches and the settings.</summary>
    public void AddInstall(Draft draft, bool skipped)
    {
        draft.BuildEnvironment["npm_config_audit"] = "false";
        draft.BuildEnvironment["npm_config_fund"] = "false";
        draft.BuildEnvironment["npm_config_update_notifier"] = "false";
        draft.BuildEnvironment["npm_config_include"] = "dev";
        draft.Caches.Add(new CacheFolder("npm", "npm_config_cache"));
        switch (Name)
        {
            case "pnpm":
                Bring(draft, $"pnpm@{Version ?? "9"}");
                draft.Caches.Add(new CacheFolder("pnpm", "npm_config_store_dir"));
                break;
            case "yarn" when IsBerry:
                BringBerry(draft);
                break;
            case "yarn":
                Bring(draft, $"yarn@{(Version is null or "1" ? "1.22.22" : Version)}");
                draft.Caches.Add(new CacheFolder("yarn", "YARN_CACHE_FOLDER"));
                break;
            case "bun":
                Bring(draft, $"bun@{Version ?? "1"}");
                draft.Caches.Add(new CacheFolder("bun", "BUN_INSTALL_CACHE_DIR"));
                break;
        }

        if (!skipped)
        {
            draft.Needs("npm", null, NodeStack.Get);
            draft.Step(Draft.Install, InstallCommand);
        }
    }

    // Development packages hold the build tools, so they come along whatever NODE_ENV says.
    private string InstallCommand => Name switch
    {
        "pnpm" => Lock is null ? "pnpm install --prod=false --no-frozen-lockfile" : "pnpm install --prod=false --frozen-lockfile",
        "yarn" when IsBerry => Lock is null ? "yarn install" : "yarn install --immutable",
        // The engine check of yarn 1 refuses packages over the project's own "engines", which npm only warns about.
        "yarn" => Lock is null ? "yarn install --production=false --ignore-engines" : "yarn install --production=false --ignore-engines --frozen-lockfile",
        "bun" => Lock is null ? "bun install" : "bun install --frozen-lockfile",
        _ => Lock is null ? "npm install" : "npm ci",
    };

    private static void Bring(Draft draft, string package) =>
        draft.BringTool(package[..package.LastIndexOf('@')].TrimStart('@').Replace('/', '-'), Shell.Quote(package), null, $"npm install {package}");

    private void BringBerry(Draft draft)
    {
        if (YarnPath is null)
        {
            Bring(draft, $"@yarnpkg/cli-dist@{Version}");
        }
        else
        {
            // Yarn 1 hands over to the release that the repository carries.
            Bring(draft, "yarn@1.22.22");
        }

        draft.BuildEnvironment["YARN_ENABLE_TELEMETRY"] = "0";
        draft.BuildEnvironment["YARN_ENABLE_GLOBAL_CACHE"] = "true";
        draft.Caches.Add(new CacheFolder("yarn", "YARN_GLOBAL_FOLDER"));
        if (!PlugAndPlay)
        {
            draft.BuildEnvironment["YARN_NODE_LINKER"] = "node-modules";
        }
    }

    [GeneratedRegex(@"^[0-9][0-9A-Za-z.\-]{0,40}$", RegexOptions.NonBacktracking)]
    private static partial Regex ExactVersion();

    [GeneratedRegex(@"^[~^v]?(\d{1,3}(?:\.(?:\d{1,4}|x)){0,2})$", RegexOptions.NonBacktracking)]
    private static partial Regex EngineVersion();

    [GeneratedRegex(@"lockfileVersion:\s*['""]?([0-9.]+)", RegexOptions.NonBacktracking)]
    private static partial Regex PnpmLockVersion();

    [GeneratedRegex(@"__metadata:\s+version: (\d+)", RegexOptions.NonBacktracking)]
    private static partial Regex BerryLockVersion();

    [GeneratedRegex(@"yarnPath:\s*[""']?([^\s""']+)", RegexOptions.NonBacktracking)]
    private static partial Regex YarnPathLine();
}
