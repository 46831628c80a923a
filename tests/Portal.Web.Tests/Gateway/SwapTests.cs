using Microsoft.EntityFrameworkCore;
using Portal.Core.Releases;
using Portal.Testing;
using GatewayRow = Portal.Core.Releases.Gateway;

namespace Portal.Web.Tests.Gateway;

public sealed class SwapTests : IAsyncLifetime
{
    private static CancellationToken None => TestContext.Current.CancellationToken;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private TestGateway _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await TestGateway.StartAsync();

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Fact]
    public async Task Moving_an_address_under_load_fails_no_request()
    {
        const int clients = 50;
        var app = await _gateway.AddAppAsync("moving");
        var upstream = await TestUpstream.StartAsync("v1");
        await _gateway.LeadNowAsync(app.EnvironmentId, app.Label, upstream);
        using var stop = new CancellationTokenSource();
        var answers = 0;
        var load = Enumerable.Range(0, clients).Select(async client =>
        {
            using var http = _gateway.Client(app.Label);
            while (!stop.IsCancellationRequested)
            {
                // Alternately one that could be sent twice and one that could not.
                var response = (client & 1) == 0
                    ? await http.GetAsync("/", None)
                    : await http.PostAsync("/length", new StringContent("body"), None);
                response.EnsureSuccessStatusCode();
                Interlocked.Increment(ref answers);
            }
        }).ToArray();

        for (var version = 2; version <= 8; version++)
        {
            var before = Volatile.Read(ref answers);
            await Eventually.True(() => Volatile.Read(ref answers) > before + clients || load.Any(l => l.IsFaulted), Limit, "the load goes on");
            var next = await TestUpstream.StartAsync($"v{version}");
            var revision = await _gateway.LeadNowAsync(app.EnvironmentId, app.Label, next);
            Assert.True(await _gateway.Routes.WaitDrainedAsync(app.EnvironmentId, 1, revision, Limit, None));
            // As a roll-out does: only now the old one goes.
            await upstream.DisposeAsync();
            upstream = next;
        }
        await stop.CancelAsync();
        await Task.WhenAll(load);
        await upstream.DisposeAsync();
        Assert.True(answers > 8 * clients);
    }

    [Fact]
    public async Task A_route_is_drained_when_its_last_request_ends_and_not_before()
    {
        await using var old = await TestUpstream.StartAsync("old");
        await using var next = await TestUpstream.StartAsync("next");
        var app = await _gateway.AddAppAsync("draining");
        await _gateway.LeadNowAsync(app.EnvironmentId, app.Label, old);
        var client = _gateway.Client(app.Label);
        var inside = client.GetStringAsync("/wait", None);
        await Eventually.True(() => old.Waiting == 1);

        var revision = await _gateway.LeadNowAsync(app.EnvironmentId, app.Label, next);
        Assert.Equal("next", await client.GetStringAsync("/", None));
        Assert.False(await _gateway.Routes.WaitDrainedAsync(app.EnvironmentId, 1, revision, TimeSpan.FromMilliseconds(300), None));

        old.Gate.SetResult();
        Assert.Equal("old", await inside);
        Assert.True(await _gateway.Routes.WaitDrainedAsync(app.EnvironmentId, 1, revision, Limit, None));
    }

    [Fact]
    public async Task A_request_of_one_app_does_not_hold_up_another()
    {
        await using var slow = await TestUpstream.StartAsync("slow");
        await using var next = await TestUpstream.StartAsync("next");
        var busy = await _gateway.AddAppAsync("busy");
        var other = await _gateway.AddAppAsync("other");
        await _gateway.LeadNowAsync(busy.EnvironmentId, busy.Label, slow);
        await _gateway.LeadNowAsync(other.EnvironmentId, other.Label, slow);
        var inside = _gateway.Client(busy.Label).GetStringAsync("/wait", None);
        await Eventually.True(() => slow.Waiting == 1);

        var revision = await _gateway.LeadNowAsync(other.EnvironmentId, other.Label, next);
        Assert.True(await _gateway.Routes.WaitDrainedAsync(other.EnvironmentId, 1, revision, Limit, None));

        // Also not one that moves after the busy one did, whose request has not ended yet.
        var moved = await _gateway.LeadNowAsync(busy.EnvironmentId, busy.Label, next);
        var later = await _gateway.LeadNowAsync(other.EnvironmentId, other.Label, slow);
        Assert.True(await _gateway.Routes.WaitDrainedAsync(other.EnvironmentId, 1, later, Limit, None));
        Assert.False(await _gateway.Routes.WaitDrainedAsync(busy.EnvironmentId, 1, moved, TimeSpan.Zero, None));
        // Nor another release of the same app.
        Assert.True(await _gateway.Routes.WaitDrainedAsync(busy.EnvironmentId, 2, moved, Limit, None));

        slow.Gate.SetResult();
        await inside;
        Assert.True(await _gateway.Routes.WaitDrainedAsync(busy.EnvironmentId, 1, moved, Limit, None));
    }

    [Fact]
    public async Task Every_living_gateway_has_to_acknowledge()
    {
        var app = await _gateway.AddAppAsync("many");
        var silent = new GatewayRow { Id = Guid.NewGuid(), LeaseUntil = TimeProvider.System.GetUtcNow().AddMinutes(1) };
        await _gateway.Database.AddAsync(silent);

        var revision = await _gateway.LeadAsync(app.EnvironmentId, app.Label);
        Assert.False(await _gateway.Routes.WaitAcknowledgedAsync(revision, TimeSpan.FromMilliseconds(300), None));

        // Its lease ends: nobody waits for the dead.
        await using var db = _gateway.Database.CreateDbContext();
        var past = TimeProvider.System.GetUtcNow().AddSeconds(-1);
        await db.Set<GatewayRow>().Where(g => g.Id == silent.Id).ExecuteUpdateAsync(set => set.SetProperty(g => g.LeaseUntil, past), None);
        Assert.True(await _gateway.Routes.WaitAcknowledgedAsync(revision, Limit, None));
    }

    [Fact]
    public async Task A_removed_address_is_acknowledged_and_leads_nowhere()
    {
        await using var upstream = await TestUpstream.StartAsync();
        var app = await _gateway.AddAppAsync("removed");
        await _gateway.LeadNowAsync(app.EnvironmentId, app.Label, upstream);

        await using var db = _gateway.Database.CreateDbContext();
        var revision = await _gateway.Routes.RemoveAsync(db, app.EnvironmentId, None);
        Assert.True(await _gateway.Routes.WaitDrainedAsync(app.EnvironmentId, 1, revision, Limit, None));

        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await _gateway.Client(app.Label).GetAsync("/", None)).StatusCode);
    }

    [Fact]
    public async Task A_gateway_that_stops_cleanly_takes_its_lease_back()
    {
        await _gateway.StopAsync();

        await using var db = _gateway.Database.CreateDbContext();
        Assert.Empty(await db.Set<GatewayRow>().ToListAsync(None));
    }

    [Fact]
    public async Task Concurrent_changes_get_revisions_in_the_order_of_their_commits()
    {
        var apps = new List<(Guid EnvironmentId, string Label)>();
        for (var i = 0; i < 8; i++)
        {
            apps.Add(await _gateway.AddAppAsync($"app-{i}"));
        }
        var revisions = await Task.WhenAll(apps.SelectMany(app => Enumerable.Range(1, 5).Select(version => _gateway.LeadAsync(app.EnvironmentId, app.Label, version))));

        Assert.Equal(revisions.Length, revisions.Distinct().Count());
        var snapshot = await _gateway.Routes.ReadAsync(None);
        Assert.Equal(revisions.Max(), snapshot.Revision);
        Assert.True(await _gateway.Routes.WaitAcknowledgedAsync(snapshot.Revision, Limit, None));
    }
}
