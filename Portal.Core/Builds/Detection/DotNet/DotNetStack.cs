using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.DotNet;

/// <summary>
/// .NET: publishes one project and keeps only what was published. Newer runtimes run programs of older ones
/// (DOTNET_ROLL_FORWARD), so an app for .NET 8 starts where only .NET 10 is installed.
/// </summary>
internal sealed partial class DotNetStack : IStack
{
    public const string Output = ".portal/publish";
    private const int MaxProjects = 400;

    public string Id => "dotnet";

    public Draft? Detect(SourceView source, bool chosen)
    {
        var solution = source.Where(p => !p.Contains('/') && (p.EndsWith(".sln", StringComparison.Ordinal) || p.EndsWith(".slnx", StringComparison.Ordinal))).FirstOrDefault();
        var files = source.Where(p => p.EndsWith(".csproj", StringComparison.OrdinalIgnoreCase) || p.EndsWith(".fsproj", StringComparison.OrdinalIgnoreCase) || p.EndsWith(".vbproj", StringComparison.OrdinalIgnoreCase)).Take(MaxProjects).ToList();

        // Without a solution, a project far below the top is left to the search for nested apps.
        var near = solution is not null || files.Exists(f => SourceView.Depth(f) == 0) || (files.Exists(f => SourceView.Depth(f) <= 2 && f.Split('/')[0] is "src" or "source" or "app") && !source.Has("package.json"))
            || (source.Has("global.json") && files.Count > 0);
        if (!near || files.Count == 0)
        {
            return FileApp(source) ?? DotNetPublished.Detect(source);
        }

        var projects = files.Select(f => DotNetProject.Read(source, f)).OfType<DotNetProject>().ToList();
        var draft = Base(source);
        draft.Because(solution is null ? $"{files[0]} is a .NET project" : $"{solution} is a .NET solution");
        return DotNetChoice.PickNearest(projects) is { } pick ? Plan(source, draft, pick.Project, pick.Others, projects) : Nothing(draft, projects);
    }

    private static Draft Base(SourceView source)
    {
        var draft = new Draft(".NET", "dotnet").Needs("dotnet", null, "install the .NET SDK from dotnet.microsoft.com");
        draft.BuildEnvironment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        draft.BuildEnvironment["DOTNET_NOLOGO"] = "1";

        // A build's home is new each time: without these the SDK greets, makes a certificate for developing and sets NuGet up in every build.
        draft.BuildEnvironment["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false";
        draft.BuildEnvironment["DOTNET_TieredPGO"] = "0";
        draft.Caches.Add(new CacheFolder("dotnet", "DOTNET_CLI_HOME"));
        draft.Caches.Add(new CacheFolder("nuget-http", "NUGET_HTTP_CACHE_PATH"));
        draft.BuildEnvironment["DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE"] = "1";
        draft.RunEnvironment["DOTNET_ROLL_FORWARD"] = "LatestMajor";
        draft.RunEnvironment["DOTNET_EnableDiagnostics"] = "0";
        draft.Caches.Add(new CacheFolder("nuget", "NUGET_PACKAGES"));
        draft.OutputDirectory = Output;
        AskSdk(source, draft);
        return draft;
    }

    // dotnet looks for global.json in the folders above as well.
    private static void AskSdk(SourceView source, Draft draft)
    {
        var path = "global.json";
        for (var at = source; at is not null; at = at.Parent(), path = "../" + path)
        {
            if (!at.Has("global.json"))
            {
                continue;
            }

            if (Json.Parse(at.Read("global.json")).Get("sdk").Text("version") is { Length: > 0 and <= 40 } version)
            {
                draft.Asks(version, null, strict: false);
                draft.Because($"global.json asks for SDK {version}");

                // dotnet refuses to start where global.json names an SDK that is not installed; the installed one usually builds it.
                var command = $"dotnet --version >/dev/null 2>&1 || {{ echo {Shell.Quote($"global.json asks for .NET SDK {version}, which is not installed here; building with the installed SDK instead")}; mv {path} {path}.not-installed; }}";
                draft.Shorter[command] = $"dotnet --version, with SDK {version} or else the installed one";
                draft.Step(Draft.Prepare, command);
            }

            return;
        }
    }

    private static Draft Plan(SourceView source, Draft draft, DotNetProject project, List<DotNetProject> others, List<DotNetProject> all)
    {
        draft.Version ??= project.Target is { } target && TargetVersion().Match(target) is { Success: true } m ? m.Groups[1].Value : null;
        draft.Tools[0] = draft.Tools[0] with { Version = draft.Version };
        if (project.Target is { } wanted && TargetVersion().Match(wanted) is { Success: true } needs)
        {
            // The SDK builds for its own .NET and older ones; a newer .NET runs what was made for an older one.
            draft.Tools[0] = draft.Tools[0] with { Accepts = $">={needs.Groups[1].Value}", Strict = true };
            draft.Because($"it is made for .NET {needs.Groups[1].Value}; where only a newer one is installed, that runs it");
        }

        if (others.Count > 0)
        {
            draft.Warnings.Add($"Other projects could run as well: {string.Join(", ", others.Select(o => o.Path).Take(8))}. Set the app's folder to run one of them.");
        }

        if (project.CallsNode || all.Exists(p => project.References.Contains(p.Path) && p.CallsNode))
        {
            draft.Needs("npm", null, Node.NodeStack.Get);
            draft.Caches.Add(new CacheFolder("npm", "npm_config_cache"));
        }

        // A Procfile is written for what a build leaves: Heroku's in PROJECT/bin/publish, or beside the program itself.
        var procfile = source.Read("Procfile", 16384) ?? "";
        var herokuLayout = procfile.Contains("bin/publish", StringComparison.Ordinal);
        var output = herokuLayout ? SourceView.Join(project.Folder, "bin/publish") : Output;
        var started = herokuLayout ? [] : Procfile.Parse(procfile).SelectMany(e => Shell.Words(e.Command)).ToList();
        draft.KeepsOutput = started.Exists(w => w == project.Assembly + ".dll" || w == project.Assembly || w == "./" + project.Assembly);
        if (started.Contains(project.Assembly))
        {
            draft.Path.Add(".");
        }

        var publish = $"dotnet publish {Shell.Quote(project.Path)} --configuration Release --output {Shell.Quote(output)}";

        // The reference packs of frameworks long out of support are not always to be had; their code usually builds for the installed one.
        draft.Step(Draft.Build, project.Target is { } old && OutOfSupport().IsMatch(old)
            ? $"{publish} || {{ echo 'Building for {old} failed; trying the installed framework instead.'; sed -i \"s#>{old}<#>net$(dotnet --version | cut -d. -f1).0<#\" {string.Join(' ', all.Where(p => p.Target == old).Take(50).Select(p => Shell.Quote(p.Path)))} && {publish}; }}"
            : publish);
        if (project.References.Count == 0)
        {
            // The compiler's server ends with the build, so it only pays where it compiles several projects.
            draft.BuildEnvironment["UseSharedCompilation"] = "false";
        }

        var dll = Shell.Quote(project.Assembly + ".dll");
        switch (project.Kind)
        {
            case DotNetKind.WebAssembly:
                draft.Stack = "Blazor WebAssembly";
                draft.Because($"{project.Path} is a WebAssembly app without a server: its files are served").ServeFiles(Output + "/wwwroot", spa: true);
                break;
            case DotNetKind.Web:
                draft.Stack = "ASP.NET Core";
                draft.Because($"{project.Path} is the web project").Serve($"ASPNETCORE_URLS=\"http://0.0.0.0:$PORT\" dotnet {dll}");
                OwnEndpoints(source, draft, project);
                if (project.ServesGrpc)
                {
                    // The template's settings allow HTTP/2 alone, and then nothing at all gets through.
                    draft.RunEnvironment["Kestrel__EndpointDefaults__Protocols"] = "Http1AndHttp2";
                    draft.Warnings.Add("gRPC clients speak HTTP/2, which an address here does not. What speaks HTTP/1.1 reaches this app: gRPC-Web and JSON transcoding.");
                }

                break;
            default:
                var name = project.Kind == DotNetKind.Worker ? "worker" : "app";
                draft.Because($"{project.Path} is a {(project.Kind == DotNetKind.Worker ? "worker service" : "console program")}: it runs without an address");
                draft.Processes.Add(new DraftProcess(name == "app" ? "worker" : name, $"dotnet {dll}", "", Listens: false));
                break;
        }

        return draft;
    }

    // Endpoints in appsettings.json win over ASPNETCORE_URLS; this variable wins over them.
    private static void OwnEndpoints(SourceView source, Draft draft, DotNetProject project)
    {
        var endpoints = Json.Parse(source.Read(SourceView.Join(project.Folder, "appsettings.json"))).Get("Kestrel").Get("Endpoints").Names().Where(n => n.All(char.IsAsciiLetterOrDigit)).ToList();
        if (endpoints.Count == 0)
        {
            return;
        }

        draft.Serve($"Kestrel__Endpoints__{endpoints[0]}__Url=\"http://0.0.0.0:$PORT\" {draft.Processes[0].Command}");
        draft.Because($"appsettings.json fixes an endpoint ({endpoints[0]}); it is moved to $PORT");
    }

    private static Draft? Nothing(Draft draft, List<DotNetProject> projects) =>
        projects.Exists(p => p.Kind == DotNetKind.Framework)
            ? draft.Fail("This is a .NET Framework project, which only runs on Windows.", "Move it to a current .NET: the .NET Upgrade Assistant does most of it.")
            : projects.Exists(p => p.Kind == DotNetKind.Other)
                ? draft.Fail("The .NET projects here are desktop, mobile or orchestration programs; none is a web app or a worker.", "Set the app's folder to a project that can run on a server.")
                : draft.Fail("The .NET projects here are libraries and tests; none can be started.", "Set the app's folder to the project that runs, or give it <OutputType>Exe</OutputType>.");

    // .NET 10 runs a single file; "#:sdk Microsoft.NET.Sdk.Web" makes it a web app.
    private static Draft? FileApp(SourceView source)
    {
        var files = source.Where(p => !p.Contains('/') && p.EndsWith(".cs", StringComparison.Ordinal)).Take(50)
            .Select(p => (Path: p, Text: source.Read(p, 65536) ?? "")).Where(f => Directive().IsMatch(f.Text) || f.Text.StartsWith("#!", StringComparison.Ordinal)).ToList();
        if (files.Count != 1 || files[0].Text.Contains("Aspire.AppHost", StringComparison.Ordinal))
        {
            return null;
        }

        var (path, text) = files[0];
        var draft = Base(source).Because($"{path} is a single-file .NET app");
        draft.Asks("10", ">=10", strict: true);
        draft.Step(Draft.Build, $"dotnet publish {Shell.Quote(path)} --configuration Release --output {Output} -p:PublishAot=false");
        var run = $"dotnet {Shell.Quote(System.IO.Path.GetFileNameWithoutExtension(path) + ".dll")}";
        if (text.Contains("Microsoft.NET.Sdk.Web", StringComparison.Ordinal) || text.Contains("WebApplication.", StringComparison.Ordinal))
        {
            draft.Stack = "ASP.NET Core";
            return draft.Serve($"ASPNETCORE_URLS=\"http://0.0.0.0:$PORT\" {run}");
        }

        draft.Processes.Add(new DraftProcess("worker", run, "", Listens: false));
        return draft;
    }

    [GeneratedRegex(@"^(?:netcoreapp[1-3]\.\d|net[5-7]\.0)$", RegexOptions.NonBacktracking)]
    private static partial Regex OutOfSupport();

    [GeneratedRegex(@"^net(?:coreapp)?(\d+\.\d+)", RegexOptions.NonBacktracking)]
    private static partial Regex TargetVersion();

    [GeneratedRegex(@"^#:(sdk|package|property|project)\s", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex Directive();
}
