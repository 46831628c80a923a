using System.Diagnostics;
using System.Net;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Triggers;
using Portal.Testing;

namespace Portal.Web.Tests.Git;

/// <summary>A real PostgreSQL is stopped under the doors, and comes back.</summary>
public sealed class DatabaseOutageTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_delivery_is_refused_at_once_while_it_is_away_and_taken_when_it_is_back()
    {
        await using var server = await PostgresServer.StartAloneAsync();
        await using var host = await GitHost.StartAsync(SourceKind.Git, decides: false, server: server);
        await host.SignWithAsync("s");
        using var http = new HttpClient();
        var commit = new string('c', 40);
        Assert.Equal(HttpStatusCode.Accepted, (await host.DeliverAsync(http, "s", "1", "main", commit)).StatusCode);

        await server.StopAsync();
        var watch = Stopwatch.StartNew();
        var refused = await host.DeliverAsync(http, "s", "2", "main", commit);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Contains("deliver it again later", await refused.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        // GitHub waits ten seconds.
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(8));

        await server.StartAgainAsync();
        // The test's own connections, which broke as well.
        host.Database.Source.Clear();
        await Eventually.True(async () => (await host.DeliverAsync(http, "s", "2", "main", commit)).IsSuccessStatusCode, TimeSpan.FromSeconds(60), "deliveries are taken again");
        await using var db = host.Database.CreateDbContext();
        Assert.Equal(["1", "2"], await db.Set<Push>().OrderBy(p => p.DeliveryKey).Select(p => p.DeliveryKey).ToListAsync(Token));
    }

    [Fact]
    public async Task A_push_is_refused_in_words_and_changes_nothing_and_works_when_it_is_back()
    {
        await using var server = await PostgresServer.StartAloneAsync();
        await using var host = await GitHost.StartAsync(server: server);
        await host.CommitAsync("first", ("a", "1"));

        await server.StopAsync();
        var refused = await host.GitAsync("push", host.Address(), "main");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("503", refused.All, StringComparison.Ordinal);
        Assert.False(Directory.Exists(host.Repository));
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", host.Token);
        var answer = await http.GetAsync(new Uri(host.Url, "/git/shop/api.git/info/refs?service=git-receive-pack"), Token);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Contains("Nothing was changed; try again in a minute.", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);

        await server.StartAgainAsync();
        // The test's own connections, which broke as well.
        host.Database.Source.Clear();
        await Eventually.True(async () => (await host.GitAsync("ls-remote", host.Address())).ExitCode == 0, TimeSpan.FromSeconds(60), "the door opens again");
        var pushing = host.GitAsync("push", host.Address(), "main");
        // Decided by the worker's own loop, which lived through it.
        await host.EndBuildAsync("x\n");
        Assert.Equal(0, (await pushing).ExitCode);
    }
}
