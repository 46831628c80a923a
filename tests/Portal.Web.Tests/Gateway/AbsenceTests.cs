using System.Net;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Core.Releases;
using Portal.Testing;

namespace Portal.Web.Tests.Gateway;

public sealed class AbsenceTests
{
    private static CancellationToken None => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Traffic_goes_on_while_the_database_is_away_and_is_counted_when_it_is_back()
    {
        await using var database = await PortalDatabase.CreateAsync(None);
        await using var relay = await Relay.StartAsync(new NpgsqlConnectionStringBuilder(database.ConnectionString));
        await using var gateway = await TestGateway.StartAsync(database, connectionString: relay.ConnectionString);
        await using var upstream = await TestUpstream.StartAsync("here");
        var app = await gateway.AddAppAsync("steady");
        await gateway.LeadNowAsync(app.EnvironmentId, app.Label, upstream);

        relay.Cut();
        var client = gateway.Client(app.Label);
        await Eventually.True(async () => (await gateway.Client().GetAsync("/readyz", None)).StatusCode == HttpStatusCode.ServiceUnavailable);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("here", await client.GetStringAsync("/", None));
        }

        relay.Mend();
        await Eventually.True(async () => (await gateway.Client().GetAsync("/readyz", None)).StatusCode == HttpStatusCode.OK);
        await Eventually.True(async () =>
        {
            await using var db = database.CreateDbContext();
            return await db.Set<TrafficMinute>().Where(t => t.EnvironmentId == app.EnvironmentId).SumAsync(t => t.Requests, None) >= 10;
        }, TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_gateway_that_starts_without_the_database_serves_by_the_routes_it_kept()
    {
        var folder = Directory.CreateTempSubdirectory("portal-gateway-").FullName;
        await using var upstream = await TestUpstream.StartAsync("kept");
        string label;
        await using (var first = await TestGateway.StartAsync(folder: folder))
        {
            var app = await first.AddAppAsync("kept");
            label = app.Label;
            await first.LeadNowAsync(app.EnvironmentId, app.Label, upstream);
            await Eventually.True(() => File.Exists(Path.Combine(folder, "gateway", "routes.json")));
            await first.StopAsync();
        }

        await using var second = await TestGateway.StartAsync(folder: folder, connectionString: "Host=127.0.0.1;Port=1;Username=portal;Database=none;Timeout=1");
        Assert.Equal("kept", await second.Client(label).GetStringAsync("/", None));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Requests_errors_and_durations_are_counted_by_minute_and_release()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var upstream = await TestUpstream.StartAsync();
        var app = await gateway.AddAppAsync("counted");
        var revision = await gateway.LeadAsync(app.EnvironmentId, app.Label, version: 7, upstreams: upstream);
        Assert.True(await gateway.Routes.WaitAcknowledgedAsync(revision, TimeSpan.FromSeconds(20), None));
        var client = gateway.Client(app.Label);
        for (var i = 0; i < 5; i++)
        {
            await client.GetStringAsync("/", None);
        }
        await client.GetAsync("/fail", None);

        // What was counted last is written at a clean stop.
        await gateway.StopAsync();

        await using var db = gateway.Database.CreateDbContext();
        var minutes = await db.Set<TrafficMinute>().Where(t => t.EnvironmentId == app.EnvironmentId).ToListAsync(None);
        Assert.All(minutes, minute => Assert.Equal(7, minute.ReleaseVersion));
        Assert.Equal(6, minutes.Sum(m => m.Requests));
        Assert.Equal(1, minutes.Sum(m => m.Errors));
        Assert.Equal(6, minutes.Sum(m => m.Durations.Sum()));
    }
}
