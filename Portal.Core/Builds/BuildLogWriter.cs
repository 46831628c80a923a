using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Common;
using Portal.Core.Jobs;
using Portal.Core.Live;

namespace Portal.Core.Builds;

/// <summary>
/// A build's log on its way into the database: masked line by line, in chunks of at most a quarter second, under
/// the job's fence. What goes over the limit is counted and dropped; the end of a build is always kept.
/// </summary>
public sealed class BuildLogWriter : IAsyncDisposable
{
    private const int LineChars = 4_000;
    private const int KeptTail = 60;
    private static readonly TimeSpan FlushEvery = TimeSpan.FromMilliseconds(250);

    private readonly JobContext _job;
    private readonly Guid _build;
    private readonly SecretMask _mask;
    private readonly long _limit;
    private readonly TimeProvider _time;
    private readonly StringBuilder _pending = new();
    private readonly Queue<string> _tail = new();
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _flushing = new(1, 1);
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _timer;
    private long _written;
    private long _dropped;
    private int _sequence;

    public BuildLogWriter(JobContext job, Guid build, int firstSequence, SecretMask mask, long limit, TimeProvider time)
    {
        _job = job;
        _build = build;
        _sequence = firstSequence;
        _mask = mask;
        _limit = limit;
        _time = time;
        _timer = FlushOnTimerAsync();
    }

    /// <summary>The last lines, for the diagnosis.</summary>
    public IReadOnlyList<string> Tail
    {
        get
        {
            lock (_lock)
            {
                return [.. _tail];
            }
        }
    }

    /// <summary>Opens a named step: pages fold by it.</summary>
    public void Step(string name)
    {
        lock (_lock)
        {
            _tail.Clear();
            _pending.Append("\u001b]portal;step;").Append(name).Append('\u0007').Append('\n');
        }
    }

    /// <summary>A line of Portal's own, never dropped.</summary>
    public void Say(string line) => Add(line, always: true);

    /// <summary>A line of the build's output.</summary>
    public void Line(string line) => Add(line, always: false);

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _flushing.WaitAsync(cancellationToken);
        try
        {
            string text;
            lock (_lock)
            {
                if (_pending.Length == 0)
                {
                    return;
                }
                text = _pending.ToString();
                _pending.Clear();
            }
            var chunk = new BuildLogChunk { BuildId = _build, Sequence = _sequence, Text = text, At = _time.GetUtcNow() };
            await _job.CommitAsync(db =>
            {
                db.Add(chunk);
                db.Signal(LiveTopics.BuildLog, _build);
                return Task.CompletedTask;
            }, cancellationToken);
            _sequence++;
        }
        finally
        {
            _flushing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _timer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_dropped > 0)
        {
            Say(string.Create(CultureInfo.InvariantCulture, $"… {_dropped} more lines were not kept: a log has at most {_limit / 1024 / 1024} MB. These are the last ones:"));
            foreach (var line in Tail.TakeLast(20))
            {
                Say(line);
            }
        }
        try
        {
            await FlushAsync(CancellationToken.None);
        }
        catch (LeaseLostException)
        {
            // The worker that has the build now writes its log.
        }
        _ended.Dispose();
        _flushing.Dispose();
    }

    private void Add(string line, bool always)
    {
        line = line.Replace("\0", "", StringComparison.Ordinal);
        line = _mask.Apply(line.Length > LineChars ? line[..LineChars] + "…" : line);
        lock (_lock)
        {
            _tail.Enqueue(line);
            if (_tail.Count > KeptTail)
            {
                _tail.Dequeue();
            }
            if (!always && _written > _limit)
            {
                _dropped++;
                return;
            }
            _pending.Append(line).Append('\n');
            _written += line.Length + 1;
        }
    }

    private async Task FlushOnTimerAsync()
    {
        using var timer = new PeriodicTimer(FlushEvery, _time);
        while (await timer.WaitForNextTickAsync(_ended.Token))
        {
            try
            {
                await FlushAsync(_ended.Token);
            }
            catch (Exception e) when (e is DbUpdateException or LeaseLostException or Npgsql.NpgsqlException)
            {
                // The next flush or the heartbeat finds out; what was not stored was taken out of the pending text and is lost with this attempt.
                return;
            }
        }
    }
}
