namespace Portal.Core.Builds.Detection.Other;

/// <summary>Hugo: content and layouts made into pages.</summary>
internal sealed class HugoStack : IStack
{
    public string Id => "hugo";

    public Draft? Detect(SourceView source, bool chosen)
    {
        var config = source.First("hugo.toml", "hugo.yaml", "hugo.yml", "hugo.json", "config.toml", "config.yaml", "config.yml", "config/_default/config.toml", "config/_default/hugo.toml");
        if (config is null || !(source.HasFolder("content") || source.HasFolder("layouts") || source.HasFolder("themes") || source.HasFolder("archetypes")) || (source.Has("package.json") && !config.Contains("hugo", StringComparison.Ordinal)))
        {
            return null;
        }

        return new Draft("Hugo", Id).Needs("hugo", null, "install the Debian package hugo")
            .Because($"{config} and content/ are a Hugo site")
            .Step(Draft.Build, "hugo --minify --destination .portal/site")
            .ServeFiles(".portal/site", spa: false);
    }
}
