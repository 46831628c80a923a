using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Other;

/// <summary>The languages of <see cref="PlainStack"/>.</summary>
internal static class PlainStacks
{
    // A pattern of the shell, because only the build knows versions in names.
    private const string FirstJar = "java -jar \"$(ls target/uberjar/*standalone*.jar target/*standalone*.jar target/*.jar 2>/dev/null | head -n 1)\"";

    /// <summary>Those whose pages' files often bring a package.json along: tried before Node.</summary>
    public static readonly IReadOnlyList<IStack> BeforeNode =
    [
        new PlainStack("clojure", "Clojure (Leiningen)", s => s.First("project.clj"), _ => FirstJar)
        {
            Tools = [("java", Java.JavaApp.Get), ("lein", "install the Debian package leiningen")],
            Build = _ => "lein uberjar",
        },
        new PlainStack("clojure", "Clojure", s => s.First("deps.edn"), s => s.Has("build.clj") ? FirstJar : Main(s, @":main-opts\s*\[""-m""\s+""([\w.-]+)""") is { } main ? $"clojure -M -m {main}" : null)
        {
            Tools = [("java", Java.JavaApp.Get), ("clojure", "install the Clojure command line tools from clojure.org/guides/install_clojure")],
            Build = s => s.Has("build.clj") ? "clojure -T:build uber" : "clojure -P",
        },
        new PlainStack("scala", "Scala (sbt)", s => s.First("build.sbt"), s => Staged(s)
            ? "\"$(ls target/universal/stage/bin/* | grep -v '[.]bat$' | head -n 1)\" -Dhttp.port=\"$PORT\""
            : "java -jar \"$(ls target/scala-*/*assembly*.jar target/scala-*/*.jar 2>/dev/null | head -n 1)\"")
        {
            Tools = [("java", Java.JavaApp.Get), ("sbt", "install sbt from scala-sbt.org")],
            Build = s => Staged(s) ? "sbt -batch stage" : "sbt -batch assembly",
        },
        new PlainStack("zola", "Zola", s => (s.HasFolder("content") || s.HasFolder("templates")) && Line(s, "config.toml", @"^(base_url)\s*=") is not null ? "config.toml" : null, _ => null)
        {
            Tools = [("zola", "install Zola from getzola.org")],
            Build = _ => "zola build --output-dir .portal/site",
            Files = _ => ".portal/site",
            SinglePage = false,
        },
        new PlainStack("crystal", "Crystal", s => s.First("shard.yml"), s => (Line(s, "shard.yml", @"^targets:\s*\r?\n\s+([\w-]+):") ?? Line(s, "shard.yml", @"^name:\s*([\w-]+)")) is { } name ? $"bin/{name}" : null)
        {
            Tools = [("shards", "install Crystal from crystal-lang.org")],
            Build = _ => "shards build --release --production",
        },
        new PlainStack("dart", "Flutter", s => Flutter(s) ? s.First("pubspec.yaml") : null, _ => null)
        {
            Tools = [("flutter", "install Flutter from flutter.dev")],
            Build = _ => "flutter build web --release",
            Files = _ => "build/web",
        },
        new PlainStack("dart", "Dart", s => s.First("pubspec.yaml"), s => DartMain(s) is null ? null : "bin/app")
        {
            Tools = [("dart", "install Dart from dart.dev")],
            Install = "dart pub get",
            Build = s => DartMain(s) is { } main ? $"dart compile exe {Shell.Quote(main)} -o bin/app" : null,
            Caches = [("dart", "PUB_CACHE")],
            Fix = "Add bin/server.dart with a main function.",
        },
        new PlainStack("gleam", "Gleam", s => s.First("gleam.toml"), _ => "build/erlang-shipment/entrypoint.sh run")
        {
            Tools = [("gleam", "install Gleam from gleam.run"), ("erl", "install the Debian package erlang")],
            Build = _ => "gleam export erlang-shipment",
        },
        new PlainStack("haskell", "Haskell (Stack)", s => s.First("stack.yaml"), _ => "\"$(ls bin/* | head -n 1)\"")
        {
            Tools = [("stack", "install the Debian package haskell-stack")],
            Build = _ => "stack build --copy-bins --local-bin-path bin",
            Caches = [("stack", "STACK_ROOT")],
        },
        new PlainStack("haskell", "Haskell (Cabal)", s => s.First("cabal.project") ?? s.Where(p => !p.Contains('/') && p.EndsWith(".cabal", StringComparison.Ordinal)).FirstOrDefault(), _ => "\"$(ls bin/* | head -n 1)\"")
        {
            Tools = [("cabal", "install the Debian packages cabal-install and ghc")],
            Build = _ => "cabal update && cabal install exe:all --installdir=bin --install-method=copy",
            Caches = [("cabal", "CABAL_DIR")],
        },
        new PlainStack("swift", "Swift", s => s.First("Package.swift"), s => (Line(s, "Package.swift", @"\.executableTarget\(\s*name:\s*""([\w-]+)""") ?? Line(s, "Package.swift", @"name:\s*""([\w-]+)""")) is { } name
            ? $".build/release/{name}{((s.Read("Package.swift", 65536) ?? "").Contains("vapor/vapor", StringComparison.Ordinal) ? " serve --env production --hostname 0.0.0.0 --port \"$PORT\"" : "")}" : null)
        {
            Tools = [("swift", "install Swift from swift.org")],
            Build = _ => "swift build -c release --static-swift-stdlib",
        },
        new PlainStack("zig", "Zig", s => s.First("build.zig"), _ => "\"$(ls zig-out/bin/* | head -n 1)\"")
        {
            Tools = [("zig", "install Zig from ziglang.org")],
            Build = _ => "zig build -Doptimize=ReleaseSafe",
        },
    ];

    /// <summary>Those whose marker also stands in other languages' repositories: tried last.</summary>
    public static readonly IReadOnlyList<IStack> Late =
    [
        new PlainStack("cpp", "C/C++ (CMake)", s => s.First("CMakeLists.txt"), s => (Line(s, "CMakeLists.txt", @"add_executable\s*\(\s*([\w-]+)") ?? (ProjectName(s) is { } p && (s.Read("CMakeLists.txt", 65536) ?? "").Contains("add_executable", StringComparison.Ordinal) ? p : null)) is { } name ? $"build/{name}" : null)
        {
            Tools = [("cmake", "install the Debian packages cmake and build-essential"), ("c++", "install the Debian package build-essential")],
            Build = _ => "cmake -S . -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build --parallel",
        },
        new PlainStack("cpp", "C/C++ (Meson)", s => s.First("meson.build"), s => Line(s, "meson.build", @"executable\s*\(\s*'([\w-]+)'") is { } name ? $"build/{name}" : null)
        {
            Tools = [("meson", "install the Debian packages meson, ninja-build and build-essential")],
            Build = _ => "meson setup build --buildtype=release && meson compile -C build",
        },
        new PlainStack("cobol", "COBOL", Cobol, _ => "bin/app")
        {
            Tools = [("cobc", "install the Debian package gnucobol")],
            Build = s => $"mkdir -p bin && cobc -x -o bin/app {Shell.Quote(Cobol(s)!)}",
        },
        new PlainStack("perl", "Perl (PSGI)", s => s.First("app.psgi"), s => $"plackup --host 0.0.0.0 --port \"$PORT\" {s.First("app.psgi")}")
        {
            Tools = [("plackup", "install the Debian package libplack-perl")],
        },
        new PlainStack("perl", "Perl", s => s.First("app.pl", "server.pl", "index.pl"), s => s.First("app.pl", "server.pl", "index.pl") is { } file
            ? (s.Read(file, 65536) ?? "").Contains("Mojolicious", StringComparison.Ordinal) ? $"perl {file} daemon -l \"http://*:$PORT\"" : $"perl {file}" : null)
        {
            Tools = [("perl", "install the Debian package perl")],
        },
        new PlainStack("shell", "Shell script", s => s.Has("index.html") || DockerStack.Find(s) is not null ? null : s.First("start.sh"), s => $"{((s.Read("start.sh", 256) ?? "").Split('\n')[0].Contains("bash", StringComparison.Ordinal) ? "bash" : "sh")} start.sh")
        {
            Tools = [],
        },
    ];

    private static bool Staged(SourceView source) =>
        ((source.Read("project/plugins.sbt", 65536) ?? "") + (source.Read("build.sbt", 65536) ?? "")) is var text
        && (text.Contains("native-packager", StringComparison.Ordinal) || text.Contains("org.playframework", StringComparison.Ordinal) || text.Contains("com.typesafe.play", StringComparison.Ordinal) || text.Contains("JavaAppPackaging", StringComparison.Ordinal));

    private static bool Flutter(SourceView source) => (source.Read("pubspec.yaml", 65536) ?? "") is var text && (text.Contains("\nflutter:", StringComparison.Ordinal) || text.Contains("sdk: flutter", StringComparison.Ordinal));

    private static string? DartMain(SourceView source) =>
        source.First("bin/server.dart", "bin/main.dart") ?? (Line(source, "pubspec.yaml", @"^name:\s*([\w-]+)") is { } name ? source.First($"bin/{name}.dart") : null)
        ?? source.Where(p => p.StartsWith("bin/", StringComparison.Ordinal) && p.EndsWith(".dart", StringComparison.Ordinal)).FirstOrDefault();

    private static string? ProjectName(SourceView source) => Line(source, "CMakeLists.txt", @"project\s*\(\s*([\w-]+)");

    private static string? Cobol(SourceView source) =>
        source.First("index.cbl", "main.cbl", "src/index.cbl", "src/main.cbl")
        ?? source.Where(p => SourceView.Depth(p) <= 1 && (p.EndsWith(".cbl", StringComparison.OrdinalIgnoreCase) || p.EndsWith(".cob", StringComparison.OrdinalIgnoreCase))).FirstOrDefault();

    private static string? Main(SourceView source, string pattern) => Line(source, "deps.edn", pattern);

    private static string? Line(SourceView source, string file, string pattern) =>
        Regex.Match(source.Read(file, 65536) ?? "", pattern, RegexOptions.NonBacktracking | RegexOptions.Multiline) is { Success: true } m ? m.Groups[1].Value : null;
}
