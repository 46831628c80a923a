using System.Text;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Core.Apps;
using Portal.Core.Jobs;
using Portal.Core.Teams;
using Portal.Core.Triggers;
using Portal.Testing;

namespace Portal.Postgres.Tests.Jobs;

public sealed class InboundStoreTests : IAsyncLifetime
{
    private readonly Guid _team = Guid.NewGuid();
    private readonly Guid _app = Guid.NewGuid();
    private PortalDatabase _database = null!;
    private InboundStore _store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await PortalDatabase.CreateAsync(Token);
        await _database.AddAsync(
            new Team { Id = _team, Slug = "shop", Name = "Shop", CreatedAt = DateTimeOffset.UtcNow },
            new App { Id = _app, TeamId = _team, Slug = "api", SourceKind = SourceKind.Git, CreatedAt = DateTimeOffset.UtcNow, CreatedBy = null });
        _store = new InboundStore(_database.Source, TimeProvider.System);
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task A_crowd_is_stored_in_few_commits_and_each_is_told_its_own_row()
    {
        var before = await CommitsAsync();
        var stored = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => _store.StoreAsync(Delivery($"d{i}"))));
        var commits = await CommitsAsync() - before;
        await using var db = _database.CreateDbContext();
        var rows = await db.Set<Push>().ToDictionaryAsync(p => p.DeliveryKey, p => p.Id, Token);
        Assert.Equal(500, rows.Count);
        Assert.All(stored.Index(), s => Assert.Equal((rows[$"d{s.Index}"], 1), s.Item));
        Assert.Equal(_app.ToString(), (await db.Set<Job>().SingleAsync(Token)).Key);
        Assert.InRange(commits, 1, 250);
    }

    [Fact]
    public async Task The_same_deliveries_crossing_each_other_are_counted_and_none_is_refused()
    {
        var keys = Enumerable.Range(0, 200).Select(i => $"d{i}").ToList();
        await Task.WhenAll(keys.Concat(keys.AsEnumerable().Reverse()).Concat(keys).Select(key => _store.StoreAsync(Delivery(key))));
        await using var db = _database.CreateDbContext();
        Assert.All(await db.Set<Push>().Select(p => p.Times).ToListAsync(Token), times => Assert.Equal(3, times));
        Assert.Equal(200, await db.Set<Push>().CountAsync(Token));
    }

    [Fact]
    public async Task One_that_cannot_be_stored_does_not_take_others_with_it()
    {
        var all = Enumerable.Range(0, 100).Select(i => _store.StoreAsync(Delivery($"d{i}", i == 50 ? Guid.NewGuid() : _app))).ToList();
        var refused = await Assert.ThrowsAsync<PostgresException>(() => all[50]);
        Assert.Equal(PostgresErrorCodes.ForeignKeyViolation, refused.SqlState);
        await Task.WhenAll(all.Where(task => task != all[50]));
        await using var db = _database.CreateDbContext();
        Assert.Equal(99, await db.Set<Push>().CountAsync(Token));
    }

    [Fact]
    public async Task A_push_that_comes_while_its_app_s_job_is_claimed_gets_a_job_of_its_own()
    {
        var jobs = new JobStore(_database);
        await _store.StoreAsync(Delivery("first"));
        var running = await jobs.ClaimAsync(Guid.NewGuid(), [JobKinds.Push], Token);
        await _store.StoreAsync(Delivery("second"));
        Assert.NotNull(running);
        Assert.Null(await jobs.ClaimAsync(Guid.NewGuid(), [JobKinds.Push], Token));
        await jobs.CompleteAsync(running, JobState.Succeeded, null, Token);
        Assert.Equal(_app.ToString(), (await jobs.ClaimAsync(Guid.NewGuid(), [JobKinds.Push], Token))!.Key);
    }

    [Fact]
    public async Task A_job_is_not_claimed_before_the_push_it_waits_for_is_committed()
    {
        await _store.StoreAsync(Delivery("first"));
        await using var connection = await _database.Source.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await InboundStore.StoreAsync(connection, [(Delivery("second"), DateTimeOffset.UtcNow)]);
        var jobs = new JobStore(_database);
        Assert.Null(await jobs.ClaimAsync(Guid.NewGuid(), [JobKinds.Push], Token));
        await transaction.CommitAsync(Token);
        Assert.NotNull(await jobs.ClaimAsync(Guid.NewGuid(), [JobKinds.Push], Token));
    }

    private InboundDelivery Delivery(string key, Guid? app = null) => new(app ?? _app, _team, key, "push", "refs/heads/main",
        new string('a', 40), new string('b', 40), "ada", "Change", Encoding.UTF8.GetBytes("{}"), "{}", IsPush: true, "");

    /// <summary>Counted by the rows' transactions: the server's own statistics come late.</summary>
    private async Task<int> CommitsAsync()
    {
        await using var command = _database.Source.CreateCommand("select count(distinct xmin::text) from pushes");
        return (int)(long)(await command.ExecuteScalarAsync(Token))!;
    }
}
