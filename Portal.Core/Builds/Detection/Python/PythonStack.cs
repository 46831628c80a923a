using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Python;

/// <summary>Python: packages into a virtual environment beside the source, then the server the framework asks for.</summary>
internal sealed partial class PythonStack : IStack
{
    private static readonly string[] Markers = ["requirements.txt", "pyproject.toml", "Pipfile", "setup.py", "setup.cfg", "poetry.lock", "uv.lock", "manage.py", "requirements/production.txt", "requirements/base.txt", "requirements/prod.txt", "environment.yml", "environment.yaml"];
    private static readonly string[] Entries = ["main.py", "app.py", "server.py", "run.py", "application.py", "web.py", "index.py", "hello.py", "wsgi.py", "bot.py", "worker.py", "__main__.py", "src/main.py", "src/app.py", "app/main.py", "src/server.py", "app/app.py", "src/__main__.py", "app/__main__.py"];

    public string Id => "python";

    public Draft? Detect(SourceView source, bool chosen)
    {
        var marker = source.First(Markers);
        var entry = source.First(Entries);
        if (marker is null && (entry is null || (!chosen && source.At(SourceView.FolderOf(entry)).First(Markers) is not null)))
        {
            return null;
        }

        // A page's build tools come with the odd Python file; a start script of its own says that Node runs.
        if (!chosen && source.Has("package.json") && !source.Has("manage.py") && (marker is null || NodeRuns(source)))
        {
            return null;
        }

        var packages = PythonPackages.Read(source);
        var draft = new Draft("Python", Id).Needs("python3", null, "install the Debian packages python3 and python3-venv");
        Version(source, packages, draft);
        packages.AddTo(draft);
        draft.RunEnvironment["PYTHONUNBUFFERED"] = "1";
        if (Django.Plan(source, packages, draft) || Asgi(source, packages, draft) || Flask(source, packages, draft) || Tools(source, packages, draft) || Script(source, packages, draft))
        {
            Assets(source, draft);
            return draft;
        }

        // A library or a tool's settings file is no reason to stop looking.
        return draft.Fail("This is a Python project, and nothing in it says what to start.", "Name the main file main.py or app.py, add a Procfile with a line such as: web: gunicorn app:app, or set the start command in the app's settings.");
    }

    /// <summary>Where no virtual environment brings it, a command that says "python" needs the name: Debian only has python3.</summary>
    public static void NameProgram(Draft draft)
    {
        if (draft.StackId == "python" && !draft.Path.Contains(".venv/bin") && draft.Problem is null
            && draft.Processes.Select(p => p.Command).Append(draft.Release).Concat(draft.Steps.Select(s => s.Command)).Any(c => Shell.Words(c ?? "").Contains("python")))
        {
            draft.Steps.Insert(0, (Draft.Prepare, "mkdir -p .portal/bin && ln -sf \"$(command -v python3)\" .portal/bin/python", ""));
            draft.Path.Add(".portal/bin");
        }
    }

    private static bool NodeRuns(SourceView source) =>
        Node.PackageJson.Read(source, out _) is { } package && (package.Script("start") is not null || Node.NodeStack.Recognised(new Node.NodeApp(source, package)) is not null) && !PythonPackages.Read(source).Has("flask", "fastapi", "django");

    private static void Version(SourceView source, PythonPackages packages, Draft draft)
    {
        var project = packages.Project;
        var found = VersionFiles.OneLine(source, ".python-version", "runtime.txt") ?? VersionFiles.Tool(source, "python")
            ?? Given(project.Table("project").Text("requires-python"), "pyproject.toml")
            ?? Given(project.Table("tool", "poetry", "dependencies").Text("python"), "pyproject.toml")
            ?? Given(Toml.Parse(source.Read("Pipfile")).Table("requires").Text("python_version"), "Pipfile");
        if (found is { } version)
        {
            var wanted = version.Version.StartsWith("python-", StringComparison.Ordinal) ? version.Version["python-".Length..] : version.Version;
            var accepts = char.IsAsciiDigit(wanted[0]) && wanted.Split('.') is { Length: > 2 } parts ? string.Join('.', parts.Take(2)) : wanted;
            draft.Asks(wanted, VersionRange.Parse(accepts) is null ? null : accepts, strict: wanted[0] == '2');
            draft.Because($"{version.File} asks for Python {draft.Version}");
        }
    }

    private static (string Version, string File)? Given(string? version, string file) => version is { Length: > 0 and <= 64 } ? (version, file) : null;

    private static bool Asgi(SourceView source, PythonPackages packages, Draft draft)
    {
        foreach (var (constructor, name, package) in ((string, string, string)[])[("FastAPI", "FastAPI", "fastapi"), ("Starlette", "Starlette", "starlette"), ("Litestar", "Litestar", "litestar"), ("Quart", "Quart", "quart"), ("Sanic", "Sanic", "sanic"), ("FastHTML", "FastHTML", "python-fasthtml"), ("fast_app", "FastHTML", "python-fasthtml")])
        {
            if (!packages.Has(package) && !(name == "FastAPI" && packages.Has("fastapi-slim", "fastapi-cli")))
            {
                continue;
            }

            if (constructor == "fast_app" && source.First("main.py", "app.py") is { } main)
            {
                draft.Stack = name;
                draft.Because($"{package} is among the packages").Serve($"python {main}");
                return true;
            }

            if (PythonCode.Find(source, constructor) is not { } target)
            {
                continue;
            }

            draft.Stack = name;
            draft.Because($"{package} is among the packages, and {target.File} makes the app ({target.Module}:{target.Variable})");
            var app = target.IsFactory ? $"--factory {target.Module}:{target.Variable[..^2]}" : $"{target.Module}:{target.Variable}";
            var serve = packages.Has("gunicorn") && packages.Has("uvicorn", "uvicorn-worker", "fastapi") && !target.IsFactory && name != "Sanic" ? $"gunicorn {app} -k uvicorn.workers.UvicornWorker --bind \"0.0.0.0:$PORT\""
                : packages.Has("hypercorn") && !packages.Has("uvicorn") && !target.IsFactory ? $"hypercorn {app} --bind \"0.0.0.0:$PORT\""
                : name == "Sanic" ? $"sanic {app} --host=0.0.0.0 --port=\"$PORT\""
                : $"python -m uvicorn {app} --host 0.0.0.0 --port \"$PORT\"";
            if (serve.Contains("uvicorn", StringComparison.Ordinal) && !packages.Has("uvicorn", "uvicorn-worker") && !packages.Has("fastapi-cli", "python-fasthtml") && packages.Any)
            {
                draft.Step(Draft.Install, ".venv/bin/pip install uvicorn").Because("no server is among the packages: uvicorn is added");
            }

            draft.Serve(serve, target.Folder);
            return true;
        }

        return false;
    }

    private static bool Flask(SourceView source, PythonPackages packages, Draft draft)
    {
        foreach (var (constructor, name, package) in ((string, string, string)[])[("Flask", "Flask", "flask"), ("Dash", "Dash", "dash"), ("APIFlask", "Flask", "apiflask"), ("OpenAPI", "Flask", "flask-openapi3"), ("Falcon", "Falcon", "falcon"), ("App", "Falcon", "falcon"), ("Bottle", "Bottle", "bottle"), ("Chalice", "Chalice", "chalice")])
        {
            if (!packages.Has(package) || PythonCode.Find(source, constructor) is not { } target)
            {
                continue;
            }

            draft.Stack = name;
            draft.Because($"{package} is among the packages, and {target.File} makes the app ({target.Module}:{target.Variable})");
            var variable = name == "Dash" ? ServerVariable(source, target) : target.Variable;
            if (variable is null)
            {
                return false;
            }

            if (packages.Has("gunicorn"))
            {
                draft.Serve($"gunicorn {Shell.Quote($"{target.Module}:{variable}")} --bind \"0.0.0.0:$PORT\"", target.Folder);
            }
            else if (packages.Has("waitress"))
            {
                draft.Serve($"waitress-serve --listen=\"0.0.0.0:$PORT\" {(target.IsFactory ? "--call " : "")}{target.Module}:{variable.TrimEnd('(', ')')}", target.Folder);
            }
            else if (packages.Has("uwsgi"))
            {
                draft.Serve($"uwsgi --http-socket \"0.0.0.0:$PORT\" --master --module {Shell.Quote($"{target.Module}:{variable}")}", target.Folder);
            }
            else if (name == "Flask")
            {
                draft.Warnings.Add("No production server is among the packages, so Flask's own is used. Add gunicorn to the packages.");
                draft.Serve($"flask --app {Shell.Quote($"{target.Module}:{variable}")} run --host 0.0.0.0 --port \"$PORT\"", target.Folder);
            }
            else
            {
                draft.Step(Draft.Install, ".venv/bin/pip install gunicorn").Because("no server is among the packages: gunicorn is added");
                draft.Serve($"gunicorn {Shell.Quote($"{target.Module}:{variable}")} --bind \"0.0.0.0:$PORT\"", target.Folder);
            }

            return true;
        }

        return false;
    }

    // Dash hands out its Flask server as a variable of its own.
    private static string? ServerVariable(SourceView source, PythonCode.Target target) =>
        DashServer().Match(source.Read(target.File, 65536) ?? "") is { Success: true } m ? m.Groups[1].Value : target.Variable + ".server";

    private static bool Tools(SourceView source, PythonPackages packages, Draft draft)
    {
        var entry = source.First("streamlit_app.py", "app.py", "main.py", "Home.py", "src/app.py", "src/main.py", "app/main.py");
        if (packages.Has("streamlit") && entry is not null)
        {
            draft.Stack = "Streamlit";
            draft.Because("streamlit is among the packages").Serve($"streamlit run {entry} --server.port \"$PORT\" --server.address 0.0.0.0 --server.headless true");
            return true;
        }

        if (packages.Has("gradio") && entry is not null)
        {
            draft.Stack = "Gradio";
            draft.Because("gradio is among the packages").Serve($"GRADIO_SERVER_PORT=\"$PORT\" GRADIO_SERVER_NAME=0.0.0.0 python {entry}");
            return true;
        }

        if (packages.Has("functions-framework") && source.Read("main.py", 65536) is { } text && FunctionName().Match(text) is { Success: true } function)
        {
            draft.Stack = "Functions Framework";
            draft.Because($"functions-framework is among the packages, and main.py has the function {function.Groups[1].Value}").Serve($"functions-framework --target={function.Groups[1].Value} --port=\"$PORT\"");
            return true;
        }

        if (source.Has("mkdocs.yml") && packages.Has("mkdocs", "mkdocs-material"))
        {
            draft.Stack = "MkDocs";
            draft.Because("mkdocs.yml describes a site").Step(Draft.Build, "mkdocs build --site-dir .portal/site").ServeFiles(".portal/site", spa: false);
            return true;
        }

        if (source.Has("pelicanconf.py") && packages.Has("pelican"))
        {
            draft.Stack = "Pelican";
            draft.Because("pelicanconf.py describes a site").Step(Draft.Build, $"pelican content --output .portal/site --settings {source.First("publishconf.py", "pelicanconf.py")}").ServeFiles(".portal/site", spa: false);
            return true;
        }

        return false;
    }

    private static bool Script(SourceView source, PythonPackages packages, Draft draft)
    {
        if (source.First(Entries) is not { } entry)
        {
            var only = source.Where(p => !p.Contains('/') && p.EndsWith(".py", StringComparison.Ordinal) && p is not ("setup.py" or "conftest.py" or "noxfile.py" or "tasks.py" or "fabfile.py") && !p.StartsWith("test", StringComparison.Ordinal)).ToList();
            if (packages.Project.Table("project", "scripts") is { Count: 1 } scripts)
            {
                draft.Because($"pyproject.toml has one script: {scripts.Keys.First()}").Serve(Shell.Quote(scripts.Keys.First()));
                return true;
            }

            if (only.Count != 1)
            {
                return false;
            }

            entry = only[0];
        }

        var python = packages.Any ? "python" : "python3";
        draft.Because($"{entry} is started as it is");
        var text = source.Read(entry, 65536) ?? "";
        if (entry is "bot.py" or "worker.py" && !text.Contains("PORT", StringComparison.Ordinal))
        {
            draft.Processes.Add(new DraftProcess("worker", $"{python} {entry}", "", Listens: false));
        }
        else
        {
            draft.Serve($"{python} {entry}");
        }

        return true;
    }

    // Pages' files beside a Python app: built first, so that the app delivers them.
    private static void Assets(SourceView source, Draft draft)
    {
        if (Node.PackageJson.Read(source, out _) is { } package)
        {
            Node.NodeAssets.AddTo(source, package, draft, "build");
        }
    }

    [GeneratedRegex(@"^def\s+(\w+)\s*\(\s*(?:request|req|cloud_?event|event|_)\b", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex FunctionName();

    [GeneratedRegex(@"^(\w+)\s*=\s*\w+\.server\b", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex DashServer();
}
