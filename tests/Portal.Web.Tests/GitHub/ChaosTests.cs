using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Triggers;

namespace Portal.Web.Tests.GitHub;

/// <summary>The worst network: a tenth of the deliveries lost, a tenth doubled, all in any order, and the receiver away for a while.</summary>
public sealed class ChaosTests
{
    private const int Branches = 5;
    private const int Commits = 60;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_branch_head_is_built_exactly_once_whatever_became_of_the_deliveries()
    {
        await using var connected = await ConnectedHost.StartAsync();
        var app = (await connected.AppAsync()).App;
        await connected.Get<HeadReconciler>().ReconcileAsync(app.Id, Token);
        for (var i = 1; i < Branches; i++)
        {
            await connected.Get<EnvironmentService>().CreateAsync(connected.Developer, new AppPath("shop", "web"), new NewEnvironment($"e{i}", $"b{i}"), Token);
        }
        await connected.QuietAsync();

        var (deliveries, random) = (connected.GitHub.Deliveries, new Random(4711));
        deliveries.Seed(4711);
        (deliveries.Drop, deliveries.Duplicate, deliveries.Shuffle, deliveries.Parallelism) = (0.1, 0.1, true, 4);
        for (var i = 0; i < Commits; i++)
        {
            if (i == Commits / 3)
            {
                connected.GitHub.SetHook(connected.HostApp, "http://127.0.0.1:9/");
            }
            if (i == Commits / 2)
            {
                await deliveries.SettledAsync(Token);
                connected.GitHub.SetHook(connected.HostApp, connected.WebhookUrl);
            }
            var branch = random.Next(Branches) is var b && b == 0 ? "main" : $"b{b}";
            await connected.GitHub.CommitAsync(connected.Shop, branch, new Dictionary<string, string> { ["n"] = $"{i}" }, $"commit {i}", "ada");
        }
        await deliveries.SettledAsync(Token);
        (deliveries.Drop, deliveries.Duplicate, deliveries.Shuffle) = (0, 0, false);
        await connected.QuietAsync();

        // One round of what the worker does every minute or two.
        await ConnectionTests.ReconcileAsync(connected, TimeSpan.FromMinutes(2));
        await connected.Get<HeadReconciler>().ReconcileAsync(app.Id, Token);
        await connected.QuietAsync();

        await using var db = connected.Host.Database.CreateDbContext();
        Assert.Contains(deliveries.Log, d => d.StatusCode is < 200 or >= 300);
        foreach (var environment in await db.Set<AppEnvironment>().Where(e => e.AppId == app.Id).ToListAsync(Token))
        {
            var head = await connected.GitHub.HeadAsync(connected.Shop, environment.Branch!);
            var builds = await db.Set<Build>().Where(b => b.EnvironmentId == environment.Id).OrderBy(b => b.Number).ToListAsync(Token);
            Assert.Equal(1, builds.Count(b => b.Commit == head));
            Assert.Equal(head, builds[^1].Commit);
            Assert.All(builds.SkipLast(1), b => Assert.Equal(BuildState.Superseded, b.State));
            Assert.Equal(head, (await db.Set<KnownHead>().SingleAsync(h => h.AppId == app.Id && h.Ref == "refs/heads/" + environment.Branch, Token)).Commit);
        }
        Assert.Equal(0, await db.Set<Push>().CountAsync(p => p.AppId == app.Id && p.State != PushState.Decided && p.EventName == "push", Token));
        Assert.NotNull(await db.Set<HeadCheck>().SingleOrDefaultAsync(h => h.AppId == app.Id, Token));
        Assert.Empty(connected.GitHub.Requests.Faults);
    }
}
