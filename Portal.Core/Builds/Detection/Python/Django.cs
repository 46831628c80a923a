using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Python;

/// <summary>Django: manage.py tells the folder, its settings tell the rest.</summary>
internal static partial class Django
{
    public static bool Plan(SourceView source, PythonPackages packages, Draft draft)
    {
        var manage = source.Named("manage.py").FirstOrDefault(p => SourceView.Depth(p) <= 2 && (source.Read(p, 65536) ?? "").Contains("django", StringComparison.OrdinalIgnoreCase));
        if (manage is null)
        {
            return false;
        }

        var folder = SourceView.FolderOf(manage);
        var settings = SettingsModule().Match(source.Read(manage, 65536) ?? "").Groups[1].Value;
        var texts = SettingsFiles(source, folder, settings).Select(f => source.Read(f, 65536) ?? "").ToList();
        draft.Stack = "Django";
        draft.Because($"{manage} is Django's{(settings.Length > 0 ? $", with the settings {settings}" : "")}");

        if (texts.Exists(t => StaticRoot().IsMatch(t)))
        {
            // Settings may need variables that only the running app has; a page without styles beats no page, and the log says so.
            draft.Step(Draft.Build, "python manage.py collectstatic --noinput || echo 'collectstatic failed: static files may be missing. Give the build the variables that the settings need.'", folder);
            draft.Because("the settings have a STATIC_ROOT: collectstatic fills it");
        }

        var wsgi = Module(source, folder, settings, texts, WsgiApplication(), "wsgi");
        var asgi = Module(source, folder, settings, texts, AsgiApplication(), "asgi");
        var hasAsgi = texts.Exists(t => AsgiApplication().IsMatch(t)) || packages.Has("channels", "daphne");
        var serve = packages.Has("daphne") && asgi is not null && hasAsgi ? $"daphne -b 0.0.0.0 -p \"$PORT\" {asgi}:application"
            : packages.Has("gunicorn") && packages.Has("uvicorn", "uvicorn-worker") && asgi is not null && (hasAsgi || wsgi is null) ? $"gunicorn {asgi}:application -k uvicorn.workers.UvicornWorker --bind \"0.0.0.0:$PORT\""
            : packages.Has("gunicorn") && wsgi is not null ? $"gunicorn {wsgi} --bind \"0.0.0.0:$PORT\""
            : packages.Has("uvicorn") && asgi is not null ? $"uvicorn {asgi}:application --host 0.0.0.0 --port \"$PORT\""
            : packages.Has("hypercorn") && asgi is not null ? $"hypercorn {asgi}:application --bind \"0.0.0.0:$PORT\""
            : packages.Has("waitress") && wsgi is not null ? $"waitress-serve --listen=\"0.0.0.0:$PORT\" {wsgi}:application"
            : packages.Has("uwsgi") && wsgi is not null ? $"uwsgi --http-socket \"0.0.0.0:$PORT\" --master --module {wsgi}:application"
            : null;
        if (serve is null)
        {
            draft.Warnings.Add("No production server is among the packages, so Django's development server is used. Add gunicorn to the packages.");
            serve = "python manage.py runserver --noreload \"0.0.0.0:$PORT\"";
        }

        Migrate(draft, folder, texts, serve);
        return true;
    }

    // A database file belongs to the running copy, so its tables are made at the start; a shared database is migrated once, before traffic moves.
    private static void Migrate(Draft draft, string folder, List<string> texts, string serve)
    {
        var shared = texts.Exists(t => t.Contains("DATABASE_URL", StringComparison.Ordinal) || t.Contains("dj_database_url", StringComparison.Ordinal) || t.Contains("env.db", StringComparison.Ordinal)
            || t.Contains("backends.postgresql", StringComparison.Ordinal) || t.Contains("backends.mysql", StringComparison.Ordinal));
        var file = texts.Exists(t => t.Contains("sqlite3", StringComparison.Ordinal));
        if (file)
        {
            draft.Because("the settings know a SQLite file: its tables are made when the app starts");
            draft.Serve($"python manage.py migrate --noinput && {serve}", folder);
        }
        else
        {
            draft.Serve(serve, folder);
        }

        if (shared && !file)
        {
            draft.Release = "python manage.py migrate --noinput";
            draft.ReleaseFolder = folder;
            draft.Because("the settings name a database server: migrations run before each release");
        }
    }

    private static IEnumerable<string> SettingsFiles(SourceView source, string folder, string settings)
    {
        var path = SourceView.Join(folder, settings.Replace('.', '/'));
        string[] exact = settings.Length == 0 ? [] : [path + ".py", path + "/__init__.py", SourceView.FolderOf(path) + "/base.py", SourceView.FolderOf(path) + "/common.py"];
        var named = exact.Where(source.Has).ToList();
        return named.Count > 0
            ? named.Concat(source.Where(p => p.StartsWith(path + "/", StringComparison.Ordinal) && p.EndsWith(".py", StringComparison.Ordinal)).Take(10)).Distinct()
            : source.Where(p => p.EndsWith("settings.py", StringComparison.Ordinal) || p.Contains("/settings/", StringComparison.Ordinal)).Take(10);
    }

    private static string? Module(SourceView source, string folder, string settings, List<string> texts, Regex setting, string file)
    {
        foreach (var match in texts.Select(t => setting.Match(t)).Where(m => m.Success))
        {
            return match.Groups[1].Value;
        }

        var package = settings.Split('.')[0];
        if (package.Length > 0 && source.Has(SourceView.Join(folder, $"{package}/{file}.py")))
        {
            return $"{package}.{file}";
        }

        var prefix = folder.Length == 0 ? "" : folder + "/";
        var found = source.Named(file + ".py").FirstOrDefault(p => p.StartsWith(prefix, StringComparison.Ordinal));
        return found?[prefix.Length..^3].Replace('/', '.');
    }

    [GeneratedRegex(@"DJANGO_SETTINGS_MODULE['""]\s*,\s*['""]([\w.]+)['""]", RegexOptions.NonBacktracking)]
    private static partial Regex SettingsModule();

    [GeneratedRegex(@"^\s*STATIC_ROOT\s*=", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex StaticRoot();

    [GeneratedRegex(@"^WSGI_APPLICATION\s*=\s*['""]([\w.]+)\.\w+['""]", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex WsgiApplication();

    [GeneratedRegex(@"^ASGI_APPLICATION\s*=\s*['""]([\w.]+)\.\w+['""]", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex AsgiApplication();
}
