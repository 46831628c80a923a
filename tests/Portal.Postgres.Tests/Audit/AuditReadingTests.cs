using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Teams;
using Portal.Testing;

namespace Portal.Postgres.Tests.Audit;

public sealed class AuditReadingTests
{
    [Fact]
    public async Task An_export_alone_is_enough_to_verify()
    {
        await using var world = await AuditWorld.CreateAsync(sealedEntries: 4);
        var hash = AuditHash.Start;
        var numbers = new List<long>();
        await foreach (var l in await world.Exporter.ExportAsync(AuditWorld.Admin, 0, TestContext.Current.CancellationToken))
        {
            hash = AuditHash.Next(hash, [l.Id, l.At, l.ActorKind, l.ActorId, l.UserId, l.ActorName, l.Address, l.Action, l.TeamId, l.AppId, l.Target, l.Before, l.After, l.Outcome]);
            Assert.Equal(Convert.ToHexStringLower(hash), l.Hash);
            numbers.Add(l.Number);
        }
        Assert.Equal([1, 2, 3, 4], numbers);
    }

    [Theory]
    [InlineData(false, "4 entries, intact")]
    [InlineData(true, "broken at 2")]
    public async Task The_documented_program_verifies_an_export(bool edited, string expected)
    {
        await using var world = await AuditWorld.CreateAsync(sealedEntries: 4);
        var lines = await (await world.Exporter.ExportAsync(AuditWorld.Admin, 0, TestContext.Current.CancellationToken)).ToListAsync(TestContext.Current.CancellationToken);
        var text = string.Concat(lines.Select(l => JsonSerializer.Serialize(edited && l.Number == 2 ? l with { Target = "another" } : l, JsonSerializerOptions.Web) + "\n"));
        var page = await File.ReadAllTextAsync(Checkout.Path("docs", "audit.md"), TestContext.Current.CancellationToken);
        var program = page.Split("```python")[1].Split("```")[0];
        var result = await Cli.RunAsync("python3", ["-c", program], input: text, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(expected, result.All.Trim());
    }

    [Fact]
    public async Task An_export_can_be_continued_and_is_itself_recorded()
    {
        await using var world = await AuditWorld.CreateAsync(sealedEntries: 4);
        var lines = await (await world.Exporter.ExportAsync(AuditWorld.Admin, 3, TestContext.Current.CancellationToken)).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal([4], lines.Select(l => l.Number));
        Assert.Equal("audit.export", (await ListAsync(world, new AuditFilter { Action = "audit" })).Single().Action);
    }

    [Fact]
    public async Task Filters_find_what_they_name()
    {
        await using var world = await AuditWorld.CreateAsync();
        var team = Guid.NewGuid();
        await world.Database.AddAsync(new Team { Id = team, Slug = "shop", Name = "Shop", CreatedAt = DateTimeOffset.UnixEpoch });
        await world.RecordAsync("shop/api production KEY_ONE", TestActors.Developer(team, "Dev"), "variable.set", team);
        await world.RecordAsync("shop/api-two", TestActors.Developer(team, "Dev"), "app.create", team);
        await world.RecordAsync("shop/api", TestActors.Developer(team, "Eve%"), "app.delete", team, outcome: "refused");
        await world.RecordAsync("portal", action: "people.invite");

        Assert.Equal(["portal", "shop/api", "shop/api-two", "shop/api production KEY_ONE"], (await ListAsync(world, new())).Select(e => e.Target));
        Assert.Equal(2, (await ListAsync(world, new() { Who = "dev" })).Count);
        Assert.Single(await ListAsync(world, new() { Who = "%" }));
        Assert.Equal(2, (await ListAsync(world, new() { Action = "app" })).Count);
        Assert.Single(await ListAsync(world, new() { Action = "app.delete" }));
        Assert.Empty(await ListAsync(world, new() { Action = "ap" }));
        Assert.Equal(3, (await ListAsync(world, new() { Team = "shop" })).Count);
        Assert.Equal(2, (await ListAsync(world, new() { Team = "shop", App = "api" })).Count);
        Assert.Single(await ListAsync(world, new() { Outcome = "refused" }));
        Assert.Single(await ListAsync(world, new() { Search = "key_one" }));
        Assert.Equal(4, (await ListAsync(world, new() { Search = "grün" })).Count);
        Assert.Empty(await ListAsync(world, new() { From = TimeProvider.System.GetUtcNow().AddHours(1) }));
        Assert.Equal("shop", (await ListAsync(world, new() { Team = "shop" }))[0].Team);
    }

    [Fact]
    public async Task Pages_follow_each_other_without_gap_or_double()
    {
        await using var world = await AuditWorld.CreateAsync(sealedEntries: 7);
        var seen = new List<string>();
        string? after = null;
        do
        {
            var page = await world.Reader.ListAsync(AuditWorld.Admin, new(), new PageRequest(after, 3), TestContext.Current.CancellationToken);
            seen.AddRange(page.Items.Select(e => e.Target));
            after = page.Next;
        }
        while (after is not null);
        Assert.Equal(Enumerable.Range(1, 7).Reverse().Select(i => $"shop/api {i}"), seen);
    }

    [Fact]
    public async Task A_team_s_maintainers_read_their_own_part_and_nobody_else_s()
    {
        await using var world = await AuditWorld.CreateAsync();
        var (shop, bank) = (Guid.NewGuid(), Guid.NewGuid());
        await world.Database.AddAsync(
            new Team { Id = shop, Slug = "shop", Name = "Shop", CreatedAt = DateTimeOffset.UnixEpoch },
            new Team { Id = bank, Slug = "bank", Name = "Bank", CreatedAt = DateTimeOffset.UnixEpoch });
        await world.RecordAsync("shop/api", team: shop);
        await world.RecordAsync("bank/api", team: bank);

        var own = await world.Reader.ListAsync(TestActors.Maintainer(shop), new() { Team = "shop" }, new PageRequest(), TestContext.Current.CancellationToken);
        Assert.Equal("shop/api", own.Items.Single().Target);
        Assert.Equal(Refusal.NotFound, await RefusalAsync(world, TestActors.Maintainer(shop), "bank"));
        Assert.Equal(Refusal.NotFound, await RefusalAsync(world, TestActors.Maintainer(shop), "none"));
        Assert.Equal(Refusal.Denied, await RefusalAsync(world, TestActors.Maintainer(shop), null));
        Assert.Equal(Refusal.Denied, await RefusalAsync(world, TestActors.Developer(shop), "shop"));
        Assert.Equal(Refusal.NotFound, await RefusalAsync(world, TestActors.Outsider(), "shop"));
    }

    [Fact]
    public async Task A_refusal_is_kept_once_in_a_while_and_bounded()
    {
        await using var world = await AuditWorld.CreateAsync();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var refusals = new AuditRefusals(world.Database, new AuditTrail(time), time);
        var eve = TestActors.Outsider("Eve");
        Task<bool> Try(string target) => refusals.RecordAsync(eve, "app.delete", target, null, "Not allowed.", TestContext.Current.CancellationToken);

        Assert.True(await Try("shop/api"));
        Assert.False(await Try("shop/api"));
        time.Advance(TimeSpan.FromMinutes(11));
        Assert.True(await Try("shop/api"));
        var kept = 1;
        for (var i = 0; i < 100; i++)
        {
            kept += await Try($"shop/app-{i}") ? 1 : 0;
        }
        Assert.Equal(AuditRefusals.PerMinute, kept);
        Assert.Equal(AuditRefusals.PerMinute + 1, (await ListAsync(world, new() { Outcome = "refused", Who = "Eve" })).Count);
    }

    private static async Task<IReadOnlyList<AuditRow>> ListAsync(AuditWorld world, AuditFilter filter) =>
        (await world.Reader.ListAsync(AuditWorld.Admin, filter, new PageRequest(null, 200), TestContext.Current.CancellationToken)).Items;

    private static async Task<Refusal> RefusalAsync(AuditWorld world, Actor actor, string? team) =>
        (await Assert.ThrowsAsync<PortalException>(() => world.Reader.ListAsync(actor, new() { Team = team }, new PageRequest(), TestContext.Current.CancellationToken))).Refusal;
}
