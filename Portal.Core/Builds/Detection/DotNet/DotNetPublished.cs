namespace Portal.Core.Builds.Detection.DotNet;

/// <summary>A repository that holds what "dotnet publish" left, and no source: NAME.dll beside NAME.runtimeconfig.json.</summary>
internal static class DotNetPublished
{
    private const string Suffix = ".runtimeconfig.json";

    public static Draft? Detect(SourceView source)
    {
        var programs = source.Where(p => !p.Contains('/') && p.EndsWith(Suffix, StringComparison.Ordinal)).Select(p => p[..^Suffix.Length]).Where(n => source.Has(n + ".dll")).ToList();
        if (programs is not [var name])
        {
            return null;
        }

        var options = Json.Parse(source.Read(name + Suffix, 65536)).Get("runtimeOptions");
        var frameworks = options.Get("frameworks").Items().Append(options.Get("framework")).Concat(options.Get("includedFrameworks").Items()).Select(f => f.Text("name"));
        var web = frameworks.Contains("Microsoft.AspNetCore.App");

        // A self-contained program brings its own runtime, which only its own executable starts.
        var own = options.Get("includedFrameworks") is not null && source.Has(name);
        var draft = new Draft(web ? "ASP.NET Core" : ".NET", "dotnet").Because($"{name}.dll is a published .NET program");
        var run = own ? Shell.Quote("./" + name) : $"dotnet {Shell.Quote(name + ".dll")}";
        if (own)
        {
            draft.Step(Draft.Build, $"chmod +x {Shell.Quote(name)}");
        }
        else
        {
            draft.Needs("dotnet", null, "install the .NET SDK from dotnet.microsoft.com");
        }

        draft.RunEnvironment["DOTNET_ROLL_FORWARD"] = "LatestMajor";
        if (web)
        {
            return draft.Serve($"ASPNETCORE_URLS=\"http://0.0.0.0:$PORT\" {run}");
        }

        draft.Processes.Add(new DraftProcess("worker", run, "", Listens: false));
        return draft;
    }
}
