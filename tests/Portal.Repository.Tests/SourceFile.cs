using System.Text.RegularExpressions;
using Portal.Testing;

namespace Portal.Repository.Tests;

/// <summary>A file of the checkout, named as git does: relative, with slashes.</summary>
internal sealed record SourceFile(string Name)
{
    private static readonly string[] NotOurs = ["bin", "obj", "artifacts", ".git", ".portal", "node_modules", "TestResults"];

    private static readonly Lazy<IReadOnlyList<SourceFile>> Found = new(() =>
        [.. Walk(new DirectoryInfo(Checkout.Root)).Select(f => new SourceFile(Path.GetRelativePath(Checkout.Root, f.FullName).Replace('\\', '/'))).OrderBy(f => f.Name, StringComparer.Ordinal)]);

    public static IReadOnlyList<SourceFile> All => Found.Value;

    /// <summary>C# and Razor that people write: no generated migrations, no third-party files.</summary>
    public static IEnumerable<SourceFile> Code => All.Where(f =>
        f.Name.EndsWith(".cs", StringComparison.Ordinal) || f.Name.EndsWith(".razor", StringComparison.Ordinal))
        .Where(f => !f.Name.StartsWith("migrations/Migrations/", StringComparison.Ordinal) && !f.Name.Contains("/wwwroot/", StringComparison.Ordinal)
            && !f.Name.StartsWith("samples/", StringComparison.Ordinal));

    public string Text => File.ReadAllText(Checkout.Path(Name));

    public string[] Lines => File.ReadAllLines(Checkout.Path(Name));

    public bool Under(params string[] folders) => folders.Any(folder => Name.StartsWith(folder + "/", StringComparison.Ordinal));

    /// <summary>"file:line: text" of each line that matches.</summary>
    public IEnumerable<string> Matches(Regex pattern) =>
        Lines.Select((line, index) => (line, index)).Where(l => pattern.IsMatch(l.line)).Select(l => $"{Name}:{l.index + 1}: {l.line.Trim()}");

    private static IEnumerable<FileInfo> Walk(DirectoryInfo folder) =>
        folder.EnumerateFiles().Concat(folder.EnumerateDirectories()
            .Where(sub => !NotOurs.Contains(sub.Name) && sub.LinkTarget is null)
            .SelectMany(Walk));
}

internal static class Rule
{
    /// <summary>Fails with every offence at once.</summary>
    public static void HasNoOffences(IEnumerable<string> offences, string rule)
    {
        var all = offences.ToList();
        Assert.True(all.Count == 0, $"{rule}{Environment.NewLine}{string.Join(Environment.NewLine, all)}");
    }
}
