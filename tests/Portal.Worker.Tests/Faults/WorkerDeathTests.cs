using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Portal.Testing;

namespace Portal.Worker.Tests.Faults;

/// <summary>The worker is killed with -9 while it builds and rolls out: nothing is lost, nothing stays "running", and apps do not notice.</summary>
[Trait("Duration", "Long")]
public sealed class WorkerDeathTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_worker_killed_at_each_step_loses_nothing()
    {
        await using var host = await PortalHost.StartAsync();
        using var api = host.Client();
        Assert.Equal(HttpStatusCode.Created, (await api.PostAsJsonAsync("/api/v1/teams", new { name = "shop" }, Token)).StatusCode);
        foreach (var (name, sample) in new[] { ("steady", "python"), ("built", "dotnet") })
        {
            Assert.Equal(HttpStatusCode.Created, (await api.PostAsJsonAsync("/api/v1/teams/shop/apps", new { name, source = new { kind = "portal" } }, Token)).StatusCode);
            using var first = await SampleRepository.OfAsync(sample);
            Assert.Contains("v1 is live", await first.PushAsync(PushUrl(host, name), host.AdminToken), StringComparison.Ordinal);
        }
        using var steady = host.AppClient("steady--shop");
        using var repository = await SampleRepository.OfAsync("dotnet");
        var number = 1;
        foreach (var step in new[] { "fetch", "detect", "build", "package", "release" })
        {
            number++;
            repository.Write("note.txt", step);
            await repository.CommitAsync($"killed at {step}");
            var push = repository.PushAsync(PushUrl(host, "built"), host.AdminToken, force: true);
            await Eventually.True(async () => await ReachedAsync(api, number, step), TimeSpan.FromSeconds(60), $"build {number} reached {step}");
            Kill(host.Process("worker"));
            Assert.Equal(HttpStatusCode.OK, (await steady.GetAsync("/", Token)).StatusCode);
            var story = await push;
            Assert.True(story.Contains("is live", StringComparison.Ordinal), $"killed at {step}:\n{story}");
            var build = await api.GetFromJsonAsync<JsonElement>($"/api/v1/teams/shop/apps/built/builds/{number}", Token);
            Assert.Equal("succeeded", build.GetProperty("state").GetString());
        }
        Assert.Equal(HttpStatusCode.OK, (await steady.GetAsync("/", Token)).StatusCode);
    }

    private static async Task<bool> ReachedAsync(HttpClient api, int number, string step)
    {
        var answer = await api.GetAsync($"/api/v1/teams/shop/apps/built/builds/{number}", Token);
        if (!answer.IsSuccessStatusCode)
        {
            return false;
        }
        var build = await answer.Content.ReadFromJsonAsync<JsonElement>(Token);
        return step == "release"
            ? build.GetProperty("state").GetString() == "succeeded"
            : build.GetProperty("steps").EnumerateArray().Any(s => s.GetProperty("name").GetString() == step) || build.GetProperty("state").GetString() == "succeeded";
    }

    private static void Kill(string pid)
    {
        using var process = Process.GetProcessById(int.Parse(pid, CultureInfo.InvariantCulture));
        process.Kill();
    }

    private static string PushUrl(PortalHost host, string app) => $"{host.Url}git/shop/{app}.git";
}
