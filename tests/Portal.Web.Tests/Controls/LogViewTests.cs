using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Common;
using Portal.Web.Components.Controls;
using Xunit;

namespace Portal.Web.Tests.Controls;

public sealed class LogViewTests : BunitContext
{
    private readonly LogDocument _log = new();

    public LogViewTests() => Services.AddSingleton(TimeProvider.System);

    [Fact]
    public void What_an_app_prints_never_becomes_an_element()
    {
        _log.Append([new LogLine(1, "<script>alert(1)</script><img src=x onerror=alert(2)>")]);

        var view = Render<LogView>(p => p.Add(v => v.Document, _log));

        Assert.Empty(view.FindAll(".log-scroll script, .log-scroll img"));
        Assert.Equal("<script>alert(1)</script><img src=x onerror=alert(2)>", view.Find(".lt").TextContent);
    }

    [Fact]
    public void Colours_are_kept()
    {
        _log.Append([new LogLine(1, "\u001b[31mfailed\u001b[0m")]);

        Assert.Equal("failed", Render<LogView>(p => p.Add(v => v.Document, _log)).Find(".fg1").TextContent);
    }

    [Fact]
    public void Steps_fold_and_say_how_they_went()
    {
        _log.Append([new LogLine(1, "a", Step: "Install"), new LogLine(2, "b", Step: "Build")]);

        var view = Render<LogView>(p => p.Add(v => v.Document, _log).Add(v => v.Steps, [new LogStep("Build", Severity.Error)]));

        Assert.Equal(["Install", "Build"], view.FindAll("details.log-step summary span:not(.push)").Select(s => s.TextContent));
        Assert.Contains("tone-failed", view.FindAll("details.log-step")[1].InnerHtml, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_can_be_linked_to_on_this_very_page()
    {
        Services.GetRequiredService<Microsoft.AspNetCore.Components.NavigationManager>().NavigateTo("/acme/shop/builds/3");
        _log.Append([new LogLine(7, "x")]);

        var view = Render<LogView>(p => p.Add(v => v.Document, _log));

        Assert.Equal("/acme/shop/builds/3#L7", view.Find("a.ln").GetAttribute("href"));
        Assert.NotNull(view.Find("#L7"));
    }

    [Fact]
    public void Typing_marks_what_is_searched_for()
    {
        _log.Append([new LogLine(1, "one"), new LogLine(2, "two")]);
        var view = Render<LogView>(p => p.Add(v => v.Document, _log));

        view.Find("input[type=search]").Input("TWO");

        Assert.Equal("two", view.Find("mark").TextContent);
        Assert.Contains("1 line", view.Find(".log-tools").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Paused_it_counts_what_waits()
    {
        _log.Append([new LogLine(1, "one")]);
        var view = Render<LogView>(p => p.Add(v => v.Document, _log).Add(v => v.CanPause, true));
        view.Find("button[aria-pressed]").Click();

        _log.Append([new LogLine(2, "two")]);
        view.Render();

        Assert.Single(view.FindAll(".ll"));
        Assert.Contains("1 new", view.Find("button[aria-pressed]").TextContent, StringComparison.Ordinal);
        view.Find("button[aria-pressed]").Click();
        Assert.Equal(2, view.FindAll(".ll").Count);
    }
}
