using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Python;

/// <summary>Looks through Python files for the object a server is pointed at: "app = FastAPI()" in api/main.py → api.main:app.</summary>
internal static partial class PythonCode
{
    private const int MaxFiles = 200;
    private const int MaxBytes = 65536;

    private static readonly string[] Aside = ["test", "tests", "docs", "migrations", "examples", "scripts", "alembic", "venv", "env", "site-packages"];

    /// <summary>Where a framework's object is made, the likeliest first.</summary>
    /// <param name="Module">Dotted, relative to <paramref name="Folder"/>.</param>
    /// <param name="Variable">"app", or "create_app()" for a factory.</param>
    public sealed record Target(string File, string Folder, string Module, string Variable)
    {
        public bool IsFactory => Variable.EndsWith("()", StringComparison.Ordinal);
    }

    public static Target? Find(SourceView source, string constructor)
    {
        Target? factory = null;
        foreach (var file in Files(source))
        {
            var text = source.Read(file, MaxBytes) ?? "";
            if (!text.Contains(constructor + "(", StringComparison.Ordinal))
            {
                continue;
            }

            foreach (Match match in Assignment().Matches(text))
            {
                if (match.Groups[2].Value.Split('.')[^1] == constructor)
                {
                    return At(source, file, match.Groups[1].Value);
                }
            }

            if (factory is null && Factory().Match(text) is { Success: true } made)
            {
                factory = At(source, file, made.Groups[1].Value + "()");
            }
        }

        // app = create_app() in another file is what people mean by "the app".
        if (factory is not null)
        {
            var call = factory.Variable[..^2];
            foreach (var file in Files(source))
            {
                foreach (Match match in Assignment().Matches(source.Read(file, MaxBytes) ?? ""))
                {
                    if (match.Groups[2].Value.Split('.')[^1] == call)
                    {
                        return At(source, file, match.Groups[1].Value);
                    }
                }
            }
        }

        return factory;
    }

    public static IEnumerable<string> Files(SourceView source) =>
        source.WithExtension(".py").Where(p => SourceView.Depth(p) <= 4 && !p.Split('/').Any(part => Aside.Contains(part) || part.StartsWith('.') || part.StartsWith("test_", StringComparison.Ordinal)))
            .OrderBy(SourceView.Depth).ThenBy(p => Usual(SourceView.NameOf(p))).ThenBy(p => p, StringComparer.Ordinal).Take(MaxFiles);

    private static int Usual(string name) => Array.IndexOf(["wsgi.py", "asgi.py", "main.py", "app.py", "application.py", "server.py", "run.py", "api.py", "__init__.py", "index.py"], name) is var i and >= 0 ? i : 100;

    // The folder to start in is the first one up that is not a package itself, unless the import starts at the top anyway.
    private static Target At(SourceView source, string file, string variable)
    {
        var folder = SourceView.FolderOf(file);
        var module = SourceView.NameOf(file)[..^3];
        while (folder.Length > 0 && source.Has(folder + "/__init__.py"))
        {
            module = module == "__init__" ? SourceView.NameOf(folder) : SourceView.NameOf(folder) + "." + module;
            folder = SourceView.FolderOf(folder);
        }

        // src/main.py that imports "src.x" or "from .x" is started from the top, as a namespace package.
        if (folder.Length > 0 && source.Read(file, MaxBytes) is { } text
            && (text.Contains($"from {folder.Replace('/', '.')}.", StringComparison.Ordinal) || text.Contains($"from {folder.Replace('/', '.')} import", StringComparison.Ordinal)
                || text.Contains($"import {folder.Replace('/', '.')}.", StringComparison.Ordinal) || text.Contains("\nfrom .", StringComparison.Ordinal)))
        {
            return new Target(file, "", folder.Replace('/', '.') + "." + module, variable);
        }

        return new Target(file, folder, module, variable);
    }

    [GeneratedRegex(@"^([A-Za-z_]\w*)\s*(?::\s*[\w.]+\s*)?=\s*([\w.]+)\(", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"^(?:async\s+)?def\s+(create_app|make_app|build_app|get_app|create_application|get_application|app_factory|init_app)\s*\(\s*(?:\)|[^)]*=)", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex Factory();
}
