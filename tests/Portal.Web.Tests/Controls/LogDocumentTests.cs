using Portal.Web.Components.Controls;
using Xunit;

namespace Portal.Web.Tests.Controls;

public sealed class LogDocumentTests
{
    [Fact]
    public void Nothing_is_kept_beyond_the_window_and_what_went_is_counted()
    {
        var log = new LogDocument(limit: 300);

        log.Append(Lines(1, 1_000));

        Assert.InRange(log.Count, 201, 300);
        Assert.Equal(1_000, log.Count + log.Dropped);
        Assert.Equal(1_000, log.LastNumber);
    }

    [Fact]
    public void New_lines_wait_while_paused_and_come_in_order_when_resumed()
    {
        var log = new LogDocument();
        log.Append(Lines(1, 2));
        log.Pause();

        log.Append(Lines(3, 3));

        Assert.Equal(2, log.Count);
        Assert.Equal(3, log.Waiting);
        log.Resume();
        Assert.Equal([1, 2, 3, 4, 5], Numbers(log));
        Assert.Equal(0, log.Waiting);
    }

    [Fact]
    public void A_long_pause_keeps_no_more_than_the_window()
    {
        var log = new LogDocument(limit: 200);
        log.Pause();

        log.Append(Lines(1, 5_000));

        Assert.Equal(200, log.Waiting);
        Assert.Equal(4_800, log.Dropped);
    }

    [Fact]
    public void An_append_touches_only_the_last_block()
    {
        var log = new LogDocument();
        log.Append(Lines(1, 250));
        var before = log.Blocks.Select(b => b.Version).ToArray();

        log.Append(Lines(251, 1));

        var after = log.Blocks.Select(b => b.Version).ToArray();
        Assert.Equal(before[..^1], after[..^1]);
        Assert.NotEqual(before[^1], after[^1]);
    }

    [Fact]
    public void A_new_step_starts_a_new_block()
    {
        var log = new LogDocument();

        log.Append([new LogLine(1, "a", Step: "Install"), new LogLine(2, "b", Step: "Build"), new LogLine(3, "c", Step: "Build")]);

        Assert.Equal(["Install", "Build"], log.Blocks.Select(b => b.Step));
    }

    [Fact]
    public void Search_counts_lines_whatever_their_case_and_new_lines_join()
    {
        var log = new LogDocument();
        log.Append([new LogLine(1, "Error: no"), new LogLine(2, "fine"), new LogLine(3, "an \u001b[31mERR\u001b[0mOR in colours")]);

        log.Search("error");

        Assert.Equal(2, log.Hits);
        log.Append([new LogLine(4, "error again")]);
        Assert.Equal(3, log.Hits);
        log.Search("  ");
        Assert.Equal(0, log.Hits);
        Assert.Null(log.Find);
    }

    private static IEnumerable<LogLine> Lines(int from, int count) =>
        Enumerable.Range(from, count).Select(i => new LogLine(i, $"line {i}"));

    private static IEnumerable<long> Numbers(LogDocument log) => log.Blocks.SelectMany(b => b.Lines).Select(l => l.Line.Number);
}
