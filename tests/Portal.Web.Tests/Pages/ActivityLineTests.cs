using Bunit;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor.Services;
using Portal.Core.Triggers;
using Portal.Web.Components.Pages.Activity;
using Xunit;

namespace Portal.Web.Tests.Pages;

public sealed class ActivityLineTests : BunitContext
{
    public ActivityLineTests()
    {
        JSInterop.Mode = JSRuntimeMode.Loose;
        Services.AddMudServices();
        Services.AddSingleton(TimeProvider.System);
    }

    [Fact]
    public void What_a_sender_wrote_is_text_and_never_markup()
    {
        var line = Render(PushState.Decided, "<script>alert(1)</script>", "not deployed: <img src=x onerror=alert(1)>");
        Assert.Empty(line.FindAll("script"));
        Assert.Empty(line.FindAll("img"));
        Assert.Contains("<script>alert(1)</script>", line.Find(".plain-text").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_push_that_could_not_be_decided_is_shown_as_failed_with_its_reason()
    {
        var line = Render(PushState.Failed, "a push", "not deployed: the host did not answer in time");
        Assert.Contains("Failed", line.Markup, StringComparison.Ordinal);
        Assert.Contains("the host did not answer in time", line.Markup, StringComparison.Ordinal);
        Assert.DoesNotContain("Failed", Render(PushState.Decided, "a push", "not deployed: paused").Markup, StringComparison.Ordinal);
        Assert.Contains("Being decided", Render(PushState.Received, "a push").Markup, StringComparison.Ordinal);
    }

    private IRenderedComponent<ActivityLine> Render(PushState state, string message, params string[] reasons)
    {
        var entry = new ActivityEntry.OfPush(new PushView(Guid.NewGuid(), "shop", PushSource.Webhook, "push", "refs/heads/main", null, new string('a', 40), "<b>ada</b>",
            message, Given.Now, state, 1, [.. reasons.Select(r => new DecisionView(null, false, r, null, null))]));
        return Render<ActivityLine>(p => p.Add(l => l.TeamSlug, "acme").Add(l => l.Item, new ActivityItem(entry, [entry])));
    }
}
