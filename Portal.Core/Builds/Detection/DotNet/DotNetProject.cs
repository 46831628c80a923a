using System.Xml.Linq;

namespace Portal.Core.Builds.Detection.DotNet;

internal enum DotNetKind
{
    Library,
    Test,
    Web,
    WebAssembly,
    Worker,
    Console,

    /// <summary>A project format of before the SDK: .NET Framework, which needs Windows.</summary>
    Framework,

    /// <summary>Starts others on a developer's machine (Aspire); a mobile or desktop program.</summary>
    Other,
}

/// <summary>What detection reads of a project file.</summary>
internal sealed record DotNetProject(string Path, DotNetKind Kind, string Assembly, string? Target, IReadOnlyList<string> References, bool CallsNode)
{
    /// <summary>It answers gRPC.</summary>
    public bool ServesGrpc { get; private init; }

    public string Folder => SourceView.FolderOf(Path);

    public static DotNetProject? Read(SourceView source, string path)
    {
        var root = Xml.Parse(source.Read(path));
        if (root is null || root.Name.LocalName != "Project")
        {
            return null;
        }

        var name = System.IO.Path.GetFileNameWithoutExtension(SourceView.NameOf(path));
        var sdks = Sdks(root);
        var packages = Included(root, "PackageReference");
        var frameworks = Included(root, "FrameworkReference");
        var assembly = root.Last("AssemblyName") is { } a && !a.Contains("$(", StringComparison.Ordinal) ? a : name;
        var target = root.Last("TargetFramework") ?? root.Last("TargetFrameworks")?.Split(';')[0];
        var references = Included(root, "ProjectReference")
            .Select(r => SourceView.Normalise(SourceView.Join(SourceView.FolderOf(path), r.Replace('\\', '/')))).OfType<string>().ToList();
        var text = root.ToString();
        return new DotNetProject(path, Classify(root, sdks, packages, frameworks, name), assembly, target is { } t && !t.Contains("$(", StringComparison.Ordinal) ? t : null, references,
            text.Contains("npm ", StringComparison.Ordinal) || text.Contains(".esproj", StringComparison.Ordinal))
        {
            ServesGrpc = packages.Exists(p => p.StartsWith("Grpc.AspNetCore", StringComparison.OrdinalIgnoreCase)),
        };
    }

    private static List<string> Sdks(XElement root) =>
    [
        .. (root.Attribute("Sdk")?.Value ?? "").Split(';'),
        .. root.Children("Sdk").Select(s => s.Attribute("Name")?.Value ?? ""),
        .. root.Children("Import").Select(i => i.Attribute("Sdk")?.Value ?? ""),
    ];

    private static List<string> Included(XElement root, string item) =>
        [.. root.Descendants().Where(e => e.Name.LocalName == item).Select(e => e.Attribute("Include")?.Value ?? "").Where(v => v.Length > 0)];

    private static DotNetKind Classify(XElement root, List<string> sdks, List<string> packages, List<string> frameworks, string name)
    {
        bool Sdk(string start) => sdks.Exists(s => s.StartsWith(start, StringComparison.OrdinalIgnoreCase));
        bool Package(string start) => packages.Exists(p => p.StartsWith(start, StringComparison.OrdinalIgnoreCase));
        bool True(string property) => string.Equals(root.Last(property), "true", StringComparison.OrdinalIgnoreCase);

        if (sdks.TrueForAll(s => s.Length == 0))
        {
            return root.Last("TargetFrameworkVersion") is not null || root.Attribute("ToolsVersion") is not null ? DotNetKind.Framework : DotNetKind.Library;
        }

        if (True("IsTestProject") || Package("Microsoft.NET.Test.Sdk") || Package("xunit") || Package("NUnit") || Package("MSTest") || Package("TUnit") || Sdk("MSTest.Sdk")
            || Package("Expecto") || name.EndsWith("Tests", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".Test", StringComparison.OrdinalIgnoreCase))
        {
            return DotNetKind.Test;
        }

        if (True("IsAspireHost") || Sdk("Aspire.AppHost") || Package("Aspire.Hosting") || Package("BenchmarkDotNet") || True("UseMaui") || True("UseWPF") || True("UseWindowsForms")
            || (root.Last("TargetFramework") ?? root.Last("TargetFrameworks") ?? "").Contains("-windows", StringComparison.Ordinal))
        {
            return DotNetKind.Other;
        }

        var executable = root.Last("OutputType") is { } output && (output.Equals("Exe", StringComparison.OrdinalIgnoreCase) || output.Equals("WinExe", StringComparison.OrdinalIgnoreCase));
        if (Sdk("Microsoft.NET.Sdk.BlazorWebAssembly") || Sdk("Microsoft.NET.Sdk.WebAssembly") || (Sdk("Microsoft.NET.Sdk.Web") && Package("Microsoft.AspNetCore.Components.WebAssembly.DevServer")))
        {
            return DotNetKind.WebAssembly;
        }

        if (Sdk("Microsoft.NET.Sdk.Web"))
        {
            return root.Last("OutputType") is { } kind && kind.Equals("Library", StringComparison.OrdinalIgnoreCase) ? DotNetKind.Library : DotNetKind.Web;
        }

        if (Sdk("Microsoft.NET.Sdk.Worker"))
        {
            return DotNetKind.Worker;
        }

        if (!executable)
        {
            return DotNetKind.Library;
        }

        return frameworks.Contains("Microsoft.AspNetCore.App") || Package("Suave") || Package("EmbedIO") || Package("Giraffe") || Package("Saturn") || Package("Microsoft.AspNetCore.App") || Package("WebSharper")
            ? DotNetKind.Web
            : Package("Microsoft.Extensions.Hosting") ? DotNetKind.Worker : DotNetKind.Console;
    }
}
