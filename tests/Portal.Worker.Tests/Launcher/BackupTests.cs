using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using Portal.Testing;

namespace Portal.Worker.Tests.Launcher;

/// <summary>A backup of a Portal with a live app, taken while it runs, brings everything back into a new state folder.</summary>
public sealed class BackupTests : IDisposable
{
    private const string Production = "api/v1/teams/shop/apps/hello/environments/production";
    private const string Secret = "a secret that survives";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("portal-backup-");

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private string Archive => Path.Combine(_folder.FullName, "portal.tar.gz");

    [Fact]
    public async Task A_backup_brings_apps_secrets_and_databases_into_a_new_state_folder()
    {
        string entry;
        await using (var original = await PortalHost.StartAsync())
        {
            await MakeAppWithDatabase(original);
            entry = await OldestAuditEntry(original);
            (await Portal("backup", Archive, "--state", original.StateDirectory)).Expect();
            Assert.Equal(Secret, await AnswerOf(original));
        }
        Assert.Equal("600", (await Cli.RunAsync("stat", ["-c", "%a", Archive + ".key"], cancellationToken: Now)).Expect().Output.Trim());
        await TheKeyIsOnlyInItsOwnFile();

        var state = Path.Combine(_folder.FullName, "state");
        (await Portal("restore", Archive, "--state", state)).Expect();

        await using var restored = await PortalHost.StartAsync(state);
        Assert.Equal(entry, await OldestAuditEntry(restored));
        await Eventually.True(async () => await AnswerOf(restored) == Secret, TimeSpan.FromSeconds(90), "the app serves again, with its secret");
        Assert.Equal(42L, await InDatabase(await DatabaseUrl(restored), "select value from numbers"));
        // The port is part of every DATABASE_URL and goes with it: a second one beside it is refused.
        var twice = await Portal("restore", Archive, "--state", state + "-second");
        Assert.Contains("is taken. Stop what listens there", twice.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static async Task MakeAppWithDatabase(PortalHost host)
    {
        using var client = host.Client();
        await Post(client, "api/v1/teams", new { name = "shop" });
        await Post(client, "api/v1/teams/shop/apps", new { name = "hello", source = new { kind = "portal" } });
        (await client.PutAsJsonAsync($"{Production}/variables/GREETING", new { value = Secret, secret = true }, Now)).EnsureSuccessStatusCode();
        await Post(client, $"{Production}/addons", new { kind = "postgresql" });
        await Push(host);
        await Eventually.True(async () => await AnswerOf(host) == Secret, TimeSpan.FromSeconds(120), "the app serves its secret");
        await InDatabase(await DatabaseUrl(host), "create table numbers(value bigint); insert into numbers values (42); select 1::bigint");
    }

    private static async Task Push(PortalHost host)
    {
        var folder = Directory.CreateTempSubdirectory("portal-app-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "package.json"), """{"name":"hello","scripts":{"start":"node server.js"}}""", Now);
        await File.WriteAllTextAsync(Path.Combine(folder, "server.js"), """
            require('http').createServer((request, response) =>
              response.end(request.url === '/database' ? process.env.DATABASE_URL : process.env.GREETING)).listen(process.env.PORT);
            """, Now);
        await Git("init", "-q", "-b", "main");
        await Git("add", "-A");
        await Git("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-q", "-m", "First");
        await Git("-c", $"http.extraHeader=Authorization: Bearer {host.AdminToken}", "push", "-q", $"{host.Url}git/shop/hello.git", "main");
        Directory.Delete(folder, recursive: true);

        async Task Git(params string[] arguments) =>
            (await Cli.RunAsync("git", arguments, directory: folder, timeout: TimeSpan.FromMinutes(3), cancellationToken: Now)).Expect();
    }

    private static async Task<string> AnswerOf(PortalHost host, string path = "/")
    {
        using var app = host.AppClient("hello--shop");
        using var answer = await app.GetAsync(path, Now);
        return await answer.Content.ReadAsStringAsync(Now);
    }

    private static async Task<Uri> DatabaseUrl(PortalHost host)
    {
        string? url = null;
        await Eventually.True(async () => (url = await AnswerOf(host, "/database")).StartsWith("postgresql://", StringComparison.Ordinal),
            TimeSpan.FromSeconds(90), "the app has its database");
        return new Uri(url!);
    }

    private static async Task<object?> InDatabase(Uri url, string sql)
    {
        var credentials = url.UserInfo.Split(':');
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder
        {
            Host = url.Host,
            Port = url.Port,
            Database = url.AbsolutePath[1..],
            Username = credentials[0],
            Password = credentials[1],
            Pooling = false,
        });
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync(Now);
    }

    private async Task TheKeyIsOnlyInItsOwnFile()
    {
        var key = (await File.ReadAllLinesAsync(Archive + ".key", Now))[0];
        var unpacked = Directory.CreateDirectory(Path.Combine(_folder.FullName, "unpacked")).FullName;
        (await Cli.RunAsync("tar", ["-xzf", Archive, "-C", unpacked], cancellationToken: Now)).Expect();
        // 1 is grep's "nowhere".
        Assert.Equal(1, (await Cli.RunAsync("grep", ["-rqF", "-e", key, "-e", Secret, unpacked], cancellationToken: Now)).ExitCode);
    }

    private static async Task<string> OldestAuditEntry(PortalHost host)
    {
        using var client = host.Client();
        using var trail = JsonDocument.Parse(await client.GetStringAsync("api/v1/audit", Now));
        return trail.RootElement.GetProperty("items").EnumerateArray().Last().GetProperty("id").GetString()!;
    }

    private static async Task Post(HttpClient client, string path, object body) =>
        (await client.PostAsJsonAsync(path, body, Now)).EnsureSuccessStatusCode();

    private static Task<CliResult> Portal(params string[] arguments) =>
        Cli.RunAsync(Checkout.Path("portal"), arguments, timeout: TimeSpan.FromMinutes(4), cancellationToken: Now);
}
