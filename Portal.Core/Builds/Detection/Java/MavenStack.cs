using System.Xml.Linq;

namespace Portal.Core.Builds.Detection.Java;

/// <summary>Maven: packages the module that runs, with its wrapper when the repository has one.</summary>
internal sealed class MavenStack : IStack
{
    public string Id => "java";

    public Draft? Detect(SourceView source, bool chosen)
    {
        if (!source.Has("pom.xml"))
        {
            return null;
        }

        var draft = new Draft("Java (Maven)", Id);
        var root = Xml.Parse(source.Read("pom.xml"));
        if (root is null)
        {
            draft.Final = true;
            return draft.Fail("pom.xml cannot be read: it is not valid XML.", "Correct pom.xml and push again.");
        }

        draft.Because("pom.xml is a Maven project").Needs("java", null, JavaApp.Get);
        if (Around(source) is { } around)
        {
            draft.Folder = around.Root.Folder;
            return Plan(draft, around.Root, around.Pom, around.Module, root);
        }

        var modules = Modules(source, root).OrderBy(m => Rank(source, m)).ToList();
        var alike = modules.Where(m => Rank(source, m) == 0).ToList();
        if (alike.Count > 1)
        {
            var named = alike.Where(m => SourceView.NameOf(m.Folder).Split('-')[^1] is "web" or "app" or "application" or "server" or "complete" or "boot").ToList();
            if (named.Count != 1)
            {
                draft.Final = true;
                var names = alike.Select(m => m.Folder).Order(StringComparer.Ordinal).ToList();
                return draft.Fail($"Several modules of this project can run: {string.Join(", ", names.Take(8))}{(names.Count > 8 ? $" and {names.Count - 8} more" : "")}.", $"Set the app's folder to one of them, such as {names[0]}.");
            }

            modules = named;
        }

        return modules.Count == 0 ? Plan(draft, source, root, "", root) : Plan(draft, source, root, modules[0].Folder, modules[0].Pom);
    }

    private static Draft Plan(Draft draft, SourceView source, XElement root, string module, XElement pom)
    {
        if (module.Length > 0)
        {
            draft.Because($"of the modules, {module} is the one that runs");
        }

        JavaApp.Version(source, draft, MavenVersion(root) ?? MavenVersion(pom));
        var wrapper = source.Has("mvnw") && source.Has(".mvn/wrapper/maven-wrapper.properties");
        if (!wrapper)
        {
            draft.Needs("mvn", null, "install the Debian package maven");
        }

        var of = module.Length == 0 ? "" : $" --projects {Shell.Quote(module)} --also-make";
        draft.Step(Draft.Build, $"{(wrapper ? "sh ./mvnw" : "mvn")} --batch-mode --no-transfer-progress -DskipTests{of} package");
        draft.Caches.Add(new CacheFolder("maven", "MAVEN_OPTS") { EnvironmentValue = "-Dmaven.repo.local={path}" });
        draft.Caches.Add(new CacheFolder("maven-wrapper", "MAVEN_USER_HOME"));
        var target = SourceView.Join(module, "target");
        return JavaApp.Start(draft, Text(root) + Text(pom), target, target + "/quarkus-app/quarkus-run.jar", pom.Child("packaging")?.Value.Trim() == "war");
    }

    // The app's folder is a module of the project above, which builds it together with what it needs.
    private static (SourceView Root, XElement Pom, string Module)? Around(SourceView source)
    {
        (SourceView Root, XElement Pom, string Module)? found = null;
        for (var above = source.Parent(); above is not null; above = above.Parent())
        {
            var module = source.Folder[(above.Folder.Length == 0 ? 0 : above.Folder.Length + 1)..];
            if (Xml.Parse(above.Read("pom.xml")) is { } pom && Modules(above, pom).Any(m => m.Folder == module))
            {
                found = (above, pom, module);
            }
        }

        return found;
    }

    private static IEnumerable<(string Folder, XElement Pom)> Modules(SourceView source, XElement root)
    {
        var open = new Queue<(string Folder, XElement Pom)>([("", root)]);
        for (var seen = 0; seen < 200 && open.TryDequeue(out var next); seen++)
        {
            var names = next.Pom.Child("modules").Children("module").Select(m => SourceView.Normalise(SourceView.Join(next.Folder, m.Value.Trim()))).OfType<string>().Take(100).ToList();
            foreach (var folder in names)
            {
                if (Xml.Parse(source.Read(SourceView.Join(folder, "pom.xml"))) is { } pom)
                {
                    open.Enqueue((folder, pom));
                }
            }

            if (names.Count == 0 && next.Folder.Length > 0)
            {
                yield return next;
            }
        }
    }

    // Plugins that make something runnable, then a main class, then a name that says "application".
    private static int Rank(SourceView source, (string Folder, XElement Pom) module)
    {
        var text = Text(module.Pom);
        var name = SourceView.NameOf(module.Folder);
        return text.Contains("spring-boot-maven-plugin", StringComparison.Ordinal) || text.Contains("quarkus-maven-plugin", StringComparison.Ordinal) ? 0
            : text.Contains("mainClass", StringComparison.Ordinal) || text.Contains("maven-shade-plugin", StringComparison.Ordinal) ? 1
            : source.Paths.Any(p => p.StartsWith(module.Folder + "/", StringComparison.Ordinal) && p.EndsWith("Application.java", StringComparison.Ordinal)) ? 2
            : name is "web" or "app" or "application" or "server" or "api" or "complete" ? 3 : 4;
    }

    private static string? MavenVersion(XElement pom)
    {
        var properties = pom.Child("properties");
        foreach (var name in (string[])["java.version", "maven.compiler.release", "maven.compiler.target", "maven.compiler.source"])
        {
            if (properties.Children(name).FirstOrDefault()?.Value.Trim() is { Length: > 0 and < 12 } version && char.IsAsciiDigit(version[0]))
            {
                return version;
            }
        }

        return null;
    }

    private static string Text(XElement pom) => pom.ToString(SaveOptions.DisableFormatting);
}
