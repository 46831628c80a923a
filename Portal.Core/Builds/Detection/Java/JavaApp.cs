namespace Portal.Core.Builds.Detection.Java;

/// <summary>How a built Java program starts and is told its port, whichever tool built it.</summary>
internal static class JavaApp
{
    public const string Get = "install the Debian package openjdk-17-jdk-headless, or a newer JDK from adoptium.net";

    /// <param name="exact">The build wants this very version and no newer one (a Gradle tool-chain).</param>
    public static void Version(SourceView source, Draft draft, string? declared, bool exact = false)
    {
        var properties = (source.Read("system.properties", 16384) ?? "").Split('\n').Select(l => l.Trim().Split('=', 2)).FirstOrDefault(l => l[0].Trim() == "java.runtime.version" && l.Length == 2)?[1].Trim();
        var found = properties is { Length: > 0 and <= 64 } ? (properties, "system.properties")
            : VersionFiles.OneLine(source, ".java-version") ?? VersionFiles.Tool(source, "java") ?? (declared is null ? default((string, string)?) : (declared, "the build file"));
        if (found is { } version)
        {
            // "1.8" is 8; "temurin-21.0.2" and "21.0.2-zulu" are 21.
            var number = version.Item1.StartsWith("1.", StringComparison.Ordinal) ? version.Item1[2..] : version.Item1;
            var major = declared ?? number;
            var needed = VersionRange.VersionIn(major.StartsWith("1.", StringComparison.Ordinal) ? major[2..] : major) is { } v ? VersionRange.MajorOf(v) : (int?)null;
            draft.Asks(number, needed is null ? null : exact ? $"{needed}" : $">={needed}", strict: declared is not null);
            draft.Because($"{version.Item2} asks for Java {draft.Version}");
        }
    }

    /// <param name="buildFiles">The text of the build files, to recognise frameworks in.</param>
    /// <param name="folder">Where the built archives are.</param>
    /// <param name="quarkus">Quarkus' own layout, which is started from where it is.</param>
    public static Draft Start(Draft draft, string buildFiles, string folder, string quarkus, bool war)
    {
        bool Mentions(string text) => buildFiles.Contains(text, StringComparison.OrdinalIgnoreCase);
        if (Mentions("io.quarkus"))
        {
            draft.Stack = "Quarkus";
            return draft.Because("the build file names Quarkus").Serve($"java -Dquarkus.http.host=0.0.0.0 -Dquarkus.http.port=\"$PORT\" -jar {Shell.Quote(quarkus)}");
        }

        if (Mentions("spring-boot") || Mentions("org.springframework.boot"))
        {
            draft.Stack = "Spring Boot";
            return Jar(draft.Because("the build file names Spring Boot"), folder, war ? "war" : "jar", "-Dserver.port=\"$PORT\"");
        }

        if (Mentions("io.micronaut"))
        {
            draft.Stack = "Micronaut";
            return Jar(draft.Because("the build file names Micronaut"), folder, "jar", "-Dmicronaut.server.port=\"$PORT\"");
        }

        if (Mentions("io.helidon"))
        {
            draft.Stack = "Helidon";
            return Jar(draft.Because("the build file names Helidon"), folder, "jar", "-Dserver.port=\"$PORT\" -Dserver.host=0.0.0.0");
        }

        if (Mentions("io.ktor"))
        {
            draft.Stack = "Ktor";
            return Jar(draft.Because("the build file names Ktor"), folder, "jar", "-Dport=\"$PORT\" -Dktor.deployment.port=\"$PORT\"");
        }

        if (war)
        {
            return Mentions("webapp-runner") ? draft.Because("webapp-runner serves the web archive").Serve($"java -jar {folder}/dependency/webapp-runner.jar --port \"$PORT\" \"$(ls {Shell.Quote(folder)}/*.war | head -n 1)\"")
                : draft.Fail("This project makes a web archive (.war), and nothing in it serves one.", "Add webapp-runner or Spring Boot to the project, or set the start command in the app's settings.");
        }

        return Jar(draft.Because("the built archive is started"), folder, "jar", "-Dserver.port=\"$PORT\"");
    }

    // Names carry versions and suffixes that only the build knows, so the largest archive that is no by-product is taken.
    private static Draft Jar(Draft draft, string folder, string extension, string port)
    {
        var quoted = Shell.Quote(folder);
        draft.Serve($"java {port} -jar \"$(ls -S {quoted}/*.{extension} | grep -v -E -e '-(plain|sources|javadoc|tests|stubs)[.]{extension}$' -e '/original-' | head -n 1)\"");
        draft.Processes[0] = draft.Processes[0] with { Text = $"java {port} -jar {folder}/*.{extension}" };
        return draft;
    }
}
