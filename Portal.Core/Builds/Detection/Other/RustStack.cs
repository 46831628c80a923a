namespace Portal.Core.Builds.Detection.Other;

/// <summary>Rust: the package's program, or the one program of a workspace.</summary>
internal sealed class RustStack : IStack
{
    public string Id => "rust";

    public Draft? Detect(SourceView source, bool chosen)
    {
        if (!source.Has("Cargo.toml"))
        {
            return null;
        }

        var draft = new Draft("Rust", Id).Because("Cargo.toml is a Rust project").Needs("cargo", null, "install the Debian package cargo, or Rust's stand-alone installer, which writes to /usr/local");
        var manifest = Toml.Parse(source.Read("Cargo.toml"));
        if (manifest is null)
        {
            draft.Final = true;
            return draft.Fail("Cargo.toml cannot be read: it is not valid TOML.", "Correct Cargo.toml and push again.");
        }

        var version = VersionFiles.OneLine(source, "rust-toolchain")?.Version ?? Toml.Parse(source.Read("rust-toolchain.toml")).Table("toolchain").Text("channel") ?? manifest.Table("package").Text("rust-version");
        if (version is { Length: <= 64 } && !version.Contains('['))
        {
            draft.Asks(version, VersionRange.Parse(">=" + version) is null ? null : ">=" + version, strict: false);
        }

        draft.Caches.Add(new CacheFolder("cargo", "CARGO_HOME"));
        draft.Caches.Add(new CacheFolder("cargo-build", "CARGO_TARGET_DIR"));
        var programs = Programs(source, manifest, "").ToList();
        if (programs.Count == 0)
        {
            programs = [.. source.Named("Cargo.toml").Where(p => p.Contains('/') && SourceView.Depth(p) <= 3).Take(60).SelectMany(p => Programs(source, Toml.Parse(source.Read(p)), SourceView.FolderOf(p)))];
        }

        if (programs.Count == 0)
        {
            return draft.Fail("This is a Rust library; it has no program to start.", "Add src/main.rs, or set the app's folder to the package that has one.");
        }

        var packaged = manifest.Table("package") is not null;
        if (!packaged && programs.Count > 2 && !programs.Exists(IsUsual) && !source.Has("Procfile"))
        {
            draft.Final = true;
            return draft.Fail($"This Rust workspace holds several programs: {string.Join(", ", programs.Take(8))}{(programs.Count > 8 ? $" and {programs.Count - 8} more" : "")}.", "Set the app's folder to the package of one of them.");
        }

        var name = programs.FirstOrDefault(p => p == manifest.Table("package").Text("default-run")) ?? programs.Find(IsUsual) ?? programs[0];
        if (programs.Count > 1)
        {
            draft.Warnings.Add($"Other programs in this repository: {string.Join(", ", programs.Where(p => p != name).Take(8))}.");
        }

        var rocket = (source.Read("Cargo.toml", 65536) ?? "").Contains("rocket", StringComparison.Ordinal);
        if (rocket)
        {
            draft.Stack = "Rust (Rocket)";
            draft.RunEnvironment["ROCKET_ADDRESS"] = "0.0.0.0";
        }

        // Only the program is kept from a build folder of gigabytes; it lies in the cache when there is one.
        draft.Step(Draft.Build, $"cargo build --release{(source.Has("Cargo.lock") ? " --locked" : "")} --bin {Shell.Quote(name)} && mkdir -p bin && cp \"${{CARGO_TARGET_DIR:-target}}/release/\"{Shell.Quote(name)} bin/");
        return draft.Because($"the program is {name}").Serve((rocket ? "ROCKET_PORT=\"$PORT\" " : "") + Shell.Quote("bin/" + name));
    }

    private static bool IsUsual(string program) => program is "server" or "web" or "api" or "app";

    private static IEnumerable<string> Programs(SourceView source, Tomlyn.Model.TomlTable? manifest, string folder)
    {
        var named = manifest.Tables("bin").Select(b => b.Text("name")).OfType<string>().ToList();
        var main = manifest.Table("package").Text("name") is { } package && source.Has(SourceView.Join(folder, "src/main.rs")) && named.Count == 0 ? [package] : named;
        var prefix = SourceView.Join(folder, "src/bin/");
        return main.Concat(source.Paths.Where(p => p.StartsWith(prefix, StringComparison.Ordinal) && p.EndsWith(".rs", StringComparison.Ordinal) && !p[prefix.Length..].Contains('/')).Select(p => SourceView.NameOf(p)[..^3])).Distinct();
    }
}
