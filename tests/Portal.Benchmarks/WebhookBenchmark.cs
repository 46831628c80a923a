using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Npgsql;
using Portal.Testing;

namespace Portal.Benchmarks;

/// <summary>Accepted deliveries a second against the least a receiver can do, and how long one takes at half that rate.</summary>
internal sealed partial class WebhookBenchmark : Benchmark
{
    private const int Seconds = 4;
    private const int Rounds = 3;

    /// <summary>A fresh process runs unoptimised code; what counts is how it goes on.</summary>
    private const int WarmUps = 3;

    private const double PromiseRatio = 0.8;
    private const double PromiseP99Ms = 25;

    public override string Name => "webhooks";

    public override async Task<IReadOnlyList<Row>> RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("portal-bench-").FullName;
        await using var database = await PortalDatabase.CreateAsync();
        await using (var owner = NpgsqlDataSource.Create(database.OwnerConnectionString))
        await using (var table = owner.CreateCommand(BareWebhook.Table))
        {
            await table.ExecuteNonQueryAsync();
        }
        var body = Payload();
        await File.WriteAllBytesAsync(Path.Combine(folder, "body.json"), body);
        var (bare, bareUrl) = await Processes.BareAsync("webhook", database.ConnectionString);
        await using var _ = bare;
        var (web, webUrl) = await Processes.WebAsync(database, folder);
        await using var __ = web;
        var (door, secret) = await ConnectionAsync(database, folder, webUrl);
        var signature = BareWebhook.Sign(Encoding.UTF8.GetBytes(secret), body);

        var ours = new List<double>();
        var yardstick = new List<double>();
        var errors = "";
        for (var round = 0; round < WarmUps + Rounds; round++)
        {
            var bareResult = await Wrk.RunAsync(bareUrl, "localhost", Seconds, script: await ScriptAsync(folder, BareWebhook.Sign(body), round));
            var own = await Wrk.RunAsync(door, "localhost", Seconds, script: await ScriptAsync(folder, signature, round));
            errors += bareResult.Errors + own.Errors;
            if (round >= WarmUps)
            {
                yardstick.Add(bareResult.RequestsPerSecond);
                ours.Add(own.RequestsPerSecond);
            }
        }
        var rate = Median(ours);
        var ratio = rate / Median(yardstick);
        var p99 = await P99Async(door, signature, body, rate / 2);
        var inserts = await PgbenchAsync(database, folder);
        Directory.Delete(folder, recursive: true);
        return
        [
            new Row("accepted webhooks (8 KB) against HMAC and one insert", Format($"{rate:0}/s"), Format($"{Median(yardstick):0}/s"),
                Format($"{ratio:0.00}× (at least {PromiseRatio:0.00}×) {errors}").TrimEnd(), ratio >= PromiseRatio && errors.Length == 0),
            new Row("webhook p99 at half that rate", Format($"{p99:0.0} ms"), "", Format($"under {PromiseP99Ms:0} ms"), p99 < PromiseP99Ms),
            new Row("accepted webhooks against pgbench's inserts", Format($"{rate:0}/s"), Format($"{inserts:0}/s"), Format($"{rate / inserts:0.00}×"), Met: true),
        ];
    }

    /// <summary>Makes an app of an outside repository, as a person would, and returns its door and secret.</summary>
    private static async Task<(Uri Door, string Secret)> ConnectionAsync(PortalDatabase database, string folder, Uri url)
    {
        var token = Path.Combine(folder, "admin.token");
        (await Cli.RunAsync("dotnet", [Processes.Web, "admin-token", "--file", token],
            environment: Processes.WebEnvironment(database, folder, url))).Expect();
        using var api = new HttpClient { BaseAddress = url };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(token)).Trim());
        (await api.PostAsJsonAsync("/api/v1/teams", new { name = "bench" })).EnsureSuccessStatusCode();
        using var made = await api.PostAsJsonAsync("/api/v1/teams/bench/apps", new { name = "hook", source = new { kind = "git", url = "https://git.example.com/bench/hook.git", branch = "main" } });
        made.EnsureSuccessStatusCode();
        var webhook = (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("webhook");
        return (new Uri(webhook.GetProperty("url").GetString()!), webhook.GetProperty("secret").GetString()!);
    }

    /// <summary>A push as GitHub sends it, filled up with commits to 8 KB.</summary>
    private static byte[] Payload()
    {
        const int size = 8 * 1024;
        var commits = new List<object>();
        while (true)
        {
            var body = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
            {
                ["ref"] = "refs/heads/main",
                ["before"] = new string('a', 40),
                ["after"] = new string('b', 40),
                ["repository"] = new { id = 1, full_name = "bench/hook", default_branch = "main", clone_url = "https://git.example.com/bench/hook.git" },
                ["pusher"] = new { name = "ada", email = "ada@example.com" },
                ["head_commit"] = new { id = new string('b', 40), message = "Change the greeting", timestamp = "2026-01-01T00:00:00Z", author = new { name = "Ada", email = "ada@example.com" } },
                ["commits"] = commits,
            });
            if (body.Length >= size)
            {
                return body;
            }
            commits.Add(new { id = new string('c', 40), message = $"Commit number {commits.Count} with a subject of common length", added = Array.Empty<string>(), modified = new[] { "src/app.js", "README.md" } });
        }
    }

    /// <summary>Every request is a delivery of its own: a repeated one would only be recognised.</summary>
    private static async Task<string> ScriptAsync(string folder, string signature, int round)
    {
        var file = Path.Combine(folder, "deliver.lua");
        await File.WriteAllTextAsync(file, $$"""
            local n = 0
            local file = io.open("{{folder}}/body.json", "rb")
            wrk.method = "POST"
            wrk.body = file:read("*a")
            wrk.headers["Content-Type"] = "application/json"
            wrk.headers["X-GitHub-Event"] = "push"
            wrk.headers["X-Hub-Signature-256"] = "{{signature}}"
            request = function()
              n = n + 1
              wrk.headers["X-GitHub-Delivery"] = "round-{{round}}-" .. n
              return wrk.format()
            end
            """);
        return file;
    }

    /// <summary>Without the first second, in which the one who measures opens its connections.</summary>
    private static async Task<double> P99Async(Uri door, string signature, byte[] body, double rate)
    {
        using var client = new HttpClient();
        var running = new List<Task<double>>();
        var watch = Stopwatch.StartNew();
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (watch.Elapsed < TimeSpan.FromSeconds(Seconds + 1) && await tick.WaitForNextTickAsync())
        {
            for (var due = (int)(watch.Elapsed.TotalSeconds * rate) - running.Count; due > 0; due--)
            {
                running.Add(DeliverAsync(running.Count));
            }
        }
        var steady = (await Task.WhenAll(running)).Skip((int)rate).Order().ToList();
        return steady[(int)(steady.Count * 0.99)];

        async Task<double> DeliverAsync(int number)
        {
            var started = Stopwatch.GetTimestamp();
            using var request = new HttpRequestMessage(HttpMethod.Post, door) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.Add("X-GitHub-Event", "push");
            request.Headers.Add("X-GitHub-Delivery", $"paced-{number}");
            request.Headers.Add("X-Hub-Signature-256", signature);
            using var response = await client.SendAsync(request);
            response.EnsureSuccessStatusCode();
            return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }
    }

    private static async Task<double> PgbenchAsync(PortalDatabase database, string folder)
    {
        var settings = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var script = Path.Combine(folder, "insert.sql");
        await File.WriteAllTextAsync(script, "insert into bare_pushes (id, received_at, payload) values (gen_random_uuid(), now(), repeat('x', 8192));\n");
        var result = (await Cli.RunAsync("pgbench", ["-n", "-c", "16", "-T", $"{Seconds}", "-f", script, "-h", settings.Host!, "-U", settings.Username!, settings.Database!],
            timeout: TimeSpan.FromSeconds(Seconds + 20))).Expect();
        return double.Parse(Tps().Match(result.Output).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"tps = ([\d.]+)")]
    private static partial Regex Tps();
}
