using Portal.Core.Common;
using Portal.Core.Teams;
using Portal.Testing;

namespace Portal.Postgres.Tests.Teams;

public sealed class SessionTests
{
    private const string Phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";

    private static CancellationToken Now => TeamsWorld.Now;

    [Fact]
    public async Task One_session_ends_without_the_others()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var here = await world.PersonAsync("ada");
        var phone = await world.Get<SessionService>().StartAsync(here.UserId!.Value, "198.51.100.7", Phone, Now);
        var listed = await world.Get<SessionService>().ListAsync(here, Now);
        Assert.Equal([true, false], listed.Select(s => s.Current));
        Assert.Equal(("Safari on iPhone", "198.51.100.7"), (listed[1].Device, listed[1].Address));

        await world.Get<SessionService>().EndAsync(here, phone, Now);

        Assert.Null(await world.Get<ActorFactory>().ForSessionAsync(here.UserId.Value, phone, "ada", null, Now));
        Assert.NotNull(await world.Get<ActorFactory>().ForSessionAsync(here.UserId.Value, here.SessionId, "ada", null, Now));
        Assert.False(await world.Get<SessionService>().IsOpenAsync(here.UserId.Value, phone, Now));
        Assert.Contains("session.end", await world.ActionsAsync());
        await TeamsWorld.RefusedAsync(Refusal.NotFound, () => world.Get<SessionService>().EndAsync(here, phone, Now));
    }

    [Fact]
    public async Task All_others_end_and_this_one_stays()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var here = await world.PersonAsync("ada");
        await world.Get<SessionService>().StartAsync(here.UserId!.Value, null, null, Now);
        await world.Get<SessionService>().StartAsync(here.UserId.Value, null, null, Now);

        Assert.Equal(2, await world.Get<SessionService>().EndOthersAsync(here, Now));

        Assert.True(Assert.Single(await world.Get<SessionService>().ListAsync(here, Now)).Current);
        Assert.Equal(0, await world.Get<SessionService>().EndOthersAsync(here, Now));
        Assert.Single(await world.ActionsAsync(), "session.end-others");
    }

    [Fact]
    public async Task Nobody_ends_or_sees_the_session_of_another_not_even_an_admin()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");
        var admin = await world.PersonAsync("admin", admin: true);

        await TeamsWorld.RefusedAsync(Refusal.NotFound, () => world.Get<SessionService>().EndAsync(admin, ada.SessionId!.Value, Now));
        Assert.DoesNotContain(await world.Get<SessionService>().ListAsync(admin, Now), s => s.Id == ada.SessionId);
        await TeamsWorld.RefusedAsync(Refusal.Denied, () => world.Get<SessionService>().ListAsync(TestActors.Token(ada, TokenScope.Full), Now));
        Assert.Null(await world.Get<ActorFactory>().ForSessionAsync(admin.UserId!.Value, ada.SessionId, "admin", null, Now));
    }

    [Fact]
    public async Task A_visit_is_remembered_and_two_weeks_without_one_end_it()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");
        world.Clock.Advance(TimeSpan.FromDays(13));
        await world.Get<ActorFactory>().ForSessionAsync(ada.UserId!.Value, ada.SessionId, "ada", "203.0.113.9", Now);
        var seen = Assert.Single(await world.Get<SessionService>().ListAsync(ada, Now));
        Assert.Equal(("203.0.113.9", world.Clock.GetUtcNow()), (seen.Address, seen.LastSeenAt));

        world.Clock.Advance(TimeSpan.FromDays(14));

        Assert.Empty(await world.Get<SessionService>().ListAsync(ada, Now));
        Assert.False(await world.Get<SessionService>().IsOpenAsync(ada.UserId.Value, ada.SessionId, Now));
    }

    [Fact]
    public async Task There_are_never_more_than_the_limit()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");
        for (var i = 0; i < SessionService.MaxPerPerson + 3; i++)
        {
            world.Clock.Advance(TimeSpan.FromSeconds(1));
            await world.Get<SessionService>().StartAsync(ada.UserId!.Value, null, null, Now);
        }

        Assert.Equal(SessionService.MaxPerPerson, (await world.Get<SessionService>().ListAsync(ada, Now)).Count);
    }

    [Fact]
    public async Task A_session_of_nobody_is_nobodys()
    {
        await using var world = await TeamsWorld.CreateAsync();
        var ada = await world.PersonAsync("ada");

        Assert.Null(await world.Get<ActorFactory>().ForSessionAsync(ada.UserId!.Value, null, "ada", null, Now));
        Assert.Null(await world.Get<ActorFactory>().ForSessionAsync(ada.UserId.Value, Guid.NewGuid(), "ada", null, Now));
        Assert.False(await world.Get<SessionService>().IsOpenAsync(ada.UserId.Value, null, Now));
    }

    [Theory]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 Edg/125.0.0.0", "Edge on Windows")]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0", "Firefox on Linux")]
    [InlineData("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Mobile Safari/537.36", "Chrome on Android")]
    [InlineData("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15", "Safari on macOS")]
    [InlineData("curl/8.5.0", "curl")]
    [InlineData("<script>alert(1)</script>", "Unknown browser")]
    [InlineData(null, "Unknown browser")]
    public void A_browser_is_called_what_it_calls_itself(string? userAgent, string device) => Assert.Equal(device, Device.Of(userAgent));
}
