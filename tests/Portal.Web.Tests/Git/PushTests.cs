using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Builds;
using Portal.Core.Jobs;
using Portal.Core.Triggers;
using Portal.Testing;

namespace Portal.Web.Tests.Git;

public sealed class PushTests
{
    [Fact]
    public async Task An_empty_repository_can_be_cloned()
    {
        await using var host = await GitHost.StartAsync();
        var clone = await host.GitAsync("clone", host.Address(), "copy");
        Assert.True(clone.ExitCode == 0, clone.All);
    }

    [Fact]
    public async Task A_push_is_followed_to_the_end_of_its_build()
    {
        await using var host = await GitHost.StartAsync();
        var commit = await host.CommitAsync("first <script>", ("a.txt", "1"));
        var pushing = host.GitAsync("push", host.Address(), "main");
        await host.EndBuildAsync("\u001b]portal;step;install\u0007\nnpm \u001b[31mERR\u001b[0m missing\n");
        var push = await pushing;

        Assert.True(push.ExitCode == 0, push.All);
        Assert.Contains("remote: Portal received main at " + commit[..7], push.Error, StringComparison.Ordinal);
        Assert.Contains("remote: Build 1 for production: http://localhost:8080/shop/api/builds/1", push.Error, StringComparison.Ordinal);
        Assert.Contains("remote: -----> install", push.Error, StringComparison.Ordinal);
        Assert.Contains("npm ERR missing", push.Error, StringComparison.Ordinal);
        Assert.Contains("remote: Build 1 failed: npm ci exited with code 1", push.Error, StringComparison.Ordinal);

        await using var db = host.Database.CreateDbContext();
        var build = await db.Set<Build>().SingleAsync(TestContext.Current.CancellationToken);
        Assert.Equal((commit, "refs/heads/main", "first <script>", DeployTrigger.Push), (build.Commit, build.Ref, build.Message, build.Trigger));
        Assert.Equal("main", (await db.Set<AppEnvironment>().SingleAsync(TestContext.Current.CancellationToken)).Branch);
        var trail = await db.Set<AuditEntry>().Select(e => $"{e.Action} {e.Target}").ToListAsync(TestContext.Current.CancellationToken);
        Assert.Contains("code.push shop/api refs/heads/main", trail);
        Assert.Contains("environment.follow shop/api production", trail);
    }

    [Fact]
    public async Task A_branch_that_nothing_follows_is_accepted_and_said()
    {
        await using var host = await GitHost.StartAsync();
        await host.CommitAsync("first", ("a.txt", "1"));
        var first = host.GitAsync("push", host.Address(), "main");
        await host.EndBuildAsync("x\n");
        await first;
        var push = await host.GitAsync("push", host.Address(), "main:feature/x");
        Assert.True(push.ExitCode == 0, push.All);
        Assert.Contains("remote: Not deployed: no environment follows the branch feature/x.", push.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_storm_of_old_news_is_decided_in_a_few_turns_and_builds_nothing()
    {
        await using var host = await GitHost.StartAsync();
        var old = await host.CommitAsync("first", ("a.txt", "1"));
        await host.CommitAsync("second", ("a.txt", "2"));
        var pushing = host.GitAsync("push", host.Address(), "main");
        await host.EndBuildAsync("x\n");
        await pushing;
        var store = host.Services.GetRequiredService<InboundStore>();
        await Task.WhenAll(Enumerable.Range(0, 150).Select(i => store.StoreAsync(new InboundDelivery(host.App.Id, host.Team.Id, $"old-{i}", "push",
            "refs/heads/main", null, old, "ada", "first", default, "{}", IsPush: true, ""))));

        await using var db = host.Database.CreateDbContext();
        await Eventually.True(() => db.Set<Push>().AllAsync(p => p.State == PushState.Decided, TestContext.Current.CancellationToken), TimeSpan.FromSeconds(30), "every push was decided");
        Assert.Equal(1, await db.Set<Build>().CountAsync(TestContext.Current.CancellationToken));
        Assert.Equal(150, await db.Set<PushDecision>().CountAsync(d => !d.Deploys, TestContext.Current.CancellationToken));
        Assert.InRange(await db.Set<Job>().CountAsync(j => j.Kind == JobKinds.Push, TestContext.Current.CancellationToken), 2, 20);
    }
}
