using System.Text.Json;
using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection;

/// <summary>
/// What a repository tells other platforms about itself. A Procfile and the app's settings come first; these files come
/// before what the source only lets one guess.
/// </summary>
internal sealed partial class PlatformFiles
{
    private const int MaxCommand = 4096;

    private readonly List<string> why = [];
    private readonly Dictionary<string, string> variables = new(StringComparer.Ordinal);
    private readonly List<string> asked = [];
    private readonly List<string> packages = [];
    private string? outputFile;

    /// <summary>The command of the web process, or null.</summary>
    public string? Start { get; private set; }

    private string? Install { get; set; }

    private string? Build { get; set; }

    private string? Release { get; set; }

    /// <summary>The folder of files that the build makes.</summary>
    public string? Output { get; private set; }

    public static PlatformFiles Read(SourceView source)
    {
        var found = new PlatformFiles();
        found.Railway(source);
        found.Nixpacks(source);
        found.Lines(source, "render.yaml", "services:", "startCommand", "preDeployCommand");
        found.Lines(source, "manifest.yml", "applications:", "command", null);
        found.Lines(source, "app.yaml", "runtime:", "entrypoint", null, c => c.Contains("PORT", StringComparison.Ordinal) || c.StartsWith("node ", StringComparison.Ordinal));
        found.StaticHosts(source);
        found.Variables(source);
        return found;
    }

    /// <summary>Puts the findings in place of the guesses. <paramref name="processes"/> is false where a Procfile says what runs.</summary>
    public void Apply(SourceView source, Draft draft, bool processes)
    {
        Replace(draft, Draft.Install, Install);
        Replace(draft, Draft.Build, Build);
        var files = draft.Processes.Exists(p => p.StaticRoot is not null);
        if (processes && Start is not null && !(files && StartsFileServer(Start)))
        {
            if (files)
            {
                draft.OutputDirectory = ".";
            }

            draft.Serve(Start);
        }
        else if (files && Output is { } output && SourceView.Normalise(output) is { } folder && !IsInput(source, draft, folder))
        {
            why.Add($"{outputFile} names the folder to serve: {output}");
            draft.OutputDirectory = folder.Length == 0 ? "." : folder;
        }

        if (processes && Release is not null)
        {
            draft.Release = Release;
            draft.ReleaseFolder = "";
        }

        foreach (var (name, value) in variables.Where(v => !draft.RunEnvironment.ContainsKey(v.Key)))
        {
            draft.RunEnvironment[name] = value;
            draft.BuildEnvironment.TryAdd(name, value);
        }

        if (asked.Count > 0)
        {
            draft.Warnings.Add($"app.json asks for {(asked.Count == 1 ? "the variable" : "the variables")} {string.Join(", ", asked.Take(12))}. Set {(asked.Count == 1 ? "it" : "them")} on the page Variables.");
        }

        if (packages.Count > 0)
        {
            draft.Warnings.Add($"nixpacks.toml asks for {string.Join(", ", packages)}: this machine has to have {(packages.Count == 1 ? "it" : "them")} installed.");
        }

        draft.Why.InsertRange(0, why);
    }

    private static void Replace(Draft draft, string name, string? command)
    {
        if (command is null)
        {
            return;
        }

        // "..." is what the step would have been.
        var own = draft.Steps.Where(s => s.Name == name).ToList();
        var at = draft.Steps.FindIndex(s => s.Name == name);
        draft.Steps.RemoveAll(s => s.Name == name);
        at = at >= 0 ? at : name == Draft.Build ? draft.Steps.Count : draft.Steps.FindLastIndex(s => s.Name == Draft.Prepare) + 1;
        foreach (var part in command.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Reverse())
        {
            draft.Steps.InsertRange(at, part == "..." ? own : [(name, part, "")]);
        }
    }

    // A template's settings may name the folder that the build reads, which holds icons and no page.
    private static bool IsInput(SourceView source, Draft draft, string folder) =>
        draft.Steps.Exists(s => s.Name == Draft.Build) && source.HasFolder(folder) && !source.Has(folder + "/index.html");

    private static bool StartsFileServer(string command) =>
        Shell.Words(command).Find(w => w is not ("npx" or "yarn" or "pnpm" or "exec" or "dlx" or "-y")) is "serve" or "http-server" or "caddy" or "nginx" or "vite" or "static-web-server" or "sirv";

    private void Railway(SourceView source)
    {
        // Commands for an image that a Dockerfile makes name that image's programs and folders.
        if (Toml.Parse(source.Read("railway.toml", 65536)) is { } toml && !IsImage(toml.Table("build").Text("builder")))
        {
            Set("railway.toml", toml.Table("deploy").Text("startCommand"), toml.Table("build").Text("buildCommand"), toml.Table("deploy").Text("preDeployCommand"));
        }

        var json = Json.Parse(source.Read("railway.json", 65536));
        json = IsImage(json.Get("build").Text("builder")) ? null : json;
        Set("railway.json", json.Get("deploy").Text("startCommand"), json.Get("build").Text("buildCommand"), json.Get("deploy").Text("preDeployCommand"));
        var plan = Json.Parse(source.Read("railpack.json", 65536));
        Set("railpack.json", plan.Get("deploy").Text("startCommand"), null, null);
        Keep(plan.Get("deploy").Get("variables"));
    }

    private static bool IsImage(string? builder) => string.Equals(builder, "dockerfile", StringComparison.OrdinalIgnoreCase);

    private void Nixpacks(SourceView source)
    {
        if (Toml.Parse(source.Read("nixpacks.toml", 65536)) is { } toml)
        {
            packages.AddRange(toml.Table("phases", "setup").Texts("nixPkgs").Concat(toml.Table("phases", "setup").Texts("aptPkgs")).Where(p => p != "...").Take(20));
            Install ??= Commands(toml.Table("phases", "install").Texts("cmds"));
            Set("nixpacks.toml", toml.Table("start").Text("cmd"), Commands(toml.Table("phases", "build").Texts("cmds")), null);
            foreach (var (name, value) in toml.Table("variables") ?? [])
            {
                Keep(name, value as string);
            }
        }

        var json = Json.Parse(source.Read("nixpacks.json", 65536));
        Install ??= Commands(json.Get("phases").Get("install").Get("cmds").Texts());
        Set("nixpacks.json", json.Get("start").Text("cmd"), Commands(json.Get("phases").Get("build").Get("cmds").Texts()), null);
        Keep(json.Get("variables"));
    }

    private static string? Commands(IEnumerable<string> commands) =>
        commands.Take(20).Where(c => c.Length is > 0 and < 400 && !c.Contains('\n') && !c.Contains("/opt/", StringComparison.Ordinal)).ToList() is { Count: > 0 } list ? string.Join('\n', list) : null;

    // Of a file with several services nobody can say which is meant, so only a lone command counts. App Engine has one port
    // for all, which its commands need not name.
    private void Lines(SourceView source, string file, string mark, string key, string? release, Predicate<string>? useful = null)
    {
        if (!(source.Read(file, 65536) ?? "").Split('\n').Any(l => l.StartsWith(mark, StringComparison.Ordinal)))
        {
            return;
        }

        string? Only(string name)
        {
            var lines = (source.Read(file, 65536) ?? "").Split('\n').Select(l => l.Trim().TrimStart('-').TrimStart()).Where(l => l.StartsWith(name + ":", StringComparison.Ordinal)).ToList();
            var value = lines.Count == 1 ? lines[0][(name.Length + 1)..].Trim() : "";
            return value.Length > 1 && value[0] is '"' or '\'' && value[^1] == value[0] ? value[1..^1] : value.Length == 0 || value[0] is '|' or '>' or '&' or '*' or '"' or '\'' or '[' or '{' ? null : value.Split(" #")[0].TrimEnd();
        }

        var command = Only(key);
        Set(file, command is null || useful?.Invoke(command) == false ? null : command, null, release is null ? null : Only(release));
    }

    private void StaticHosts(SourceView source)
    {
        var netlify = Toml.Parse(source.Read("netlify.toml", 65536)).Table("build");
        var json = Json.Parse(source.Read("vercel.json", 65536));
        foreach (var (file, folder) in ((string, string?)[])[("netlify.toml", netlify.Text("base") is null ? netlify.Text("publish") : null), ("vercel.json", json.Text("outputDirectory"))])
        {
            if (Output is null && folder is { Length: > 0 and <= 200 })
            {
                Output = folder;
                outputFile = file;
            }
        }
    }

    private void Variables(SourceView source)
    {
        foreach (var (name, value) in Json.Parse(source.Read("app.json", 65536)).Get("env").Members().Take(100))
        {
            var given = value.AsText() ?? value.Text("value");
            if (given is { Length: > 0 })
            {
                Keep(name, given);
            }
            else if (VariableName().IsMatch(name) && value.Get("required") is not { ValueKind: JsonValueKind.False } && value.Text("generator") is null)
            {
                asked.Add(name);
            }
        }
    }

    private void Set(string file, string? start, string? build, string? release)
    {
        foreach (var command in (string?[])[start, build, release])
        {
            if (OwnFolder().Match(command ?? "") is { Success: true } own)
            {
                why.Add($"a command of {file} names {own.Groups[1].Value}, a folder of that platform's images, so its commands are not used");
                return;
            }
        }

        if (Start is null && Usable(start))
        {
            Start = start!.Trim();
            why.Add($"{file} names the start command: {Start}");
        }

        if (Build is null && build is { Length: > 0 and <= MaxCommand } && !string.IsNullOrWhiteSpace(build) && !build.Contains('\0'))
        {
            Build = build;
            why.Add($"{file} names the build command: {build.ReplaceLineEndings("; ")}");
        }

        if (Release is null && Usable(release))
        {
            Release = release!.Trim();
            why.Add($"{file} names what runs before each release: {Release}");
        }
    }

    private static bool Usable(string? command) => command is { Length: > 0 and <= MaxCommand } && !string.IsNullOrWhiteSpace(command) && !command.Contains('\n') && !command.Contains('\0');

    private void Keep(JsonElement? table)
    {
        foreach (var (name, value) in table.Members().Take(100))
        {
            Keep(name, value.AsText());
        }
    }

    private void Keep(string name, string? value)
    {
        if (value is { Length: <= MaxCommand } && VariableName().IsMatch(name) && name is not ("PATH" or "PORT" or "HOME") && !name.StartsWith("NIXPACKS_", StringComparison.Ordinal) && !name.StartsWith("RAILPACK_", StringComparison.Ordinal))
        {
            variables.TryAdd(name, value);
        }
    }

    [GeneratedRegex(@"(?:^|[\s=""';])(/(?:app|assets|data|layers|opt|srv|workspace|etc|mnt|var/www)/[\w./-]*)", RegexOptions.NonBacktracking)]
    private static partial Regex OwnFolder();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]{0,127}$", RegexOptions.NonBacktracking)]
    private static partial Regex VariableName();
}
