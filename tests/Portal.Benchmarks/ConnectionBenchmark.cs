using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Portal.Core;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git.GitHub;
using Portal.Core.Teams;
using Portal.Testing;

namespace Portal.Benchmarks;

/// <summary>A connected GitHub under load: a minute of pushes at one receiver, and the search among thousands of repositories.</summary>
internal sealed class ConnectionBenchmark : Benchmark
{
    private const int Rate = 500;
    private const int Seconds = 60;
    private const int Repositories = 5_000;
    private const string Secret = "a secret of this benchmark";

    private const double PromiseAcceptMs = 50;
    private const double PromiseSearchMs = 100;

    /// <summary>What the receiver may hold more at the end than after its first ten seconds.</summary>
    private const double PromiseGrowth = 1.25;

    public override string Name => "github";

    public override async Task<IReadOnlyList<Row>> RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("portal-bench-").FullName;
        await using var database = await PortalDatabase.CreateAsync();
        var (web, url) = await Processes.WebAsync(database, folder);
        await using var _ = web;
        var token = Path.Combine(folder, "admin.token");
        (await Cli.RunAsync("dotnet", [Processes.Web, "admin-token", "--file", token], environment: Processes.WebEnvironment(database, folder, url))).Expect();
        using var client = new HttpClient { BaseAddress = url };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(token)).Trim());
        (await client.PostAsJsonAsync("/api/v1/teams", new { name = "bench" })).EnsureSuccessStatusCode();
        var connection = await FillAsync(database, folder);

        var search = await SearchAsync(client);
        var (p99, growth) = await StormAsync(client, url, connection, database);
        var stored = await CountAsync(database);
        Directory.Delete(folder, recursive: true);
        return
        [
            new Row(Format($"{Rate} pushes/s for {Seconds} s at one receiver: stored"), Format($"{stored}"), Format($"{Rate * Seconds}"), "none lost", stored == Rate * Seconds),
            new Row("… accepted, p99", Format($"{p99:0.0} ms"), "", Format($"under {PromiseAcceptMs:0} ms"), p99 < PromiseAcceptMs),
            new Row("… the receiver's memory, end against start", Format($"{growth:0.00}×"), "", Format($"at most {PromiseGrowth:0.00}×"), growth <= PromiseGrowth),
            new Row(Format($"search among {Repositories} repositories, p95 of a keystroke"), Format($"{search:0} ms"), "", Format($"under {PromiseSearchMs:0} ms"), search < PromiseSearchMs),
        ];
    }

    private static async Task<Guid> FillAsync(PortalDatabase database, string folder)
    {
        var options = new PortalOptions { MasterKeyFile = Path.Combine(folder, "master.key"), DataDirectory = folder, PublicUrl = "http://localhost", AppsDomain = "localhost" };
        await using var services = new ServiceCollection().AddPortalCore(options, database.ConnectionString).BuildServiceProvider();
        var box = services.GetRequiredService<SecretBox>();
        var now = TimeProvider.System.GetUtcNow();
        Guid team;
        await using (var db = database.CreateDbContext())
        {
            team = db.Set<Team>().Single().Id;
        }
        var sealedNothing = box.Seal(SecretPurposes.GitHubApp, "nothing");
        var connection = new GitConnection
        {
            Id = Guid.NewGuid(),
            WebUrl = "https://github.example.com",
            AppId = 1,
            Slug = "portal",
            Name = "Portal",
            Owner = "acme",
            HtmlUrl = "https://github.example.com/github-apps/portal",
            ClientId = "id",
            ClientSecret = sealedNothing,
            PrivateKey = sealedNothing,
            WebhookSecret = box.Seal(SecretPurposes.WebhookSecret, Secret),
            CreatedAt = now,
            CreatedBy = null,
        };
        await database.AddAsync(connection);
        await database.AddAsync(new GitInstallation { ConnectionId = connection.Id, InstallationId = 1, Account = "acme", AccountId = 1, ForEveryTeam = true, ListedAt = now });
        await database.AddAsync([.. Enumerable.Range(0, Repositories).Select(i => new GitRepository
        {
            ConnectionId = connection.Id, RepositoryId = i, InstallationId = 1, FullName = $"acme/{(i % 7) switch { 0 => "orders", 1 => "billing", 2 => "shop", 3 => "search", 4 => "mail", 5 => "stock", _ => "chat" }}-{i:D4}",
            DefaultBranch = "main", Language = "C#", PushedAt = now.AddMinutes(-i), SeenAt = now,
        })]);
        var app = new App
        {
            Id = Guid.NewGuid(),
            TeamId = team,
            Slug = "hook",
            SourceKind = SourceKind.GitHub,
            SourceUrl = "https://github.example.com/acme/shop-0002.git",
            ConnectionId = connection.Id,
            InstallationId = 1,
            RepositoryId = 2,
            CreatedAt = now,
            CreatedBy = null,
        };
        await database.AddAsync(app);
        await database.AddAsync(new AppEnvironment { Id = Guid.NewGuid(), AppId = app.Id, TeamId = team, Slug = "production", Branch = "main", CreatedAt = now });
        return connection.Id;
    }

    /// <summary>What a person types, letter by letter, again and again.</summary>
    private static async Task<double> SearchAsync(HttpClient client)
    {
        const int warmUps = 40;
        var times = new List<double>();
        for (var i = 0; i < 240; i++)
        {
            var typed = "shop-0002"[..(1 + (i % 9))];
            var started = Stopwatch.GetTimestamp();
            var found = await client.GetFromJsonAsync<JsonElement>($"/api/v1/teams/bench/repositories?search={typed}");
            if (found.GetProperty("items").GetArrayLength() == 0)
            {
                throw new InvalidOperationException($"Nothing was found for {typed}.");
            }
            if (i >= warmUps)
            {
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
        }
        return times.Order().ElementAt((int)(times.Count * 0.95));
    }

    /// <summary>A steady rate, whoever is slow; without the first ten seconds, in which both sides warm up.</summary>
    private static async Task<(double P99, double Growth)> StormAsync(HttpClient client, Uri url, Guid connection, PortalDatabase database)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new
        {
            @ref = "refs/heads/main",
            before = new string('a', 40),
            after = new string('b', 40),
            repository = new { id = 2, full_name = "acme/shop-0002" },
            installation = new { id = 1 },
            head_commit = new { id = new string('b', 40), message = "Change the greeting" },
            pusher = new { name = "ada" },
            filler = new string('x', 8 * 1024),
        });
        var signature = "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), body));
        var door = new Uri(url, $"/webhooks/git/{connection}");
        var running = new List<Task<double>>();
        var (watch, warm) = (Stopwatch.StartNew(), 0L);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (running.Count < Rate * Seconds && await tick.WaitForNextTickAsync())
        {
            for (var due = Math.Min((int)(watch.Elapsed.TotalSeconds * Rate), Rate * Seconds) - running.Count; due > 0; due--)
            {
                running.Add(DeliverAsync(running.Count));
            }
            if (warm == 0 && watch.Elapsed > TimeSpan.FromSeconds(10))
            {
                warm = await MemoryAsync(database);
            }
        }
        var steady = (await Task.WhenAll(running)).Skip(Rate * 10).Order().ToList();
        return (steady[(int)(steady.Count * 0.99)], (double)await MemoryAsync(database) / warm);

        async Task<double> DeliverAsync(int number)
        {
            var started = Stopwatch.GetTimestamp();
            using var request = new HttpRequestMessage(HttpMethod.Post, door) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.Add("X-GitHub-Event", "push");
            request.Headers.Add("X-GitHub-Delivery", $"storm-{number}");
            request.Headers.Add("X-Hub-Signature-256", signature);
            using var response = await client.SendAsync(request);
            response.EnsureSuccessStatusCode();
            return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }
    }

    /// <summary>As the receiver itself tells in its heartbeat.</summary>
    private static async Task<long> MemoryAsync(PortalDatabase database)
    {
        await using var memory = database.Source.CreateCommand("select memory_bytes from host_processes where role = 'web' order by seen_at desc limit 1");
        return (long)(await memory.ExecuteScalarAsync())!;
    }

    private static async Task<long> CountAsync(PortalDatabase database)
    {
        await using var count = database.Source.CreateCommand("select count(*) from pushes where times = 1");
        return (long)(await count.ExecuteScalarAsync())!;
    }

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
