using System.Text.Json;

namespace Portal.Core.Builds.Detection.Node;

/// <summary>What detection reads of a package.json.</summary>
internal sealed class PackageJson
{
    private readonly JsonElement? root;
    private readonly Dictionary<string, string> dependencies = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> scripts = new(StringComparer.Ordinal);

    private PackageJson(JsonElement? root)
    {
        this.root = root;
        foreach (var kind in (string[])["optionalDependencies", "devDependencies", "dependencies"])
        {
            foreach (var (name, value) in root.Get(kind).Members())
            {
                dependencies[name] = value.AsText() ?? "*";
            }
        }

        foreach (var (name, value) in root.Get("scripts").Members())
        {
            if (value.AsText() is { } text && !string.IsNullOrWhiteSpace(text))
            {
                scripts[name] = text.Trim();
            }
        }
    }

    public static PackageJson? Read(SourceView source, out string? error, string path = "package.json")
    {
        var root = Json.Parse(source.Read(path), out error);
        if (error is null && root is { ValueKind: not JsonValueKind.Object })
        {
            error = "it is not an object";
        }

        return source.Has(path) && error is null && root is not null ? new PackageJson(root) : null;
    }

    public static PackageJson Empty { get; } = new((JsonElement?)null);

    public string? Name => root.Text("name");

    public string? Main => root.Text("main");

    public string? Type => root.Text("type");

    public string? PackageManager => root.Text("packageManager");

    public string? Engine(string name) => root.Get("engines").Text(name);

    public IReadOnlyDictionary<string, string> Scripts => scripts;

    public string? Script(string name) => scripts.GetValueOrDefault(name);

    public IReadOnlyDictionary<string, string> Dependencies => dependencies;

    public bool Has(string package) => dependencies.ContainsKey(package);

    public bool HasAny(params ReadOnlySpan<string> packages)
    {
        foreach (var package in packages)
        {
            if (Has(package))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The first number of a dependency's version range ("^18.2.0" → 18), or null.</summary>
    public int? Major(string package)
    {
        var digits = new string([.. (dependencies.GetValueOrDefault(package) ?? "").SkipWhile(c => !char.IsAsciiDigit(c)).TakeWhile(char.IsAsciiDigit)]);
        return int.TryParse(digits, out var major) ? major : null;
    }

    public IReadOnlyList<string> Workspaces =>
        [.. root.Get("workspaces") is { ValueKind: JsonValueKind.Object } w ? ((JsonElement?)w).Get("packages").Texts() : root.Get("workspaces").Texts()];

    /// <summary>True when an install runs something of the package's own.</summary>
    public bool HasInstallHooks => scripts.Keys.Any(s => s is "preinstall" or "install" or "postinstall" or "prepare" or "preprepare" or "postprepare");

    public string? Volta(string tool) => root.Get("volta").Text(tool);

    public string? Text(params ReadOnlySpan<string> path)
    {
        var element = root;
        foreach (var name in path[..^1])
        {
            element = element.Get(name);
        }

        return element.Text(path[^1]);
    }
}
