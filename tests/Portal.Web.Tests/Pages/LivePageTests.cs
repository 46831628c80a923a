using Bunit;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using MudBlazor.Services;
using Npgsql;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Live;
using Portal.Testing;
using Portal.Web.Auth;
using Portal.Web.Components.Live;
using Xunit;

namespace Portal.Web.Tests.Pages;

public sealed class LivePageTests : BunitContext
{
    private static readonly Guid Key = Guid.NewGuid();

    private readonly NpgsqlDataSource _nowhere = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1");
    private readonly LiveFeed _feed;
    private readonly Reader _reader = new();

    public LivePageTests()
    {
        JSInterop.Mode = JSRuntimeMode.Loose;
        _feed = new LiveFeed(new SignalListener(_nowhere, TimeProvider.System, NullLogger<SignalListener>.Instance));
        Services.AddMudServices();
        Services.AddSingleton(_feed).AddSingleton(TimeProvider.System).AddSingleton<Handover>().AddSingleton<ICurrentActor>(_reader).AddSingleton(_reader);
        Services.AddRefusedActs(_nowhere);
        AddBunitPersistentComponentState();
        SetRendererInfo(new Microsoft.AspNetCore.Components.RendererInfo("Server", isInteractive: true));
    }

    [Fact]
    public async Task A_page_subscribes_once_and_ends_its_subscription_with_itself()
    {
        Assert.Equal(0, _feed.Count);

        var page = Render<Page>();
        // Read once, and once more after subscribing: what happened in between was announced to nobody.
        page.WaitForAssertion(() => Assert.Equal("2", page.Find("p").TextContent));
        Assert.Equal(1, _feed.Count);
        page.Render();
        Assert.Equal(1, _feed.Count);

        await DisposeComponentsAsync();
        Assert.Equal(0, _feed.Count);
    }

    [Fact]
    public void While_prerendering_nothing_is_subscribed()
    {
        SetRendererInfo(new Microsoft.AspNetCore.Components.RendererInfo("Static", isInteractive: false));

        Render<Page>();

        Assert.Equal(0, _feed.Count);
    }

    [Fact]
    public void A_failed_read_is_a_problem_of_the_page_and_can_be_tried_again()
    {
        _reader.Failure = new TimeoutException();

        var page = Render<Page>();

        Assert.Equal("problem", page.Find("p").TextContent);
        _reader.Failure = null;
        page.Find("button").Click();
        page.WaitForAssertion(() => Assert.Equal("3", page.Find("p").TextContent));
        Assert.Equal(1, _feed.Count);
    }

    [Fact]
    public void Whose_session_ended_is_sent_to_sign_in_and_sees_nothing()
    {
        _reader.Actor = null;

        Render<Page>();

        Assert.Contains("sign-in", Services.GetRequiredService<Microsoft.AspNetCore.Components.NavigationManager>().Uri, StringComparison.Ordinal);
        Assert.Equal(0, _reader.Reads);
        Assert.Equal(0, _feed.Count);
    }

    [Fact]
    public void What_was_handed_over_is_taken_once_and_not_for_ever()
    {
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var handover = new Handover(clock);
        var key = handover.Leave("model");
        var late = handover.Leave("late");

        Assert.Equal("model", handover.Take<string>(key));
        Assert.Null(handover.Take<string>(key));
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(handover.Take<string>(late));
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _nowhere.Dispose();
    }

    private sealed class Reader : ICurrentActor
    {
        public Actor? Actor { get; set; } = TestActors.Outsider();

        public Exception? Failure { get; set; }

        public int Reads { get; set; }

        public Task<Actor?> GetAsync(CancellationToken cancellationToken) => Task.FromResult(Actor);
    }

    private sealed class Page : LivePage<string>
    {
        [Microsoft.AspNetCore.Components.Inject]
        public Reader Source { get; set; } = null!;

        protected override string Address => "here";

        protected override Task<string> ReadAsync(Actor actor, CancellationToken cancellationToken)
        {
            Source.Reads++;
            return Source.Failure is { } failure ? Task.FromException<string>(failure) : Task.FromResult($"{Source.Reads}");
        }

        protected override IEnumerable<(string Topic, Guid Key)> Follows(string model) => [(LiveTopics.App, Key)];

        protected override void BuildRenderTree(RenderTreeBuilder builder)
        {
            builder.OpenElement(0, "p");
            builder.AddContent(1, Problem is null ? Model ?? "loading" : "problem");
            builder.CloseElement();
            builder.OpenElement(2, "button");
            builder.AddAttribute(3, "onclick", Microsoft.AspNetCore.Components.EventCallback.Factory.Create(this, RetryAsync));
            builder.CloseElement();
        }
    }
}
