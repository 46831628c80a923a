using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Other;

/// <summary>Go: one program from the main package; programs are left in bin/ by their names, where Procfiles look for them.</summary>
internal sealed partial class GoStack : IStack
{
    private static readonly string[] Aside = ["vendor", "testdata", "examples", "example", "test", "tests", "internal", "tools", "scripts", "hack", "_examples", "node_modules"];

    public string Id => "go";

    public Draft? Detect(SourceView source, bool chosen)
    {
        var module = source.Read("go.mod", 65536);
        var workspace = module is null ? source.Read("go.work", 65536) : null;
        var mains = Mains(source).ToList();
        if (module is null && workspace is null && !(mains.Contains("") && source.Paths.Any(p => !p.Contains('/') && p.EndsWith(".go", StringComparison.Ordinal))))
        {
            return null;
        }

        var draft = new Draft("Go", Id).Needs("go", null, "install the Debian package golang-go, or a newer Go from go.dev");
        if (GoVersion().Match(module ?? workspace ?? "") is { Success: true } m)
        {
            // Since 1.21 Go fetches a newer one by itself, where it can.
            draft.Asks(m.Groups[1].Value, ">=" + m.Groups[1].Value, strict: false);
            draft.Because($"{(module is null ? "go.work" : "go.mod")} asks for Go {draft.Version}");
        }

        draft.Caches.Add(new CacheFolder("go-modules", "GOMODCACHE"));
        draft.Caches.Add(new CacheFolder("go-build", "GOCACHE"));
        draft.BuildEnvironment["CGO_ENABLED"] = "0";
        if (mains.Count == 0)
        {
            return draft.Fail("This Go module has no main package, so there is nothing to start.", "Add a file with \"package main\" and a main function, at the top or in cmd/NAME.");
        }

        Framework(module ?? "", draft);
        draft.Path.Add("bin");
        var program = Choose(source, mains);
        if (mains.Count > 2 && program.Length > 0 && !IsUsual(program) && !source.Has("Procfile"))
        {
            draft.Final = true;
            return draft.Fail($"This Go module holds several programs: {string.Join(", ", mains.Order(StringComparer.Ordinal).Take(8))}{(mains.Count > 8 ? $" and {mains.Count - 8} more" : "")}.", $"Set the app's folder to one of them, such as {mains.Order(StringComparer.Ordinal).First()}.");
        }

        var name = mains.Count == 1 && Named(source) is { } said ? said : program.Length > 0 ? SourceView.NameOf(program) : module is null && source.Folder.Length > 0 ? SourceView.NameOf(source.Folder) : Name(module);
        if (mains.Count > 1)
        {
            draft.Warnings.Add($"Other programs in this repository: {string.Join(", ", mains.Where(p => p != program).Select(p => p.Length == 0 ? "the top folder" : p).Take(8))}. A Procfile can start them: they are built into bin/.");
        }

        draft.Because(program.Length == 0 ? "the main package is at the top" : $"the main package is {program}");
        if (module is null && workspace is null && !InModule(source))
        {
            draft.Because("there is no go.mod, so one is made for the build");
            draft.Step(Draft.Install, "go mod init app && go mod tidy");
        }

        // With a Procfile every program is wanted, without it only the one that starts.
        draft.Step(Draft.Build, mains.Count > 1 && source.Has("Procfile") ? "mkdir -p bin && go build -o bin/ ./..." : $"go build -o {Shell.Quote("bin/" + name)} {(program.Length == 0 ? "." : Shell.Quote("./" + program))}");
        return draft.Serve(Shell.Quote("bin/" + name));
    }

    private static IEnumerable<string> Mains(SourceView source) =>
        source.WithExtension(".go").Where(p => !p.EndsWith("_test.go", StringComparison.Ordinal) && SourceView.Depth(p) <= 4 && !SourceView.FolderOf(p).Split('/').Any(part => Aside.Contains(part) || part.StartsWith('.')))
            .Take(600).Where(p => PackageMain().IsMatch(source.Read(p, 16384) ?? "")).Select(SourceView.FolderOf).Distinct(StringComparer.Ordinal);

    // The folder of an app inside a larger module.
    private static bool InModule(SourceView source)
    {
        for (var above = source.Parent(); above is not null; above = above.Parent())
        {
            if (above.Has("go.mod"))
            {
                return true;
            }
        }

        return false;
    }

    // "web: shop" or "web: bin/shop": the Procfile knows the program by a name that the source need not tell.
    private static string? Named(SourceView source) =>
        Procfile.Parse(source.Read("Procfile") ?? "").Where(e => e.Name == Draft.Web).Select(e => ProgramName().Match(e.Command)).FirstOrDefault(m => m.Success)?.Groups[1].Value is { } name and not ("go" or "sh" or "bash" or "cd" or "env" or "exec") ? name : null;

    private static bool IsUsual(string folder) => folder.StartsWith("cmd/", StringComparison.Ordinal) || folder is "cmd" or "server" or "web" or "api" or "app" or "src" or "main";

    private static string Choose(SourceView source, List<string> mains) =>
        mains.OrderBy(m => m.Length == 0 ? 0 : IsUsual(m) && SourceView.NameOf(m) is "server" or "web" or "api" or "app" or "main" or "http" or "httpd" ? 1 : m.StartsWith("cmd/", StringComparison.Ordinal) ? 2 : 3)
            .ThenBy(m => SourceView.NameOf(m) is var last && last.Contains("server", StringComparison.OrdinalIgnoreCase) ? 0 : last.Contains("client", StringComparison.OrdinalIgnoreCase) ? 2 : 1)
            .ThenBy(m => source.Paths.Any(p => SourceView.FolderOf(p) == m && p.EndsWith(".go", StringComparison.Ordinal) && (source.Read(p, 65536) ?? "").Contains("ListenAndServe", StringComparison.Ordinal)) ? 0 : 1)
            .ThenBy(SourceView.Depth).ThenBy(m => m, StringComparer.Ordinal).First();

    // The last part of the module's path that is no version: example.com/shop/v2 → shop.
    private static string Name(string? module)
    {
        var path = ModulePath().Match(module ?? "").Groups[1].Value;
        return path.Split('/').LastOrDefault(part => part.Length > 0 && !VersionPart().IsMatch(part)) ?? "app";
    }

    private static void Framework(string module, Draft draft)
    {
        foreach (var (path, name) in ((string, string)[])[("gin-gonic/gin", "Gin"), ("labstack/echo", "Echo"), ("gofiber/fiber", "Fiber"), ("go-chi/chi", "chi"), ("gobuffalo/buffalo", "Buffalo"), ("beego/beego", "Beego")])
        {
            if (module.Contains(path, StringComparison.Ordinal))
            {
                draft.Stack = $"Go ({name})";
                draft.RunEnvironment["GIN_MODE"] = "release";
                return;
            }
        }
    }

    [GeneratedRegex(@"^(?:exec\s+)?(?:\./)?(?:bin/)?([\w.-]*\w)(?:\s|$)", RegexOptions.NonBacktracking)]
    private static partial Regex ProgramName();

    [GeneratedRegex(@"^go\s+(\d+(?:\.\d+)*)", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex GoVersion();

    [GeneratedRegex(@"^module\s+""?([^\s""]+)", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex ModulePath();

    [GeneratedRegex(@"^v\d+$", RegexOptions.NonBacktracking)]
    private static partial Regex VersionPart();

    [GeneratedRegex(@"^package main\b", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex PackageMain();
}
