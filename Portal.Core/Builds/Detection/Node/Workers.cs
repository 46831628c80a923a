namespace Portal.Core.Builds.Detection.Node;

/// <summary>Code for Cloudflare Workers: their own local server runs it here.</summary>
internal static class Workers
{
    public const string Warning = "This is made for Cloudflare Workers; their local server is used, with storage of its own. For a proper server give it a start script that runs on Node.js.";

    public const string Preview = "vite preview --host 0.0.0.0 --port \"$PORT\"";

    public static NodeKind? Recognise(NodeApp app)
    {
        var dev = app.Package.Script("start") ?? app.Package.Script("dev") ?? "";
        if (app.Package.Script("start") is not null && !dev.StartsWith("wrangler ", StringComparison.Ordinal))
        {
            return null;
        }

        var words = Shell.Words(dev);
        if (!app.Package.Has("wrangler") || words is ["wrangler", "pages", ..]
            || (app.Source.First("wrangler.toml", "wrangler.json", "wrangler.jsonc") is null && words is not ["wrangler", "dev", ..]))
        {
            return null;
        }

        var entry = !Shell.HasOperators(dev) && words is ["wrangler", "dev", var file, ..] && app.Source.Has(SourceView.Normalise(file) ?? "") ? " " + Shell.Quote(file) : "";
        return new NodeKind("Cloudflare Workers", "package.json depends on wrangler")
        {
            Start = $"wrangler dev{entry} --ip 0.0.0.0 --port \"$PORT\"",
            IgnoreScript = true,
            RunEnvironment = new Dictionary<string, string> { ["WRANGLER_SEND_METRICS"] = "false", ["CI"] = "true" },
            Warning = Warning,
        };
    }
}
