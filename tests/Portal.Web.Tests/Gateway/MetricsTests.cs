using System.Globalization;
using Portal.Testing;

namespace Portal.Web.Tests.Gateway;

/// <summary>Whoever collects measurements hears every host of this process: no other may run meanwhile.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;

/// <summary>What the gateway measures, as whoever collects it sees it.</summary>
[Collection(nameof(AloneCollection))]
public sealed class MetricsTests
{
    private static CancellationToken None => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_durations_and_what_is_under_way_are_measured_and_scraped()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var old = await TestUpstream.StartAsync("old");
        await using var next = await TestUpstream.StartAsync("next");
        var app = await gateway.AddAppAsync("measured");
        await gateway.LeadNowAsync(app.EnvironmentId, app.Label, old);
        var client = gateway.Client(app.Label);
        await client.GetStringAsync("/", None);
        await client.GetAsync("/fail", None);
        await gateway.Client("nobody--acme").GetAsync("/", None);
        var inside = client.GetStringAsync("/wait", None);
        await Eventually.True(() => old.Waiting == 1);
        await gateway.LeadNowAsync(app.EnvironmentId, app.Label, next);

        var watcher = gateway.Client();
        await Eventually.True(async () => await ReadAsync(watcher, "portal_gateway_held_requests") == 1, what: "the request of the replaced route is held");
        Assert.Equal(1, await ReadAsync(watcher, "portal_gateway_active_requests"));
        Assert.Equal(1, await ReadAsync(watcher, "portal_gateway_requests_total", "ok"));
        Assert.Equal(1, await ReadAsync(watcher, "portal_gateway_requests_total", "app_error"));
        Assert.Equal(1, await ReadAsync(watcher, "portal_gateway_requests_total", "unknown_address"));
        Assert.Equal(1, await ReadAsync(watcher, "portal_gateway_request_duration_seconds_count", "ok"));

        old.Gate.SetResult();
        await inside;
        await Eventually.True(async () => await ReadAsync(watcher, "portal_gateway_held_requests") == 0, what: "nothing is held any more");
    }

    /// <summary>One value of Prometheus' text: <c>name{labels} value timestamp</c>.</summary>
    private static async Task<double?> ReadAsync(HttpClient watcher, string name, string? outcome = null)
    {
        var text = await watcher.GetStringAsync("/metrics", None);
        var line = text.Split('\n').FirstOrDefault(l => (l.StartsWith(name + "{", StringComparison.Ordinal) || l.StartsWith(name + " ", StringComparison.Ordinal))
            && (outcome is null || l.Contains($"outcome=\"{outcome}\"", StringComparison.Ordinal)));
        return line is null ? null : double.Parse(line[(line.LastIndexOf('}') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var value, ..] ? value : "", CultureInfo.InvariantCulture);
    }
}
