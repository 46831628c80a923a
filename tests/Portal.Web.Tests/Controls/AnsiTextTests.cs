using Portal.Web.Components.Controls;
using Xunit;

namespace Portal.Web.Tests.Controls;

public sealed class AnsiTextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;")]
    [InlineData("\u001b[31mred\u001b[0m rest", "<span class=\"fg1\">red</span> rest")]
    [InlineData("\u001b[1;32mbold green", "<span class=\"fg2 ab\">bold green</span>")]
    [InlineData("\u001b[91mbright red\u001b[39m", "<span class=\"fg1\">bright red</span>")]
    [InlineData("\u001b[31m<b>\u001b[0m", "<span class=\"fg1\">&lt;b&gt;</span>")]
    [InlineData("\u001b[38;5;196mred of 256", "<span class=\"fg1\">red of 256</span>")]
    [InlineData("\u001b[38;2;0;200;0mtrue green", "<span class=\"fg2\">true green</span>")]
    [InlineData("\u001b[2K\u001b[1Gmoved", "moved")]
    [InlineData("\u001b]0;title\u0007text", "text")]
    [InlineData("\u001b]8;;http://evil/\u001b\\link\u001b]8;;\u001b\\", "link")]
    [InlineData("10 %\r50 %\rdone", "done")]
    [InlineData("windows line\r", "windows line")]
    [InlineData("\u001b", "")]
    [InlineData("\u001b[", "")]
    [InlineData("\u001b[999999999999999999m", "")]
    [InlineData("\u001b(Bascii", "ascii")]
    public void Colours_become_spans_around_encoded_text(string line, string expected)
    {
        var style = default(AnsiStyle);

        Assert.Equal(expected, AnsiText.ToHtml(line, ref style));
    }

    [Fact]
    public void An_element_split_by_a_colour_code_stays_text()
    {
        var style = default(AnsiStyle);

        var html = AnsiText.ToHtml("<scr\u001b[31mipt>alert(1)</scr\u001b[0mipt>", ref style);

        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("&lt;scr<span class=\"fg1\">ipt&gt;alert(1)&lt;/scr</span>ipt&gt;", html);
    }

    [Fact]
    public void A_colour_runs_on_into_the_next_line()
    {
        var style = default(AnsiStyle);
        AnsiText.ToHtml("\u001b[33mfirst", ref style);

        Assert.Equal("<span class=\"fg3\">second</span>", AnsiText.ToHtml("second", ref style));
    }

    [Fact]
    public void What_is_searched_for_is_marked_and_still_encoded()
    {
        var style = default(AnsiStyle);

        Assert.Equal("a <mark>&lt;B&gt;</mark> c", AnsiText.ToHtml("a <B> c", ref style, "<b>"));
    }

    [Fact]
    public void A_line_of_a_megabyte_is_cut_and_says_so()
    {
        var style = default(AnsiStyle);

        var html = AnsiText.ToHtml(new string('x', 1_000_000), ref style);

        Assert.True(html.Length < AnsiText.LineLimit + 100);
        Assert.Contains("991,808 characters more", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Plain_text_has_neither_colours_nor_overwritten_parts() =>
        Assert.Equal("50 done", AnsiText.Plain("10\r\u001b[32m50\u001b[0m done"));

    [Fact]
    public void No_input_makes_an_element_of_its_own()
    {
        var random = new Random(20260101);
        const string Alphabet = "<>&\"'\u001b[]()0123456789;mKJH\r\n\a\\/scriptA\u009b ";
        for (var round = 0; round < 2_000; round++)
        {
            var line = new string(Enumerable.Range(0, random.Next(60)).Select(_ => Alphabet[random.Next(Alphabet.Length)]).ToArray());
            var style = default(AnsiStyle);

            var html = AnsiText.ToHtml(line, ref style);

            var left = System.Text.RegularExpressions.Regex.Replace(html, "<span class=\"[a-z0-9 ]+\">|</span>", "");
            Assert.DoesNotContain('<', left);
            Assert.DoesNotContain('>', left);
        }
    }
}
