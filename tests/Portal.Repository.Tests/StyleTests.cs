using System.Text.RegularExpressions;

namespace Portal.Repository.Tests;

public sealed class StyleTests
{
    private const int LongestFile = 400;
    private const int MedianFile = 150;

    [Theory]
    [InlineData(@"\bDateTime(Offset)?\.(Utc)?Now\b", "Take TimeProvider.", "!tests")]
    [InlineData(@"(?<!await [\w.]*)\.Result\b(?!\s*[=(])|\.Wait\(\)", "Await it.", "!tests")]
    [InlineData(@"\bThread\.Sleep\b", "Wait for a condition, not for time.", "")]
    [InlineData(@"\bTask\.Delay\((?!Timeout\.Infinite)", "Wait for a condition (Eventually), not for time.", "tests")]
    [InlineData(@"\bNotImplementedException\b|\bTODO\b|\bFIXME\b|\bHACK\b", "Finish it.", "")]
    [InlineData(@"\bclass \w*(Helpers?|Utils?|Manager)\b", "Name what it is.", "")]
    [InlineData(@"ProcessStartInfo\s*\{[^}]*\bArguments\s*=|\.Arguments\s*=\s*[$""]|UseShellExecute\s*=\s*true", "Give a process a list of arguments, never a string.", "")]
    public void A_pitfall_is_not_in_the_code(string pattern, string instead, string where)
    {
        var regex = new Regex(pattern);
        var files = SourceFile.Code.Where(f => where == "" || f.Under(where.TrimStart('!')) != where.StartsWith('!')).Where(f => !f.Under("tests/Portal.Repository.Tests"));
        Rule.HasNoOffences(files.SelectMany(f => f.Matches(regex)).Where(line => !IsComment(line)), instead);
    }

    [Fact]
    public void No_file_is_too_long_to_read() =>
        Rule.HasNoOffences(SourceFile.Code.Where(f => f.Lines.Length > LongestFile).Select(f => $"{f.Name}: {f.Lines.Length} lines"),
            $"A file has at most {LongestFile} lines.");

    [Fact]
    public void Most_files_are_short()
    {
        var lengths = SourceFile.Code.Select(f => f.Lines.Length).Order().ToList();
        Assert.True(lengths[lengths.Count / 2] < MedianFile, $"The median file has {lengths[lengths.Count / 2]} lines.");
    }

    [Fact]
    public void Nothing_names_the_machine_it_was_written_on()
    {
        // Put together here so that this file does not name them itself.
        string[] places = ["/" + "work/", "/tmp/" + "wt/", "/home/" + "user"];
        var texts = SourceFile.All.Where(f => Path.GetExtension(f.Name) is ".cs" or ".razor" or ".md" or ".sh" or ".json" or ".yml" or ".props" or ".csproj" or ".proj" or ".css" or ".js" or "");
        Rule.HasNoOffences(
            from file in texts
            where !file.Under("Portal.Web/wwwroot/lib")
            from place in places
            where file.Text.Contains(place, StringComparison.Ordinal)
            select $"{file.Name} names {place}", "Only paths of the product.");
    }

    private static bool IsComment(string match) => Regex.IsMatch(match, @"^[^:]+:\d+: (//|\*|<!--|@\*)");
}
