using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection.Other;

/// <summary>Hugo: content and layouts made into pages.</summary>
internal sealed partial class HugoStack : IStack
{
    public string Id => "hugo";

    public Draft? Detect(SourceView source, bool chosen)
    {
        var config = source.First("hugo.toml", "hugo.yaml", "hugo.yml", "hugo.json", "config.toml", "config.yaml", "config.yml", "config.json", "config/_default/config.toml", "config/_default/hugo.toml");
        if (config is null || !(source.HasFolder("content") || source.HasFolder("layouts") || source.HasFolder("themes") || source.HasFolder("archetypes")) || !IsHugo(source, config))
        {
            return null;
        }

        var draft = new Draft("Hugo", Id).Because($"{config} and content/ are a Hugo site");
        var package = Node.PackageJson.Read(source, out _) ?? Node.PackageJson.Empty;
        if (!package.HasAny("hugo-bin", "hugo-extended"))
        {
            draft.Needs("hugo", null, "install the Debian package hugo");
        }

        if (package.Dependencies.Count > 0)
        {
            Node.PackageManager.Of(source, package, draft.Why, draft.Warnings).AddInstall(draft, skipped: false);
            draft.Path.Add("node_modules/.bin");
        }

        return draft.Step(Draft.Build, "hugo --minify --destination .portal/site").ServeFiles(".portal/site", spa: false);
    }

    // config.toml is a usual name: Zola's has base_url, and a Node app may have one for itself.
    private static bool IsHugo(SourceView source, string config)
    {
        if (config.Contains("hugo", StringComparison.Ordinal))
        {
            return true;
        }

        var text = source.Read(config, 65536) ?? "";
        return Address().IsMatch(text) || (!source.Has("package.json") && !text.Contains("base_url", StringComparison.Ordinal) && !config.EndsWith(".json", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"^\s*""?baseurl""?\s*[:=]", RegexOptions.NonBacktracking | RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex Address();
}
