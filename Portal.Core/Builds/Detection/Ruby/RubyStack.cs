using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Ruby;

/// <summary>Ruby: gems into vendor/bundle, then Rails, Rack, or a plain program.</summary>
internal sealed partial class RubyStack : IStack
{
    public string Id => "ruby";

    public Draft? Detect(SourceView source, bool chosen)
    {
        // Bundler's other name for a Gemfile.
        var gemfile = source.Read("Gemfile", 65536) ?? source.Read("gems.rb", 65536);
        var entry = source.First("app.rb", "main.rb", "server.rb", "web.rb", "application.rb");
        if (gemfile is null && !source.Has("config.ru") && entry is null)
        {
            return null;
        }

        // Gems that only build a phone app or run its tools.
        if (gemfile is not null && !source.Has("config.ru") && (Gem(gemfile, "fastlane") || Gem(gemfile, "cocoapods")))
        {
            return null;
        }

        var draft = new Draft("Ruby", Id).Needs("ruby", null, "install the Debian packages ruby-full and build-essential");
        Version(source, gemfile ?? "", draft);
        draft.RunEnvironment["RACK_ENV"] = "production";
        if (gemfile is not null)
        {
            Install(source, draft);
        }

        var run = gemfile is null ? "" : "bundle exec ";
        if (gemfile is not null && (Gem(gemfile, "rails") || Gem(gemfile, "railties")) && (source.Has("config/application.rb") || source.Has("bin/rails")))
        {
            return Rails(source, draft, gemfile);
        }

        if (gemfile is not null && (Gem(gemfile, "jekyll") || Gem(gemfile, "github-pages")))
        {
            draft.Stack = "Jekyll";
            draft.Because("jekyll is among the gems").Step(Draft.Build, "bundle exec jekyll build --destination .portal/site");
            return draft.ServeFiles(".portal/site", spa: false);
        }

        if (gemfile is not null && (Gem(gemfile, "middleman") || Gem(gemfile, "bridgetown")))
        {
            var bridgetown = Gem(gemfile, "bridgetown");
            draft.Stack = bridgetown ? "Bridgetown" : "Middleman";
            draft.Because("a site generator is among the gems").Step(Draft.Build, bridgetown ? "bundle exec bridgetown build" : "bundle exec middleman build");
            return draft.ServeFiles(bridgetown ? "output" : "build", spa: false);
        }

        if (source.Has("config.ru"))
        {
            draft.Stack = gemfile is not null && Gem(gemfile, "sinatra") ? "Sinatra" : gemfile is not null && Gem(gemfile, "hanami") ? "Hanami" : "Ruby (Rack)";
            return draft.Because("config.ru is a Rack app").Serve(run + Server(gemfile ?? ""));
        }

        if (entry is null && source.Has("Rakefile") && DefaultTask().IsMatch(source.Read("Rakefile", 65536) ?? ""))
        {
            return draft.Because("the Rakefile has a default task").Serve($"{run}rake");
        }

        if ((entry ?? source.Where(p => !p.Contains('/') && p.EndsWith(".rb", StringComparison.Ordinal) && p != "gems.rb").FirstOrDefault()) is not { } file)
        {
            return draft.Fail("This is a Ruby project, and nothing in it says what to start.", "Add a config.ru, name the main file app.rb, or add a Procfile with a line such as: web: bundle exec ruby app.rb -p $PORT");
        }

        var sinatra = (source.Read(file, 65536) ?? "").Contains("sinatra", StringComparison.OrdinalIgnoreCase);
        draft.Stack = sinatra ? "Sinatra" : "Ruby";
        draft.RunEnvironment["APP_ENV"] = "production";
        return draft.Because($"{file} is started as it is").Serve(sinatra ? $"{run}ruby {Shell.Quote(file)} -o 0.0.0.0 -p \"$PORT\"" : $"{run}ruby {Shell.Quote(file)}");
    }

    private static string Server(string gemfile) =>
        Gem(gemfile, "puma") ? "puma -b \"tcp://0.0.0.0:$PORT\""
        : Gem(gemfile, "unicorn") ? "unicorn --host 0.0.0.0 --port \"$PORT\""
        : Gem(gemfile, "thin") ? "thin start --address 0.0.0.0 --port \"$PORT\""
        : Gem(gemfile, "passenger") ? "passenger start --address 0.0.0.0 --port \"$PORT\" --environment production"
        : Gem(gemfile, "falcon") ? "falcon serve --bind \"http://0.0.0.0:$PORT\""
        : "rackup config.ru -o 0.0.0.0 -p \"$PORT\"";

    private static Draft Rails(SourceView source, Draft draft, string gemfile)
    {
        draft.Stack = "Rails";
        draft.Because("rails is among the gems");
        foreach (var environment in (SortedDictionary<string, string>[])[draft.BuildEnvironment, draft.RunEnvironment])
        {
            environment["RAILS_ENV"] = "production";
        }

        draft.RunEnvironment["RAILS_LOG_TO_STDOUT"] = "true";
        draft.RunEnvironment["RAILS_SERVE_STATIC_FILES"] = "true";
        if (Node.PackageJson.Read(source, out _) is { } package)
        {
            Node.NodeAssets.AddTo(source, package, draft, "build");
        }

        if (source.HasFolder("app/assets") || Gem(gemfile, "sprockets-rails") || Gem(gemfile, "propshaft"))
        {
            draft.BuildEnvironment["SECRET_KEY_BASE_DUMMY"] = "1";
            draft.Step(Draft.Build, "SECRET_KEY_BASE=\"${SECRET_KEY_BASE:-only-for-the-build}\" bundle exec rails assets:precompile").Because("app/assets is compiled");
        }

        // Rails refuses to start in production without this secret; sessions end with each release until it is set.
        draft.Step(Draft.Build, "mkdir -p .portal && ruby -rsecurerandom -e 'print SecureRandom.hex(64)' > .portal/secret_key_base");
        draft.Warnings.Add("Set the secret SECRET_KEY_BASE (a long random text). Until then one is made for each build, and people are signed out by each release.");
        draft.Before += "export SECRET_KEY_BASE=\"${SECRET_KEY_BASE:-$(cat .portal/secret_key_base)}\"; ";
        if (source.Has("db/schema.rb") || source.Has("db/structure.sql") || source.HasFolder("db/migrate"))
        {
            var file = Gem(gemfile, "sqlite3") && !Gem(gemfile, "pg") && !Gem(gemfile, "mysql2");
            if (file)
            {
                draft.Serve("bundle exec rails db:prepare && exec bundle exec rails server -b 0.0.0.0 -p \"$PORT\"");
                return draft.Because("the database is a SQLite file: it is prepared when the app starts");
            }

            draft.Release = "bundle exec rails db:migrate";
            draft.Because("db/ has migrations: they run before each release");
        }

        return draft.Serve("bundle exec rails server -b 0.0.0.0 -p \"$PORT\"");
    }

    private static void Install(SourceView source, Draft draft)
    {
        draft.Needs("bundle", null, "install the Debian package ruby-bundler, or run gem install bundler");
        draft.BuildEnvironment["BUNDLE_PATH"] = "vendor/bundle";
        draft.BuildEnvironment["BUNDLE_WITHOUT"] = "development:test";
        draft.RunEnvironment["BUNDLE_PATH"] = "vendor/bundle";
        draft.RunEnvironment["BUNDLE_WITHOUT"] = "development:test";
        var locked = source.First("Gemfile.lock", "gems.locked");
        if (locked is not null)
        {
            draft.BuildEnvironment["BUNDLE_FROZEN"] = "true";
        }

        draft.BoundToPath = true;

        // "ruby app.rb" and "puma" without "bundle exec" find the gems as well.
        draft.Before += "for gems in \"$PWD\"/vendor/bundle/ruby/*; do export GEM_PATH=\"$gems:\" PATH=\"$gems/bin:$PATH\"; done; ";
        draft.BuildEnvironment["BUNDLE_GLOBAL_GEM_CACHE"] = "true";
        draft.Caches.Add(new CacheFolder("gems", "BUNDLE_USER_CACHE"));
        draft.Step(Draft.Install, "bundle install --jobs 4 --retry 2").Because(locked is not null ? $"{locked}: bundler installs what it says" : $"{source.First("Gemfile", "gems.rb")} names the gems");
    }

    private static void Version(SourceView source, string gemfile, Draft draft)
    {
        var found = RubyLine().Match(gemfile) is { Success: true } m ? (m.Groups[1].Value, "Gemfile") : VersionFiles.OneLine(source, ".ruby-version") ?? VersionFiles.Tool(source, "ruby");
        if (found is { } version)
        {
            var wanted = version.Item1.StartsWith("ruby-", StringComparison.Ordinal) ? version.Item1["ruby-".Length..] : version.Item1;

            // Bundler refuses any other than the Gemfile's; the version files are only read by version managers.
            var strict = version.Item2 == "Gemfile";
            var accepts = strict || wanted.Split('.') is not { Length: 3 } parts ? wanted : string.Join('.', parts.Take(2));
            draft.Asks(wanted, VersionRange.Parse(accepts) is null ? null : accepts, strict);
            draft.Because($"{version.Item2} asks for Ruby {draft.Version}");
        }
    }

    private static bool Gem(string gemfile, string name) =>
        gemfile.Split('\n').Any(l => l.TrimStart() is var line && line.StartsWith("gem", StringComparison.Ordinal) && (line.Contains($"'{name}'", StringComparison.Ordinal) || line.Contains($"\"{name}\"", StringComparison.Ordinal)));

    [GeneratedRegex(@"\btask\s*\(?\s*(?::default|['""]default['""]|default:)", RegexOptions.NonBacktracking)]
    private static partial Regex DefaultTask();

    [GeneratedRegex(@"^\s*ruby\s+['""]([^'""]{1,64})['""]", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex RubyLine();
}
