using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Portal.Testing;

namespace Portal.Repository.Tests;

public sealed partial class PackageTests
{
    private static readonly string[] Permissive =
        ["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "PostgreSQL", "MS-PL", "0BSD", "ISC", "Zlib", "MPL-2.0", "Unlicense"];

    /// <summary>Packages from before licence expressions, looked up by hand.</summary>
    private static readonly string[] LicenceByAddress =
    [
        "https://licenses.nuget.org/",
        "http://www.apache.org/licenses/LICENSE-2.0",
        "https://www.apache.org/licenses/LICENSE-2.0",
        "https://raw.githubusercontent.com/xunit/xunit/master/license.txt",
        "https://github.com/dotnet/corefx/blob/master/LICENSE.TXT",
        "https://github.com/dotnet/standard/blob/master/LICENSE.TXT",
        "https://go.microsoft.com/fwlink/?linkid=",
        "http://go.microsoft.com/fwlink/?LinkId=",
    ];

    private static IEnumerable<SourceFile> Projects => SourceFile.All.Where(f => f.Name.EndsWith(".csproj", StringComparison.Ordinal) && !f.Under("samples") && !f.Name.Contains("/Fixtures/", StringComparison.Ordinal));

    [Fact]
    public void Versions_are_named_in_one_place() =>
        Rule.HasNoOffences(Projects.SelectMany(p => p.Matches(OwnVersion())), "Name versions in Directory.Packages.props only.");

    [Fact]
    public void Every_version_is_exact() =>
        Rule.HasNoOffences(new SourceFile("Directory.Packages.props").Matches(LooseVersion()), "No ranges and no wildcards.");

    [Fact]
    public void Every_project_has_its_lock_file() =>
        Rule.HasNoOffences(Projects.Where(p => !File.Exists(Path.Combine(Path.GetDirectoryName(Checkout.Path(p.Name))!, "packages.lock.json"))).Select(p => p.Name),
            "Restore writes packages.lock.json beside the project: commit it.");

    [Fact]
    public void Every_package_is_under_a_permissive_licence()
    {
        var packages = Projects.SelectMany(Locked).Distinct().ToList();
        Assert.NotEmpty(packages);
        Rule.HasNoOffences(packages.Select(p => (p, licence: Licence(p.Id, p.Version))).Where(p => !IsPermissive(p.licence)).Select(p => $"{p.p.Id} {p.p.Version}: {p.licence}"),
            $"Licences: {string.Join(", ", Permissive)}.");
    }

    private static IEnumerable<(string Id, string Version)> Locked(SourceFile project)
    {
        using var file = JsonDocument.Parse(File.ReadAllText(Path.Combine(Path.GetDirectoryName(Checkout.Path(project.Name))!, "packages.lock.json")));
        foreach (var framework in file.RootElement.GetProperty("dependencies").EnumerateObject())
        {
            foreach (var package in framework.Value.EnumerateObject())
            {
                if (package.Value.TryGetProperty("resolved", out var version))
                {
                    yield return (package.Name.ToLowerInvariant(), version.GetString()!.ToLowerInvariant());
                }
            }
        }
    }

    private static string Licence(string id, string version)
    {
        var folder = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var nuspec = Path.Combine(folder, id, version, $"{id}.nuspec");
        if (!File.Exists(nuspec))
        {
            return "not restored here";
        }
        var metadata = XDocument.Load(nuspec).Root!.Elements().First(e => e.Name.LocalName == "metadata");
        var licence = metadata.Elements().FirstOrDefault(e => e.Name.LocalName == "license");
        if (licence?.Attribute("type")?.Value == "file")
        {
            var text = Path.Combine(folder, id, version, licence.Value.Replace('\\', '/'));
            return FromText(File.Exists(text) ? File.ReadAllText(text) : "");
        }
        return licence?.Value ?? metadata.Elements().FirstOrDefault(e => e.Name.LocalName == "licenseUrl")?.Value ?? "none named";
    }

    private static string FromText(string text) =>
        text.Contains("Permission is hereby granted, free of charge", StringComparison.OrdinalIgnoreCase) ? "MIT"
        : text.Contains("Apache License", StringComparison.OrdinalIgnoreCase) ? "Apache-2.0"
        : text.Contains("Redistribution and use in source and binary forms", StringComparison.OrdinalIgnoreCase) ? "BSD-3-Clause"
        : $"unknown text: {text[..Math.Min(80, text.Length)]}";

    private static bool IsPermissive(string licence) =>
        LicenceByAddress.Any(known => licence.StartsWith(known, StringComparison.OrdinalIgnoreCase))
        || Regex.Split(licence, @"\s+(?:AND|OR|WITH)\s+|[()]").Where(part => part.Length > 0).All(part => Permissive.Contains(part));

    [GeneratedRegex(@"<PackageReference[^>]*\bVersion(Override)?=")]
    private static partial Regex OwnVersion();

    [GeneratedRegex(@"Version=""[^""]*[\[\]\(\),*]")]
    private static partial Regex LooseVersion();
}
