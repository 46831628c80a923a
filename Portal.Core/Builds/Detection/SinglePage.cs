using System.Text.RegularExpressions;

namespace Portal.Core.Builds.Detection;

/// <summary>Whether a repository tells a host of files to answer unknown paths with index.html, as client-side routing needs.</summary>
internal static partial class SinglePage
{
    public static bool Asked(SourceView source)
    {
        var heroku = Toml.Parse(source.Read("project.toml", 65536)).Table("com", "heroku", "static-web-server", "errors", "404");
        var vercel = Json.Parse(source.Read("vercel.json", 65536));
        return Enabled().IsMatch(source.Read("Staticfile", 4096) ?? "")
            || Json.Parse(source.Read("static.json", 65536)).Get("routes").Members().Any(r => r.Name == "/**" && IsPage(r.Value.AsText()))
            || IsPage(heroku.Text("file_path"))
            || Toml.Parse(source.Read("netlify.toml", 65536)).Tables("redirects").Any(r => r.Text("from") == "/*" && IsPage(r.Text("to")))
            || vercel.Get("rewrites").Items().Any(r => IsAny(r.Text("source")) && IsPage(r.Text("destination")))
            || vercel.Get("routes").Items().Any(r => IsAny(r.Text("src")) && IsPage(r.Text("dest")))
            || Array.Exists((string[])["_redirects", "public/_redirects", "static/_redirects"], f => Redirect().IsMatch(source.Read(f, 65536) ?? ""));
    }

    private static bool IsPage(string? path) => path?.TrimStart('/') is "index.html" or "";

    private static bool IsAny(string? pattern) => pattern is "/(.*)" or "/:path*" or "/.*" or "/(?:.*)" or "(.*)" or "/*";

    [GeneratedRegex(@"^\s*pushstate:\s*(?:enabled|true)", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex Enabled();

    [GeneratedRegex(@"^\s*/\*\s+/(?:index\.html)?\s+200", RegexOptions.NonBacktracking | RegexOptions.Multiline)]
    private static partial Regex Redirect();
}
