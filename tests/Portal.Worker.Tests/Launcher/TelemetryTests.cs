using System.Net.Http.Json;
using System.Text.Json;
using Portal.Testing;

namespace Portal.Worker.Tests.Launcher;

/// <summary>The whole product tells a collector what it does, and no secret.</summary>
public sealed class TelemetryTests
{
    private const string Secret = "sk_live_4eC39HqLyjWDarjtT1zdp7dc";

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Traces_metrics_and_logs_reach_a_collector_and_hold_no_secret()
    {
        using var collector = new OtlpReceiver();
        await using var host = await PortalHost.StartAsync(environment: new Dictionary<string, string?>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url.ToString(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
            ["OTEL_BLRP_SCHEDULE_DELAY"] = "200",
        });
        using var client = host.Client();
        await Post(client, "teams", new { name = "shop" });
        await Post(client, "teams/shop/apps", new { name = "hello", source = new { kind = "portal" } });
        const string production = "api/v1/teams/shop/apps/hello/environments/production";
        (await client.PutAsJsonAsync($"{production}/variables/STRIPE_KEY", new { value = Secret, secret = true }, Now)).EnsureSuccessStatusCode();
        await Post(client, "teams/shop/apps/hello/environments/production/addons", new { kind = "postgresql" });
        var invitation = new Uri((await Post(client, "teams/shop/invitations", new { role = "developer" })).GetProperty("url").GetString()!);
        (await client.GetAsync(invitation.AbsolutePath, Now)).EnsureSuccessStatusCode();
        var link = await host.SignInLinkAsync();
        (await client.GetAsync(link.PathAndQuery, Now)).EnsureSuccessStatusCode();
        using (var app = host.AppClient("hello--shop"))
        {
            await app.GetAsync("/orders/of-somebody?card=4242", Now);
        }
        await Eventually.True(async () => (await client.GetFromJsonAsync<JsonElement>($"{production}/addons", Now))
            .GetProperty("items")[0].GetProperty("state").GetString() == "ready", TimeSpan.FromSeconds(60), "the database is made");

        foreach (var service in (string[])["portal-web", "portal-worker"])
        {
            foreach (var signal in (string[])["traces", "metrics", "logs"])
            {
                await Eventually.True(() => collector.Has(signal, service), TimeSpan.FromSeconds(60), $"{signal} of {service} arrive");
            }
        }
        await Eventually.True(() => collector.Has("traces", "portal-web", "/api/v1/teams/{team}/apps"), what: "a request's trace names its route");
        await Eventually.True(() => collector.Has("traces", "portal-worker", "create database"), what: "the trace of the add-on's database arrives");
        Assert.True(collector.Has("metrics", "http.server.request.duration"));

        string[] secrets = [Secret, host.AdminToken, invitation.Segments[^1], link.Query.Split('=')[1], "of-somebody", "4242"];
        Assert.All(secrets, secret => Assert.DoesNotContain(collector.Bodies, body => body.Contains(secret, StringComparison.Ordinal)));
        // The password of an add-on's role is 32 hexadecimal digits.
        Assert.DoesNotContain(collector.Bodies, body => System.Text.RegularExpressions.Regex.IsMatch(body, "password '[0-9a-f]"));
    }

    private static async Task<JsonElement> Post(HttpClient client, string path, object body)
    {
        var answer = await client.PostAsJsonAsync($"api/v1/{path}", body, Now);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Now);
    }
}
