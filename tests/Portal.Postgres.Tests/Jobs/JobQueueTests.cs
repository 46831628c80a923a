using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Testing;

namespace Portal.Postgres.Tests.Jobs;

public sealed class JobQueueTests : IAsyncLifetime
{
    private PortalDatabase _database = null!;
    private JobQueue _queue = null!;
    private JobStore _store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await PortalDatabase.CreateAsync(Token);
        _queue = new JobQueue(TimeProvider.System);
        _store = new JobStore(_database);
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task A_job_of_a_rolled_back_transaction_does_not_exist()
    {
        await using (var db = _database.CreateDbContext())
        {
            await using var transaction = await db.Database.BeginTransactionAsync(Token);
            _queue.Enqueue(db, new JobRequest("build", "a"));
            await db.SaveChangesAsync(Token);
        }
        Assert.Null(await ClaimAsync());
    }

    [Fact]
    public async Task Enqueueing_twice_runs_once()
    {
        await EnqueueAsync(new JobRequest("build", "a"), new JobRequest("build", "a"));
        Assert.NotNull(await ClaimAsync());
        Assert.Null(await ClaimAsync());
    }

    [Fact]
    public async Task Enqueueing_while_it_runs_makes_one_more_turn()
    {
        await EnqueueAsync(new JobRequest("build", "a"));
        var running = await ClaimAsync();
        await EnqueueAsync(new JobRequest("build", "a"));
        Assert.NotNull(running);
        Assert.NotNull(await ClaimAsync());
    }

    [Fact]
    public async Task One_lane_runs_one_job_at_a_time()
    {
        await EnqueueAsync(new JobRequest("build", "a") { Lane = "main" }, new JobRequest("build", "b") { Lane = "main" });
        var first = await ClaimAsync();
        Assert.Null(await ClaimAsync());
        await _store.CompleteAsync(first!, JobState.Succeeded, null, Token);
        Assert.Equal("b", (await ClaimAsync())!.Key);
    }

    [Fact]
    public async Task A_team_with_many_jobs_does_not_hold_up_another()
    {
        Guid busy = Guid.NewGuid(), small = Guid.NewGuid();
        await EnqueueAsync([.. Enumerable.Range(0, 5).Select(i => new JobRequest("build", $"busy{i}") { TeamId = busy })]);
        await EnqueueAsync(new JobRequest("build", "small") { TeamId = small });
        Assert.Equal(busy, (await ClaimAsync())!.TeamId);
        Assert.Equal(small, (await ClaimAsync())!.TeamId);
    }

    [Fact]
    public async Task Many_workers_claim_every_job_exactly_once()
    {
        await EnqueueAsync([.. Enumerable.Range(0, 60).Select(i => new JobRequest("build", $"k{i}") { Lane = $"lane{i % 40}" })]);
        var claimed = new ConcurrentBag<string>();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            while (await ClaimAsync() is { } job)
            {
                claimed.Add(job.Key);
                await _store.CompleteAsync(job, JobState.Succeeded, null, Token);
            }
        }));
        while (await ClaimAsync() is { } late)
        {
            claimed.Add(late.Key);
            await _store.CompleteAsync(late, JobState.Succeeded, null, Token);
        }
        Assert.Equal(60, claimed.Count);
        Assert.Equal(60, claimed.Distinct().Count());
    }

    [Fact]
    public async Task A_worker_that_lost_its_lease_cannot_write()
    {
        await EnqueueAsync(new JobRequest("build", "a"));
        var job = (await ClaimAsync())!;
        await ExpireAsync(job);
        await RunnerOf(new RecordingHandler()).SweepAsync(Token);
        var again = (await ClaimAfterBackoffAsync())!;
        Assert.Equal(job.Id, again.Id);

        await using var late = new JobContext(_database, job, new CancellationTokenSource());
        await Assert.ThrowsAsync<LeaseLostException>(() => late.CommitAsync(_ => Task.CompletedTask, Token));
        await _store.CompleteAsync(job, JobState.Failed, "late", Token);
        Assert.Equal(JobState.Running, (await FindAsync(job.Id)).State);
        Assert.Equal(StopCause.LeaseLost, late.StopCause);
    }

    [Fact]
    public async Task A_job_whose_workers_keep_dying_ends_with_a_reason()
    {
        var handler = new RecordingHandler();
        await EnqueueAsync(new JobRequest("build", "a") { MaxAttempts = 2 });
        for (var attempt = 0; attempt < 2; attempt++)
        {
            await ExpireAsync((await ClaimAfterBackoffAsync())!);
            await RunnerOf(handler).SweepAsync(Token);
        }
        var job = await SingleAsync();
        Assert.Equal(JobState.Failed, job.State);
        Assert.Equal("The worker that ran it died.", job.Reason);
        Assert.Equal(["a: The worker that ran it died."], handler.GivenUp);
    }

    [Fact]
    public async Task A_cancelled_waiting_job_never_runs()
    {
        await EnqueueAsync(new JobRequest("build", "a"));
        await using (var db = _database.CreateDbContext())
        {
            _queue.Cancel(db, "build", "a", "Cancelled by Ada.");
            await db.SaveChangesAsync(Token);
        }
        Assert.Null(await ClaimAsync());
        Assert.Equal((JobState.Cancelled, "Cancelled by Ada."), ((await SingleAsync()).State, (await SingleAsync()).CancelReason));
    }

    [Fact]
    public async Task A_running_job_hears_of_its_cancellation_and_ends()
    {
        var handler = new RecordingHandler { Block = true };
        using var runner = RunnerOf(handler);
        await runner.StartAsync(Token);
        await EnqueueAsync(new JobRequest("build", "a"));
        await Eventually.True(() => handler.Started.Count == 1, what: "the job was woken up");
        await using (var db = _database.CreateDbContext())
        {
            _queue.Cancel(db, "build", "a", "Cancelled by Ada.");
            await db.SaveChangesAsync(Token);
        }
        await Eventually.True(async () => (await SingleAsync()).State == JobState.Cancelled, TimeSpan.FromSeconds(4), "the cancel notice arrived well before a heartbeat");
        await runner.StopAsync(Token);
    }

    [Fact]
    public async Task A_failing_job_is_tried_again_with_backoff_and_then_given_up()
    {
        var handler = new RecordingHandler { Fails = true };
        using var runner = RunnerOf(handler);
        await runner.StartAsync(Token);
        await EnqueueAsync(new JobRequest("build", "a") { MaxAttempts = 2 });
        await Eventually.True(async () => (await SingleAsync()).State == JobState.Failed);
        Assert.Equal(2, handler.Started.Count);
        Assert.Single(handler.GivenUp);
        await runner.StopAsync(Token);
    }

    [Fact]
    public async Task A_stopping_worker_gives_its_jobs_back()
    {
        var handler = new RecordingHandler { Block = true };
        using var runner = RunnerOf(handler);
        await runner.StartAsync(Token);
        await EnqueueAsync(new JobRequest("build", "a"));
        await Eventually.True(() => handler.Started.Count == 1);
        await runner.StopAsync(Token);
        var job = await SingleAsync();
        Assert.Equal((JobState.Queued, 0), (job.State, job.Attempt));
    }

    [Fact]
    public async Task A_dead_job_whose_end_cannot_be_recorded_does_not_hold_up_the_others()
    {
        await EnqueueAsync(new JobRequest("build", "poison") { MaxAttempts = 1 }, new JobRequest("build", "plain") { MaxAttempts = 1 });
        await ExpireAsync((await ClaimAsync())!);
        await ExpireAsync((await ClaimAsync())!);
        var handler = new RecordingHandler { Poison = "poison" };
        using var runner = RunnerOf(handler);
        await runner.SweepAsync(Token);
        await using var db = _database.CreateDbContext();
        var states = await db.Set<Job>().ToDictionaryAsync(j => j.Key, j => j.State, Token);
        Assert.Equal((JobState.Running, JobState.Failed), (states["poison"], states["plain"]));
    }

    private JobRunner RunnerOf(RecordingHandler handler) => new([handler], _database,
        new SignalListener(_database.Source, TimeProvider.System, NullLogger<SignalListener>.Instance),
        TimeProvider.System, new LimitOptions(), NullLogger<JobRunner>.Instance);

    private Task<Job?> ClaimAsync() => _store.ClaimAsync(Guid.NewGuid(), ["build"], Token);

    private Task<Job> ClaimAfterBackoffAsync() => Eventually.Value(ClaimAsync);

    private async Task EnqueueAsync(params JobRequest[] requests)
    {
        await using var db = _database.CreateDbContext();
        foreach (var request in requests)
        {
            _queue.Enqueue(db, request);
        }
        await db.SaveChangesAsync(Token);
    }

    private async Task ExpireAsync(Job job)
    {
        await using var db = _database.CreateDbContext();
        await db.Set<Job>().Where(j => j.Id == job.Id).ExecuteUpdateAsync(s => s.SetProperty(j => j.LeaseUntil, DateTimeOffset.UnixEpoch), Token);
    }

    private async Task<Job> SingleAsync()
    {
        await using var db = _database.CreateDbContext();
        return await db.Set<Job>().SingleAsync(Token);
    }

    private async Task<Job> FindAsync(Guid id)
    {
        await using var db = _database.CreateDbContext();
        return await db.Set<Job>().SingleAsync(j => j.Id == id, Token);
    }

    private sealed class RecordingHandler : IJobHandler
    {
        public ConcurrentQueue<string> Started { get; } = new();

        public ConcurrentQueue<string> GivenUp { get; } = new();

        public bool Block { get; init; }

        public bool Fails { get; init; }

        public string? Poison { get; init; }

        public string Kind => "build";

        public async Task RunAsync(JobContext context, CancellationToken cancellationToken)
        {
            Started.Enqueue(context.Job.Key);
            if (Block)
            {
                await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
            }
            if (Fails)
            {
                throw new InvalidOperationException("as told");
            }
        }

        public Task GiveUpAsync(PortalDbContext db, Job job, string reason, CancellationToken cancellationToken)
        {
            if (job.Key == Poison)
            {
                throw new InvalidOperationException("as told");
            }
            GivenUp.Enqueue($"{job.Key}: {reason}");
            return Task.CompletedTask;
        }
    }
}
