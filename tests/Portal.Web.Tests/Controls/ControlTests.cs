using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Portal.Core.Common;
using Portal.Web.Components.Controls;
using Xunit;

namespace Portal.Web.Tests.Controls;

public sealed class ControlTests : BunitContext
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 14, 2, 11, TimeSpan.Zero);
    private readonly FakeTimeProvider _clock = new(Now);

    public ControlTests() => Services.AddSingleton<TimeProvider>(_clock);

    [Fact]
    public void Every_severity_has_its_own_shape_so_that_colour_is_not_the_only_sign()
    {
        var shapes = Enum.GetValues<Severity>()
            .Select(s => Render<StatusDot>(p => p.Add(d => d.Severity, s)).Find("svg").InnerHtml.Trim())
            .ToList();

        Assert.Equal(shapes.Count, shapes.Distinct().Count());
    }

    [Theory]
    [InlineData(Severity.Ok, "tone-ok")]
    [InlineData(Severity.Working, "tone-working")]
    [InlineData(Severity.Warning, "tone-warning")]
    [InlineData(Severity.Error, "tone-failed")]
    [InlineData(Severity.Asleep, "tone-asleep")]
    public void A_status_line_says_its_word_beside_the_shape(Severity severity, string css)
    {
        var line = Render<StatusLine>(p => p.Add(l => l.Severity, severity).Add(l => l.Word, "Running v12"));

        Assert.Contains(css, line.Find(".status").ClassName, StringComparison.Ordinal);
        Assert.Equal("Running v12", line.Find(".word").TextContent);
        Assert.Equal("true", line.Find("svg").GetAttribute("aria-hidden"));
    }

    [Fact]
    public void A_status_card_shows_what_a_fix_will_do_and_runs_it()
    {
        StatusAction? ran = null;
        var fix = new StatusAction("use-port:3000", "Use 3000", "Tells the app to be reached on 3000 and starts it again.");
        var card = Render<StatusCard>(p => p
            .Add(c => c.Severity, Severity.Error)
            .Add(c => c.Title, "It listens on 3000, not $PORT")
            .Add(c => c.Evidence, ["<b>listening</b> on 3000"])
            .Add(c => c.Fixes, [fix])
            .Add(c => c.OnFix, (StatusAction a) => ran = a));

        Assert.Contains(fix.Effect, card.Find(".effect").TextContent, StringComparison.Ordinal);
        Assert.Contains("&lt;b&gt;listening", card.Find(".evidence pre").InnerHtml, StringComparison.Ordinal);
        card.Find(".fixes button").Click();
        Assert.Equal(fix, ran);
    }

    [Theory]
    [InlineData(0, "just now")]
    [InlineData(42, "42 s ago")]
    [InlineData(240, "4 min ago")]
    [InlineData(7_300, "2 h ago")]
    [InlineData(200_000, "2 d ago")]
    [InlineData(-90, "in 1 min")]
    public void Times_are_relative_with_the_exact_time_on_hover(int secondsAgo, string words)
    {
        var time = Render<TimeAgo>(p => p.Add(t => t.At, Now.AddSeconds(-secondsAgo))).Find("time");

        Assert.Equal(words, time.TextContent);
        Assert.Contains("2026", time.GetAttribute("title"), StringComparison.Ordinal);
        Assert.Equal(Now.AddSeconds(-secondsAgo), DateTimeOffset.Parse(time.GetAttribute("datetime")!));
    }

    [Fact]
    public void A_time_that_never_was_says_so() =>
        Assert.Equal("never", Render<TimeAgo>(p => p.Add(t => t.At, null)).Find("span").TextContent);

    [Theory]
    [InlineData(0.42, "0.4 s")]
    [InlineData(59.9, "59 s")]
    [InlineData(65, "1 min 05 s")]
    [InlineData(3_725, "1 h 02 min")]
    public void Durations_read_like_durations(double seconds, string words) =>
        Assert.Equal(words, Words.Duration(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void A_running_step_counts_on_in_the_browser()
    {
        var span = Render<Elapsed>(p => p.Add(e => e.From, Now.AddSeconds(-12))).Find("span");

        Assert.Equal("12 s", span.TextContent);
        Assert.NotNull(span.GetAttribute("data-since"));
    }

    [Fact]
    public void A_commit_is_short_and_copies_whole()
    {
        var hash = Render<CommitHash>(p => p.Add(h => h.Value, "0123456789abcdef0123456789abcdef01234567")).Find("button");

        Assert.Equal("0123456", hash.TextContent);
        Assert.Equal("0123456789abcdef0123456789abcdef01234567", hash.GetAttribute("data-copy"));
    }

    [Fact]
    public void A_hostile_name_stays_text()
    {
        var who = Render<Who>(p => p.Add(w => w.Name, "<img src=x onerror=alert(1)>"));

        Assert.Empty(who.FindAll("img"));
    }

    [Fact]
    public void New_rows_wait_behind_a_pill_and_nothing_is_shown_for_none()
    {
        Assert.Empty(Render<NewRowsPill>(p => p.Add(n => n.Count, 0)).FindAll("button"));
        Assert.Equal("3 new", Render<NewRowsPill>(p => p.Add(n => n.Count, 3)).Find("button").TextContent.Trim());
    }

    [Fact]
    public void A_changed_value_tints_but_the_first_one_does_not()
    {
        var cell = Render<Changed>(p => p.Add(c => c.Value, 1).AddChildContent("1"));
        Assert.Equal("changed", cell.Find("span").ClassName?.Trim());

        cell.Render(p => p.Add(c => c.Value, 2));
        var first = cell.Find("span").ClassName;
        cell.Render(p => p.Add(c => c.Value, 3));

        Assert.Equal("changed tint-a", first);
        Assert.Equal("changed tint-b", cell.Find("span").ClassName);
    }

    [Fact]
    public void A_waterfall_places_its_steps_on_a_common_time_line()
    {
        WaterfallStep[] steps =
        [
            new("Queued", Severity.Ok, Now.AddSeconds(-40), Now.AddSeconds(-30)),
            new("Built", Severity.Working, Now.AddSeconds(-30), null),
            new("Live", Severity.Asleep, null, null),
        ];

        var bars = Render<Waterfall>(p => p.Add(w => w.Steps, steps)).FindAll(".bar");

        Assert.Equal(2, bars.Count);
        Assert.Equal("left: 0%; width: 25%", bars[0].GetAttribute("style"));
        Assert.Equal("left: 25%; width: 75%", bars[1].GetAttribute("style"));
    }

    [Theory]
    [InlineData(new double[0])]
    [InlineData(new double[] { 0, 0, 0 })]
    [InlineData(new double[] { 1, 5, 2 })]
    public void A_sparkline_draws_whatever_there_is(double[] values) =>
        Assert.DoesNotContain("NaN", Render<Sparkline>(p => p.Add(s => s.Values, values)).Markup, StringComparison.Ordinal);
}
