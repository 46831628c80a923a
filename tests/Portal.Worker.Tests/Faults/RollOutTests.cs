using Portal.Testing;

namespace Portal.Worker.Tests.Faults;

/// <summary>What roll-outs and changes of scale do to requests that are under way.</summary>
[Trait("Duration", "Long")]
public sealed class RollOutTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_long_request_holds_up_only_the_release_that_it_is_in()
    {
        await using var shop = await Shop.OpenAsync(("DrainSeconds", 60), ("WorkerSlots", 1));
        using var slow = await shop.LiveAsync("slow", await Apps.PatientAsync());
        using var quick = await shop.LiveAsync("quick", await Apps.PatientAsync());
        using var visit = shop.Visit("slow");
        using var stream = await visit.GetAsync("/wait", HttpCompletionOption.ResponseHeadersRead, Token);
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync(Token));
        var begun = new char[5];
        await reader.ReadBlockAsync(begun, Token);
        var old = shop.Instances("slow");

        slow.Write("note.txt", "2");
        await slow.CommitAsync("second");
        Assert.Contains("v2 is live", await shop.PushAsync("slow", slow), StringComparison.Ordinal);
        Assert.Equal("v2", await visit.GetStringAsync("/", Token));
        // The only slot of the worker is free for others although v1 still has a request.
        quick.Write("note.txt", "2");
        await quick.CommitAsync("second");
        Assert.Contains("v2 is live", await shop.PushAsync("quick", quick), StringComparison.Ordinal);
        await Eventually.True(() => shop.Instances("quick").Count == 1, TimeSpan.FromSeconds(20), "v1 of the quick app is stopped");

        Assert.Contains(old.Single(), shop.Instances("slow"));
        await AskOldAsync(old.Single(), "/go");
        Assert.Equal("ended", await reader.ReadToEndAsync(Token));
        await Eventually.True(() => !shop.Instances("slow").Contains(old.Single()), TimeSpan.FromSeconds(20), "v1 of the slow app is stopped once its request ended");
    }

    [Fact]
    public async Task Fewer_instances_and_new_releases_fail_no_request()
    {
        await using var shop = await Shop.OpenAsync();
        using var repository = await shop.LiveAsync("steady", await Apps.PatientAsync());
        await shop.ChangeAsync("steady", new { scale = new { instances = new { web = 4 } } });
        await shop.StatusAsync("steady", "4 instances");
        var visitors = Enumerable.Range(0, 4).Select(_ => shop.VisitSteadily("steady")).ToList();

        await shop.ChangeAsync("steady", new { scale = new { instances = new { web = 1 } } });
        await shop.StatusAsync("steady", "1 instance");
        await Eventually.True(() => shop.Instances("steady").Count == 1, TimeSpan.FromSeconds(40), "the surplus is stopped");
        for (var version = 2; version <= 3; version++)
        {
            repository.Write("note.txt", $"{version}");
            await repository.CommitAsync($"v{version}");
            Assert.Contains($"v{version} is live", await shop.PushAsync("steady", repository), StringComparison.Ordinal);
        }
        await Eventually.True(() => shop.Instances("steady").Count == 1, TimeSpan.FromSeconds(40), "older releases are stopped");

        foreach (var visitor in visitors)
        {
            var (answered, failures) = await visitor.StopAsync();
            Assert.True(answered > 20);
            Assert.Empty(failures);
            visitor.Dispose();
        }
    }

    private static async Task AskOldAsync(string folder, string path)
    {
        var record = System.Text.Json.JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "state.json"), Token)).RootElement;
        using var client = new HttpClient();
        await client.GetStringAsync(new Uri($"http://{record.GetProperty("address").GetString()}{path}"), Token);
    }
}
