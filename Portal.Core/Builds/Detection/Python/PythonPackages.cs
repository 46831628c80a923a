using System.Text.RegularExpressions;
using Tomlyn.Model;

namespace Portal.Core.Builds.Detection.Python;

/// <summary>
/// Where a Python project names its packages, which they are, and how they are installed into ".venv". The folder is
/// built and run at the same path, because a virtual environment holds absolute paths.
/// </summary>
internal sealed partial class PythonPackages
{
    private const string Pip = ".venv/bin/pip";
    private const string Tools = ".portal/tools";
    private const string NewEnvironment = "python3 -m venv .venv";

    private readonly HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<(string Name, string Command, string Because)> steps = [];

    private string? conda;

    public bool Any => steps.Count > 0;

    public bool Has(params ReadOnlySpan<string> packages)
    {
        foreach (var package in packages)
        {
            if (names.Contains(package))
            {
                return true;
            }
        }

        return false;
    }

    public TomlTable? Project { get; private init; }

    public static PythonPackages Read(SourceView source)
    {
        var project = Toml.Parse(source.Read("pyproject.toml"));
        var packages = new PythonPackages { Project = project };
        packages.Collect(source);
        packages.Choose(source);
        return packages;
    }

    public void AddTo(Draft draft)
    {
        foreach (var (name, command, because) in steps)
        {
            draft.Step(name, command);
            if (because.Length > 0)
            {
                draft.Because(because);
            }
        }

        if (conda is not null)
        {
            draft.Needs("conda", null, "install Miniforge from conda-forge.org, or name the packages in a requirements.txt");
            draft.Caches.Add(new CacheFolder("conda", "CONDA_PKGS_DIRS"));
        }

        if (Any)
        {
            draft.Path.Add(".venv/bin");
            draft.BoundToPath = true;
            draft.Caches.Add(new CacheFolder("pip", "PIP_CACHE_DIR"));
            draft.BuildEnvironment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1";
            draft.BuildEnvironment["POETRY_VIRTUALENVS_IN_PROJECT"] = "true";
            draft.BuildEnvironment["PIPENV_VENV_IN_PROJECT"] = "1";
        }
    }

    // The same order as the tools' own precedence: a lock file says more than a list of names.
    private void Choose(SourceView source)
    {
        var poetry = Project.Table("tool", "poetry");
        if (source.Has("uv.lock"))
        {
            Tool("uv", "uv sync --locked --no-dev", "uv.lock: uv installs what it says");
        }
        else if (source.Has("poetry.lock") || (poetry is not null && Project.Table("project") is null && !source.Has("requirements.txt")))
        {
            Tool("poetry", poetry?.ContainsKey("packages") == true || poetry?.ContainsKey("package-mode") == false ? "poetry install --only main --no-interaction" : "poetry install --only main --no-root --no-interaction",
                source.Has("poetry.lock") ? "poetry.lock: poetry installs what it says" : "pyproject.toml is poetry's");
        }
        else if (source.Has("pdm.lock"))
        {
            Tool("pdm", "pdm sync --prod --no-self", "pdm.lock: pdm installs what it says");
        }
        else if (source.Has("Pipfile") && !(source.Has("requirements.txt") && !source.Has("Pipfile.lock")))
        {
            Tool("pipenv", source.Has("Pipfile.lock") ? "pipenv sync" : "pipenv install --skip-lock", source.Has("Pipfile.lock") ? "Pipfile.lock: pipenv installs what it says" : "Pipfile names the packages");
        }
        else if (Requirements(source) is { } file)
        {
            if (HasLines(source.Read(file)))
            {
                steps.Add((Draft.Install, $"{NewEnvironment} && {Pip} install -r {Shell.Quote(file)}", $"{file} names the packages"));
            }
        }
        else if (Project.Table("project") is { } table)
        {
            Declared(table);
        }
        else if (source.First("environment.yml", "environment.yaml", "package-list.txt") is { } environment)
        {
            conda = environment;
            steps.Add((Draft.Install, $"conda {(environment == "package-list.txt" ? "" : "env ")}create --quiet --yes --prefix .venv --file {environment}", $"{environment} is a conda environment"));
        }
        else if (source.First("setup.py", "setup.cfg") is { } setup)
        {
            steps.Add((Draft.Install, $"{NewEnvironment} && {Pip} install .", $"{setup} describes a package, which is installed"));
        }
    }

    // A flat folder of modules is no package that setuptools would build, so only its dependencies are installed.
    private void Declared(TomlTable table)
    {
        var dependencies = table.Texts("dependencies").ToList();
        if (Project!.ContainsKey("build-system") || table.Table("scripts") is not null)
        {
            steps.Add((Draft.Install, $"{NewEnvironment} && {Pip} install .", "pyproject.toml describes a package, which is installed"));
        }
        else if (dependencies.Count > 0)
        {
            steps.Add((Draft.Install, $"{NewEnvironment} && {Pip} install {string.Join(' ', dependencies.Select(Shell.Quote))}", "pyproject.toml names the packages"));
        }
    }

    // The tool itself comes from the machine, or into a folder of its own beside the app's packages.
    private void Tool(string tool, string command, string because)
    {
        steps.Add((Draft.Prepare, $"command -v {tool} >/dev/null || {{ python3 -m venv {Tools} && {Tools}/bin/pip install --quiet {tool}; }}", because));
        var prepare = tool is "pdm" or "poetry" ? "" : $"{NewEnvironment} && ";
        steps.Add((Draft.Install, $"{prepare}PATH=\"$PATH:$PWD/{Tools}/bin\" {command}", ""));
    }

    private static string? Requirements(SourceView source) =>
        source.First("requirements.txt", "requirements/production.txt", "requirements/prod.txt", "requirements/base.txt", "requirements/common.txt", "requirements-prod.txt", "requirements/requirements.txt", "requirements.lock");

    private static bool HasLines(string? text) => (text ?? "").Split('\n').Any(l => l.Trim() is { Length: > 0 } line && line[0] != '#');

    private void Collect(SourceView source)
    {
        foreach (var file in source.Where(p => p is "requirements.txt" or "requirements.in" or "requirements.lock" || (p.StartsWith("requirements", StringComparison.Ordinal) && p.EndsWith(".txt", StringComparison.Ordinal) && SourceView.Depth(p) <= 1)).Take(12))
        {
            names.UnionWith((source.Read(file, 65536) ?? "").Split('\n').Select(NameOf).Where(n => n.Length > 0));
        }

        if (names.Count > 0 && source.Read("requirements.txt", 65536) is { } text && text.Contains("fastapi[", StringComparison.OrdinalIgnoreCase))
        {
            // fastapi[standard] and fastapi[all] bring their server.
            names.Add("uvicorn");
        }

        names.UnionWith(Project.Table("project").Texts("dependencies").Select(NameOf));
        foreach (var table in (TomlTable?[])[Project.Table("tool", "poetry", "dependencies"), Toml.Parse(source.Read("Pipfile")).Table("packages")])
        {
            names.UnionWith(table?.Keys.Select(NameOf) ?? []);
        }

        foreach (Match match in SetupNames().Matches(source.Read("setup.py", 65536) ?? ""))
        {
            names.Add(NameOf(match.Groups[1].Value));
        }
    }

    // "Django[argon2]>=4.2 ; python_version>'3.8'" → django
    private static string NameOf(string line) =>
        new([.. line.Trim().TakeWhile(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.').Select(c => c is '_' or '.' ? '-' : char.ToLowerInvariant(c))]);

    [GeneratedRegex(@"['""]([A-Za-z][\w.-]+)(?:\[[\w,]+\])?\s*[><=~!]*", RegexOptions.NonBacktracking)]
    private static partial Regex SetupNames();
}
