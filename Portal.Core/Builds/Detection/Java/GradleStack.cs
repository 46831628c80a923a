using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Java;

/// <summary>Gradle, in Groovy or Kotlin, with the wrapper when the repository has one.</summary>
internal sealed partial class GradleStack : IStack
{
    public string Id => "java";

    public Draft? Detect(SourceView source, bool chosen)
    {
        var build = source.First("build.gradle", "build.gradle.kts");
        var settings = source.First("settings.gradle", "settings.gradle.kts");
        if (build is null && settings is null)
        {
            return null;
        }

        var draft = new Draft("Java (Gradle)", Id).Because($"{build ?? settings} is a Gradle project").Needs("java", null, JavaApp.Get);
        var root = build is null ? "" : source.Read(build) ?? "";
        var (module, text) = Runs(root) ? ("", root) : Module(source, settings) ?? ("", root);
        if (module.Length > 0)
        {
            draft.Because($"of the modules, {module} is the one that runs");
        }

        if (AndroidPlugin().IsMatch(root + text))
        {
            return draft.Fail("This is an Android app, which runs on phones and not on a server.", "Set the app's folder to a part that runs on a server.");
        }

        JavaApp.Version(source, draft, Toolchain().Match(text + "\n" + root) is { Success: true } m ? m.Groups[1].Value : null,
            exact: (text + root) is var said && (said.Contains("JavaLanguageVersion.of", StringComparison.Ordinal) || said.Contains("jvmToolchain(", StringComparison.Ordinal)) && !(settings is not null && (source.Read(settings) ?? "").Contains("foojay", StringComparison.Ordinal)));
        var wrapper = source.Has("gradlew") && source.Has("gradle/wrapper/gradle-wrapper.properties") && source.Has("gradle/wrapper/gradle-wrapper.jar");
        if (!wrapper)
        {
            draft.Needs("gradle", null, "install Gradle from gradle.org, or add the wrapper with: gradle wrapper");
        }

        var all = root + text + (source.Read("gradle/libs.versions.toml", 65536) ?? "");
        var spring = all.Contains("org.springframework.boot", StringComparison.Ordinal);
        var shadow = ShadowPlugin().IsMatch(root + text);
        var distribution = !spring && !shadow && ApplicationPlugin().IsMatch(text) && !all.Contains("io.quarkus", StringComparison.Ordinal);
        var task = spring ? (text.Contains("war", StringComparison.Ordinal) && WarPlugin().IsMatch(text) ? "bootWar" : "bootJar") : shadow ? "shadowJar" : distribution ? "installDist" : "build";
        var path = module.Length == 0 ? "" : ":" + module.Replace('/', ':') + ":";
        draft.Step(Draft.Build, $"{(wrapper ? "sh ./gradlew" : "gradle")} --no-daemon --console=plain {Shell.Quote(path + task)} -x test");
        draft.Caches.Add(new CacheFolder("gradle", "GRADLE_USER_HOME"));
        if (distribution)
        {
            // installDist lays out a start script named after the project.
            var scripts = SourceView.Join(module, "build/install");
            draft.Because("the application plugin lays out a start script").Serve($"JAVA_OPTS=\"-Dserver.port=$PORT -Dport=$PORT $JAVA_OPTS\" sh \"$(ls {Shell.Quote(scripts)}/*/bin/* | grep -v '[.]bat$' | head -n 1)\"");
            draft.Processes[0] = draft.Processes[0] with { Text = $"sh {scripts}/*/bin/*" };
            draft.Stack = all.Contains("io.ktor", StringComparison.Ordinal) ? "Ktor" : all.Contains("io.micronaut", StringComparison.Ordinal) ? "Micronaut" : draft.Stack;
            return draft;
        }

        return JavaApp.Start(draft, all, SourceView.Join(module, "build/libs"), SourceView.Join(module, "build/quarkus-app/quarkus-run.jar"), task == "bootWar" || (!spring && !all.Contains("io.quarkus", StringComparison.Ordinal) && WarPlugin().IsMatch(text)));
    }

    private static (string, string)? Module(SourceView source, string? settings)
    {
        var included = settings is null ? [] : Included().Matches(source.Read(settings, 65536) ?? "").Select(m => m.Groups[1].Value.TrimStart(':').Replace(':', '/')).ToList();
        var modules = source.Where(p => SourceView.NameOf(p) is "build.gradle" or "build.gradle.kts" && p.Contains('/')).Take(200)
            .Select(p => (Folder: SourceView.FolderOf(p), Text: source.Read(p) ?? ""))
            .Where(m => !m.Folder.Split('/').Any(part => part is "buildSrc" or "build-logic"))
            .ToList();
        var runs = modules.Where(m => Runs(m.Text)).OrderBy(m => included.Contains(m.Folder) ? 0 : 1).ThenBy(m => SourceView.NameOf(m.Folder) is "app" or "server" or "web" or "application" ? 0 : 1).ToList();
        return runs.Count > 0 ? runs[0] : modules.Where(m => m.Folder == "app").Select(m => ((string, string)?)m).FirstOrDefault();
    }

    private static bool Runs(string text) => Runnable().IsMatch(text) && !text.Contains("apply false\n}", StringComparison.Ordinal);

    [GeneratedRegex(@"(org\.springframework\.boot|spring\.boot|io\.quarkus|quarkus|io\.ktor|ktor|io\.micronaut|micronaut|\bapplication\b|shadow|mainClass)", RegexOptions.NonBacktracking)]
    private static partial Regex Runnable();

    [GeneratedRegex(@"com\.android\.application|plugins\.android\.application", RegexOptions.NonBacktracking)]
    private static partial Regex AndroidPlugin();

    [GeneratedRegex(@"(?:id\s*\(?\s*['""]application['""]|apply\s+plugin:\s*['""]application['""]|^\s*application\s*$|`application`|io\.ktor\.plugin|plugins\.ktor|io\.micronaut\.application|micronaut\.application)", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex ApplicationPlugin();

    [GeneratedRegex(@"(?:com\.github\.johnrengelman\.shadow|com\.gradleup\.shadow|plugins\.shadow|shadowJar)", RegexOptions.NonBacktracking)]
    private static partial Regex ShadowPlugin();

    [GeneratedRegex(@"(?:id\s*\(?\s*['""]war['""]|apply\s+plugin:\s*['""]war['""]|^\s*war\s*$)", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex WarPlugin();

    [GeneratedRegex(@"(?:JavaLanguageVersion\.of\(|jvmToolchain\(|sourceCompatibility\s*=\s*(?:JavaVersion\.VERSION_(?:1_)?|['""]?(?:1\.)?))(\d{1,2})", RegexOptions.NonBacktracking)]
    private static partial Regex Toolchain();

    [GeneratedRegex(@"['""](:?[\w.:-]+)['""]", RegexOptions.NonBacktracking)]
    private static partial Regex Included();
}
