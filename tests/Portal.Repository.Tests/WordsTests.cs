using System.Text.RegularExpressions;

namespace Portal.Repository.Tests;

/// <summary>
/// Developers see apps and events, never the objects underneath. What a page says is the text between its tags, the
/// attributes that are shown, and the literals of its code.
/// </summary>
public sealed partial class WordsTests
{
    [Fact]
    public void Developer_pages_use_the_words_of_the_glossary()
    {
        var files = SourceFile.Code.Where(f => f.Under("Portal.Web/Components") && !f.Under("Portal.Web/Components/Pages/Admin"));
        Rule.HasNoOffences(
            from file in files
            from said in Said(file)
            where Forbidden().IsMatch(said)
            select $"{file.Name}: {said.Trim()}", "Say app, environment, instance, address, variable, release (see docs/concepts.md).");
    }

    [Theory]
    [InlineData("Your pods are running", true)]
    [InlineData("Edit the YAML", true)]
    [InlineData("2 instances", false)]
    [InlineData("podium", false)]
    public void The_pattern_finds_the_words(string said, bool found) => Assert.Equal(found, Forbidden().IsMatch(said));

    private static IEnumerable<string> Said(SourceFile file)
    {
        var text = file.Text;
        if (!file.Name.EndsWith(".razor", StringComparison.Ordinal))
        {
            return Literals(text);
        }
        var code = text.IndexOf("@code", StringComparison.Ordinal);
        var markup = Comment().Replace(code < 0 ? text : text[..code], "");
        markup = Directive().Replace(markup, "");
        return ShownAttribute().Matches(markup).Select(m => m.Groups[2].Value)
            .Concat(Tag().Replace(markup, "\n").Split('\n'))
            .Concat(code < 0 ? [] : Literals(text[code..]));
    }

    private static IEnumerable<string> Literals(string code) =>
        code.Split('\n').Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal))
            .SelectMany(line => Literal().Matches(line).Select(m => m.Groups[1].Value))
            // A sentence has a space; a CSS class, a path or an id does not.
            .Where(said => said.Contains(' ', StringComparison.Ordinal));

    [GeneratedRegex(@"\b(pods?|namespaces?|replica ?sets?|ingress(es)?|config ?maps?|containers?|kubectl|ya?ml|workloads?)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Forbidden();

    [GeneratedRegex(@"@\*.*?\*@|<!--.*?-->", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"^\s*@(using|namespace|inject|inherits|implements|attribute|layout|page|typeparam).*$", RegexOptions.Multiline)]
    private static partial Regex Directive();

    [GeneratedRegex(@"\b(Title|Text|Label|Placeholder|HelperText|aria-label|title|alt|placeholder|Description)=""([^""]*)""")]
    private static partial Regex ShownAttribute();

    [GeneratedRegex(@"<[^>]*>")]
    private static partial Regex Tag();

    [GeneratedRegex(@"""((?:[^""\\]|\\.)*)""")]
    private static partial Regex Literal();
}
