using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Portal.Testing;

namespace Portal.Worker.Tests.Faults;

/// <summary>The real product with a team named shop, driven through its doors: git, REST, the apps' addresses.</summary>
public sealed class Shop : IAsyncDisposable
{
    private readonly Dictionary<string, string> _places = [];

    private Shop(PortalHost host)
    {
        Host = host;
        Api = host.Client();
    }

    public PortalHost Host { get; }

    public HttpClient Api { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="limits">Names and values of <c>Portal:Limits</c>.</param>
    public static async Task<Shop> OpenAsync(params (string Name, int Value)[] limits)
    {
        var shop = new Shop(await PortalHost.StartAsync(environment: limits.ToDictionary(l => "Portal__Limits__" + l.Name, l => (string?)l.Value.ToString(CultureInfo.InvariantCulture))));
        Assert.Equal(HttpStatusCode.Created, (await shop.Api.PostAsJsonAsync("/api/v1/teams", new { name = "shop" }, Token)).StatusCode);
        return shop;
    }

    public async Task AddAsync(string app) =>
        Assert.Equal(HttpStatusCode.Created, (await Api.PostAsJsonAsync("/api/v1/teams/shop/apps", new { name = app, source = new { kind = "portal" } }, Token)).StatusCode);

    /// <summary>Makes the app and pushes; the story must say that it is live.</summary>
    public async Task<SampleRepository> LiveAsync(string app, SampleRepository repository)
    {
        await AddAsync(app);
        var before = Places();
        var story = await PushAsync(app, repository);
        Assert.True(story.Contains("v1 is live", StringComparison.Ordinal), story);
        _places[app] = Assert.Single(Places().Except(before));
        return repository;
    }

    /// <summary>Folders of a live app's instances that have not ended.</summary>
    public HashSet<string> Instances(string app) =>
        [.. Directory.EnumerateDirectories(_places[app]).Where(f => File.Exists(Path.Combine(f, "state.json")) && !File.Exists(Path.Combine(f, "ended")))];

    private HashSet<string> Places()
    {
        var folder = Path.Combine(Host.DataDirectory, "instances");
        return Directory.Exists(folder) ? [.. Directory.EnumerateDirectories(folder).Where(f => Guid.TryParseExact(Path.GetFileName(f), "n", out _))] : [];
    }

    public Task<string> PushAsync(string app, SampleRepository repository) => repository.PushAsync($"{Host.Url}git/shop/{app}.git", Host.AdminToken);

    public Task<CliResult> TryPushAsync(string app, SampleRepository repository) => repository.TryPushAsync($"{Host.Url}git/shop/{app}.git", Host.AdminToken);

    public Task<JsonElement> ReadAsync(string path) => Api.GetFromJsonAsync<JsonElement>($"/api/v1/teams/shop/apps/{path}", Token);

    public Task<JsonElement> EnvironmentAsync(string app) => ReadAsync($"{app}/environments/production");

    public async Task<JsonElement> NewestBuildAsync(string app) => (await ReadAsync($"{app}/builds?limit=1")).GetProperty("items")[0];

    public Task ChangeAsync(string app, object change) => SendAsync(HttpMethod.Patch, $"{app}/environments/production", change);

    public Task FixAsync(string app, string action) => SendAsync(HttpMethod.Post, $"{app}/environments/production/actions/{Uri.EscapeDataString(action)}", null);

    public async Task SendAsync(HttpMethod method, string path, object? body)
    {
        using var request = new HttpRequestMessage(method, $"/api/v1/teams/shop/apps/{path}") { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await Api.SendAsync(request, Token);
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(Token)}");
    }

    /// <summary>The environment's status as soon as its title holds these words.</summary>
    public async Task<ShownStatus> StatusAsync(string app, string words, int seconds = 90)
    {
        ShownStatus? last = null;
        try
        {
            return await Eventually.Value(async () =>
            {
                last = ShownStatus.Of((await EnvironmentAsync(app)).GetProperty("status"));
                return last.Title.Contains(words, StringComparison.Ordinal) ? last : null;
            }, TimeSpan.FromSeconds(seconds));
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"No status with “{words}”; the last one: {last}");
        }
    }

    public HttpClient Visit(string app) => Host.AppClient($"{app}--shop");

    public SteadyVisitor VisitSteadily(string app) => new(Visit(app));

    /// <summary>Kills one of the hosts as the machine would, without a warning.</summary>
    public void Kill(string name)
    {
        using var process = Process.GetProcessById(int.Parse(Host.Process(name), CultureInfo.InvariantCulture));
        process.Kill();
    }

    public async Task<bool> IsReadyAsync()
    {
        using var client = new HttpClient { BaseAddress = Host.Url };
        try
        {
            using var answer = await client.GetAsync("readyz", Token);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        await Host.DisposeAsync();
    }
}

/// <summary>A status as the API shows it.</summary>
public sealed record ShownStatus(string Severity, string Title, string Detail, string Next, IReadOnlyList<string> Evidence, IReadOnlyList<string> Actions)
{
    public static ShownStatus Of(JsonElement status) => new(status.GetProperty("severity").GetString()!, status.GetProperty("title").GetString()!,
        status.GetProperty("detail").GetString()!, status.GetProperty("next").GetString()!,
        [.. status.GetProperty("evidence").EnumerateArray().Select(e => e.GetString()!)],
        [.. status.GetProperty("actions").EnumerateArray().Select(a => a.GetProperty("id").GetString()!)]);

    public override string ToString() => $"{Severity}: {Title} / {Detail} / {Next} [{string.Join(", ", Actions)}]\n{string.Join('\n', Evidence)}";
}
