using CsCheck;
using Portal.Core.Builds;
using Portal.Core.Builds.Detection;

namespace Portal.Core.Tests.Builds.Detection;

/// <summary>Whatever is pushed, detection answers: with a plan, or with a problem.</summary>
public sealed class GarbageTests
{
    private static readonly string[] Names =
    [
        "package.json", "pnpm-lock.yaml", "yarn.lock", ".yarnrc.yml", "pnpm-workspace.yaml", "lerna.json", "angular.json", "next.config.js", "svelte.config.js", "vite.config.ts", "tsconfig.json",
        "pyproject.toml", "requirements.txt", "Pipfile", "setup.py", "manage.py", "app.py", "mysite/settings.py", "pom.xml", "web/pom.xml", "build.gradle", "settings.gradle", "go.mod", "main.go", "cmd/a/main.go", "Gemfile", "composer.json",
        "public/index.php", "Cargo.toml", "deno.json", "mix.exs", "App.csproj", "src/Web/Web.csproj", "App.sln", "global.json", "appsettings.json", "Procfile", "Staticfile", "static.json", ".tool-versions", "mise.toml", ".nvmrc", "runtime.txt",
        "system.properties", "index.html", "Dockerfile", "apps/web/package.json", "a/b/package.json", "hugo.toml", "app.cs", "../x", "/etc/passwd", "a\nb.js", "'\"$(x).csproj", "",
    ];

    private static readonly string[] Pieces =
    [
        "{", "}", "[", "]", "[[", "<Project Sdk=\"Microsoft.NET.Sdk.Web\">", "</Project>", "<project>", "<modules><module>../..</module></modules>", "\"scripts\":{\"start\":\"", "\"workspaces\":[\"**\",\"!x\",\"[\"]", "\"dependencies\":{\"next\":1,\"express\":null}",
        "\"packageManager\":\"pnpm@\"", "\"main\":\"../../x\"", "name = ", "[project]\n", "dependencies = [1, \"flask\"]", "web: ", "worker:", "\u0000", "\ud800", "\\ud800", "'", "\"", "\\", "\n", "\r\n", ":", "=", "#", "@", "node server.js && ", "npm start", "$PORT", "gem 'rails'", "package main\n",
        "FastAPI(", "app = Flask(__name__)", "def create_app(", "plugins { id 'application' }", "lockfileVersion: 9", "__metadata:", "<?xml version=\"1.0\"?>", "<!DOCTYPE x [<!ENTITY y \"z\">]>", "999999999999999999999999", "1.e5", "true", "null", ",",
    ];

    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.String,
        One(Pieces).Array[0, 25].Select(string.Concat),
        Gen.Select(One("[", "{", "{\"a\":", "<a>", "(", "- ", "a."), Gen.Int[1, 20_000], (piece, times) => string.Concat(Enumerable.Repeat(piece, times))));

    private static readonly Gen<MemorySource> Sources = Gen.Select(Gen.OneOf(One(Names), Gen.String[0, 12]), Text).Array[0, 10]
        .Select(files => new MemorySource(files.Select(f => KeyValuePair.Create(f.Item1, f.Item2))));

    private static readonly Gen<PlanOverrides> Settings = Gen.Select(Gen.OneOf(Gen.Const((string?)null), One<string?>("", "web", "..", "/", "a/b")), One(null, "", "node", "python", "java", "nope"), Text)
        .Select(t => new PlanOverrides { Folder = t.Item1, Stack = t.Item2, Start = t.Item3.Length % 3 == 0 ? t.Item3 : null, OutputDirectory = t.Item3.Length % 5 == 0 ? t.Item3 : null, Build = t.Item3.Length % 7 == 0 ? t.Item3 : null });

    [Fact]
    public void Any_files_and_settings_give_a_plan_or_a_problem() =>
        Gen.Select(Sources, Settings).Sample(
            (source, settings) =>
            {
                var plan = StackDetector.Detect(source, settings);
                return (plan.Problem is not null || plan.Processes.Count > 0) && !plan.OutputDirectory.Split('/').Contains("..") && !plan.Folder.Split('/').Contains("..");
            },
            iter: 4_000, print: p => string.Join(" | ", p.Item1.Paths.Select(path => path + "=" + Shorten(p.Item1.Read(path)))));

    [Fact]
    public void Any_damage_to_a_real_case_gives_a_plan_or_a_problem()
    {
        var cases = GoldenPlanTests.Cases().Select(c => File.ReadAllText(Path.Combine(DetectionCase.Folder(), "cases", c.Data + ".txt")))
            .Select(text => text[Math.Max(0, text.IndexOf("=== ", StringComparison.Ordinal))..]).ToArray();
        Gen.Select(One(cases), Gen.Double[0, 1], Gen.Int[0, 30], One(Pieces)).Sample(
            (text, where, length, piece) =>
            {
                var at = (int)(text.Length * where);
                var damaged = text[..at] + piece + text[Math.Min(text.Length, at + length)..];
                var plan = StackDetector.Detect(DetectionCase.Parse("=== x\n" + damaged).Files);
                return plan.Problem is not null || plan.Processes.Count > 0;
            },
            iter: 4_000);
    }

    [Fact]
    public void Half_a_surrogate_pair_in_a_name_is_read_like_any_other_name()
    {
        var plan = StackDetector.Detect(new MemorySource([KeyValuePair.Create("package.json", """{"\ud800":1,"scripts":{"start":"node a.js"}}"""), KeyValuePair.Create("a.js", "")]));
        Assert.Equal("node", plan.StackId);
    }

    [Fact]
    public void The_same_files_give_the_same_plan() =>
        Sources.Sample(source => System.Text.Json.JsonSerializer.Serialize(StackDetector.Detect(source)) == System.Text.Json.JsonSerializer.Serialize(StackDetector.Detect(source)), iter: 500);

    private static Gen<T> One<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static string Shorten(string? text) => text is null ? "-" : text.Length < 200 ? text : text[..200] + $"… ({text.Length})";
}
