using System.Text.RegularExpressions;
using Portal.Testing;

namespace Portal.Repository.Tests;

public sealed partial class DocumentTests
{
    private static IEnumerable<SourceFile> Documents => SourceFile.All.Where(f => f.Name.EndsWith(".md", StringComparison.Ordinal) && !f.Under("samples") && !f.Name.Contains("/Fixtures/", StringComparison.Ordinal));

    [Fact]
    public void Every_link_to_a_file_leads_somewhere() =>
        Rule.HasNoOffences(
            from document in Documents
            from Match link in Link().Matches(document.Text)
            let target = link.Groups[1].Value
            where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal)
            let path = Path.Combine(Path.GetDirectoryName(Checkout.Path(document.Name))!, target)
            where !File.Exists(path) && !Directory.Exists(path)
            select $"{document.Name} links to {target}", "Name files that exist.");

    [Fact]
    public void Every_decision_is_in_the_list()
    {
        var list = new SourceFile("docs/decisions/README.md").Text;
        Rule.HasNoOffences(
            SourceFile.All.Where(f => f.Under("docs/decisions") && !f.Name.EndsWith("README.md", StringComparison.Ordinal))
                .Where(f => !list.Contains($"({Path.GetFileName(f.Name)})", StringComparison.Ordinal)).Select(f => f.Name), "List it in docs/decisions/README.md.");
    }

    [Fact]
    public void Every_command_of_the_launcher_is_documented()
    {
        var documented = new SourceFile("docs/operations.md").Text + new SourceFile("CONTRIBUTING.md").Text;
        var commands = Regex.Match(new SourceFile("portal").Text, @"^\s+((?:\w+ \| )+\w+)\) ""command_", RegexOptions.Multiline).Groups[1].Value.Split(" | ");
        Assert.Contains("up", commands);
        Rule.HasNoOffences(commands.Where(command => !documented.Contains($"./portal {command}", StringComparison.Ordinal)), "Describe it in docs/operations.md.");
    }

    [Fact]
    public void Every_folder_and_command_that_a_document_tells_to_use_is_there()
    {
        var launcher = new SourceFile("portal").Text;
        Rule.HasNoOffences(
            from document in Documents
            from Match told in Told().Matches(document.Text)
            where told.Groups["folder"].Success
                ? !Directory.Exists(Checkout.Path(told.Groups["folder"].Value))
                : !Regex.IsMatch(launcher, $@"\b{told.Groups["command"].Value}( \||\) )")
            select $"{document.Name} tells to use {told.Value}", "Name folders and commands that exist.");
    }

    [GeneratedRegex(@"(?<folder>\bsamples/[\w-]+)|\./portal (?<command>[a-z]+)")]
    private static partial Regex Told();

    [GeneratedRegex(@"(?<!!)\[[^\]]*\]\(([^)#\s]*)[^)]*\)")]
    private static partial Regex Link();
}
