using System.Text.Json;

namespace Portal.Core.Builds.Detection.Php;

/// <summary>PHP: composer's packages, then PHP's own server over the folder with index.php, several requests at a time.</summary>
internal sealed class PhpStack : IStack
{
    public string Id => "php";

    public Draft? Detect(SourceView source, bool chosen)
    {
        var composer = source.Has("composer.json");
        var root = source.First("public/index.php", "web/index.php", "www/index.php", "html/index.php", "htdocs/index.php", "webroot/index.php", "index.php", "src/index.php", "app/index.php") is { } index ? SourceView.FolderOf(index) : null;
        if (root is null && !composer)
        {
            return null;
        }

        var draft = new Draft("PHP", Id).Needs("php", null, "install the Debian packages php-cli, php-mbstring, php-xml, php-curl, php-sqlite3 and php-pgsql");
        var json = Json.Parse(source.Read("composer.json"), out var error);
        if (error is not null)
        {
            draft.Final = true;
            return draft.Fail($"composer.json cannot be read: it is not valid JSON ({error}).", "Correct composer.json and push again.");
        }

        if (json.Get("require").Text("php") is { Length: <= 64 } version)
        {
            // Composer's "~8.1" is "^8.1", other than npm's.
            var accepts = version.Split('.').Length == 2 ? version.Replace('~', '^') : version;
            draft.Asks(version, VersionRange.Parse(accepts) is null ? null : accepts, strict: true);
            draft.Because($"composer.json asks for PHP {version}");
        }

        if (root is null)
        {
            return draft.Fail("This is a PHP project without an index.php, so there is nothing to serve.", "Put index.php in the top folder or in public/, or set the start command in the app's settings.");
        }

        if (composer && (json.Get("require").Names().Any(n => n != "php" && !n.StartsWith("ext-", StringComparison.Ordinal)) || json.Get("autoload") is not null
            || (source.Read(SourceView.Join(root, "index.php"), 65536) ?? "").Contains("vendor/autoload.php", StringComparison.Ordinal)))
        {
            draft.Needs("composer", null, "install the Debian package composer");
            draft.Caches.Add(new CacheFolder("composer", "COMPOSER_CACHE_DIR"));
            draft.BuildEnvironment["COMPOSER_ALLOW_SUPERUSER"] = "1";
            draft.Step(Draft.Install, "composer install --no-dev --no-interaction --prefer-dist --optimize-autoloader").Because(source.Has("composer.lock") ? "composer.lock: composer installs what it says" : "composer.json: composer installs what it names");
        }

        draft.RunEnvironment["PHP_CLI_SERVER_WORKERS"] = "4";
        if (Node.PackageJson.Read(source, out _) is { } package)
        {
            Node.NodeAssets.AddTo(source, package, draft, "build", "production", "prod");
        }

        // Heroku's PHP servers are not here; the folder they were given is what counts.
        if (Shell.Words(Procfile.Parse(source.Read("Procfile") ?? "").FirstOrDefault(e => e.Name == Draft.Web).Command ?? "") is [.., var last] words && words.Exists(w => SourceView.NameOf(w).StartsWith("heroku-php-", StringComparison.Ordinal)))
        {
            root = SourceView.Normalise(last) is { Length: > 0 } folder && source.HasFolder(folder) ? folder : "";
            draft.KeepsWeb = true;
            draft.Because($"the Procfile's web server is Heroku's own; PHP's server is used instead, for {(root.Length == 0 ? "the top folder" : root)}");
        }

        var serve = $"php -S \"0.0.0.0:$PORT\" -t {(root.Length == 0 ? "." : root)}";
        draft.Because($"{SourceView.Join(root, "index.php")} is the front page");
        return json.Get("require").Get("laravel/framework") is not null || source.Has("artisan") ? Laravel(source, draft, serve) : Framework(json, draft).Serve(serve);
    }

    private static Draft Framework(JsonElement? composer, Draft draft)
    {
        foreach (var (package, name) in ((string, string)[])[("symfony/framework-bundle", "Symfony"), ("slim/slim", "Slim"), ("cakephp/cakephp", "CakePHP"), ("codeigniter4/framework", "CodeIgniter"), ("yiisoft/yii2", "Yii"), ("laravel/lumen-framework", "Lumen")])
        {
            if (composer.Get("require").Get(package) is not null)
            {
                draft.Stack = name;
                if (name == "Symfony")
                {
                    draft.BuildEnvironment["APP_ENV"] = "prod";
                    draft.RunEnvironment["APP_ENV"] = "prod";
                }
            }
        }

        return draft;
    }

    private static Draft Laravel(SourceView source, Draft draft, string serve)
    {
        draft.Stack = "Laravel";
        draft.Because("composer.json requires laravel/framework");
        draft.RunEnvironment["LOG_CHANNEL"] = "stderr";
        if (source.Has(".env.example") && !source.Has(".env"))
        {
            // Laravel answers only errors without APP_KEY; a variable of that name wins over the file.
            draft.Step(Draft.Build, "cp .env.example .env && php artisan key:generate --force");
            draft.Warnings.Add("Set the secret APP_KEY (php artisan key:generate --show). Until then one is made for each build, and people are signed out by each release.");
        }

        if ((source.Read(".env.example", 65536) ?? "").Contains("DB_CONNECTION=sqlite", StringComparison.Ordinal))
        {
            draft.Because("the database is a SQLite file: its tables are made when the app starts");
            return draft.Serve($"touch database/database.sqlite && php artisan migrate --force && exec {serve}");
        }

        draft.Warnings.Add("Migrations are not run by themselves. Add a Procfile line such as: release: php artisan migrate --force");
        return draft.Serve(serve);
    }
}
