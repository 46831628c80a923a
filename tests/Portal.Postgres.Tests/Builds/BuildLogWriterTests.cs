using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Jobs;
using Portal.Core.Teams;
using Portal.Testing;

namespace Portal.Postgres.Tests.Builds;

/// <summary>A build's log on its way into a database that is there, goes away and comes back.</summary>
public sealed class BuildLogWriterTests : IAsyncLifetime
{
    private static readonly Guid Build = Guid.NewGuid();

    private PortalDatabase _database = null!;
    private JobContext _job = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await PortalDatabase.CreateAsync(Token);
        var now = TimeProvider.System.GetUtcNow();
        var team = new Team { Id = Guid.NewGuid(), Slug = "acme", Name = "Acme", CreatedAt = now };
        var app = new App { Id = Guid.NewGuid(), TeamId = team.Id, Slug = "shop", SourceKind = SourceKind.Portal, CreatedAt = now, CreatedBy = null };
        var environment = new AppEnvironment { Id = Guid.NewGuid(), AppId = app.Id, TeamId = team.Id, Slug = "production", CreatedAt = now };
        await _database.AddAsync(team, app, environment);
        await _database.AddAsync(new Build
        {
            Id = Build,
            AppId = app.Id,
            TeamId = team.Id,
            EnvironmentId = environment.Id,
            Number = 1,
            Ref = "refs/heads/main",
            Trigger = DeployTrigger.Push,
            Actor = "Ada",
            QueuedAt = now,
        });
        await using var db = _database.CreateDbContext();
        new JobQueue(TimeProvider.System).Enqueue(db, new JobRequest("build", Build.ToString()));
        await db.SaveChangesAsync(Token);
        var claimed = await new JobStore(_database).ClaimAsync(Guid.NewGuid(), ["build"], Token);
        _job = new JobContext(_database, claimed!, new CancellationTokenSource());
    }

    public async ValueTask DisposeAsync()
    {
        await _job.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task What_was_written_while_the_database_was_away_is_there_when_it_is_back()
    {
        await using var log = Writer();
        log.Line("before");
        await Eventually.True(async () => await StoredAsync() == "before\n", what: "the timer writes");

        await _database.GoAwayAsync();
        log.Line("meanwhile");
        await Assert.ThrowsAnyAsync<Exception>(() => log.FlushAsync(Token));
        log.Line("still away");
        await Assert.ThrowsAnyAsync<Exception>(() => log.FlushAsync(Token));
        await _database.ComeBackAsync();

        log.Line("after");
        await Eventually.True(async () => await StoredAsync() == "before\nmeanwhile\nstill away\nafter\n", what: "the timer catches up");
    }

    [Fact]
    public async Task The_end_of_a_build_waits_for_a_database_that_comes_back()
    {
        var log = Writer();
        await _database.GoAwayAsync();
        log.Say("the last words");
        var ended = log.DisposeAsync().AsTask();
        Assert.False(ended.IsCompleted);
        await _database.ComeBackAsync();
        await ended;
        Assert.Equal("the last words\n", await StoredAsync());
    }

    [Fact]
    public async Task What_waits_is_bounded_and_what_was_left_out_is_counted()
    {
        var log = Writer();
        await _database.GoAwayAsync();
        var line = new string('x', 1_000);
        for (var i = 0; i < 6_000; i++)
        {
            log.Line(line);
        }
        await _database.ComeBackAsync();
        await log.DisposeAsync();
        var stored = await StoredAsync();
        Assert.InRange(stored.Length, 1_000_000, 5_000_000);
        Assert.Contains(" more lines were not kept", stored, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_over_its_limit_is_cut_says_so_and_keeps_its_end()
    {
        var log = Writer(limit: 1024 * 1024);
        for (var i = 0; i < 50_000; i++)
        {
            log.Line($"line {i} of a very talkative build that fills whatever it is given");
        }
        log.Step("package");
        log.Say("Packaged.");
        await log.DisposeAsync();
        var stored = await StoredAsync();
        Assert.InRange(stored.Length, 1024 * 1024, 1100 * 1024);
        Assert.Contains("a log has at most 1 MB", stored, StringComparison.Ordinal);
        Assert.Contains("line 49999 of", stored, StringComparison.Ordinal);
    }

    private BuildLogWriter Writer(long limit = 8 * 1024 * 1024) => new(_job, Build, 0, new SecretMask([]), limit, TimeProvider.System);

    private async Task<string> StoredAsync()
    {
        await using var db = _database.CreateDbContext();
        return string.Concat(await db.Set<BuildLogChunk>().Where(c => c.BuildId == Build).OrderBy(c => c.Sequence).Select(c => c.Text).ToListAsync(Token));
    }
}
