using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Common;
using Portal.Core.Jobs;
using Portal.Core.Live;

namespace Portal.Core.Builds;

/// <summary>
/// A build's log on its way into the database: masked line by line, in chunks of at most a quarter second, under
/// the job's fence. What goes over the limit is counted and dropped; the end of a build is always kept. While the database is
/// away the text waits, up to a bound, and is written when it is back.
/// </summary>
public sealed class BuildLogWriter : IAsyncDisposable
{
    private const int LineChars = 4_000;
    private const int KeptTail = 60;
    private const int WaitingChars = 2 * 1024 * 1024;
    private static readonly TimeSpan FlushEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>How long the end of a build waits for the database: as long as its lease can hold without one.</summary>
    private static readonly TimeSpan LastTry = TimeSpan.FromSeconds(20);

    private readonly JobContext _job;
    private readonly Guid _build;
    private readonly SecretMask _mask;
    private readonly long _limit;
    private readonly TimeProvider _time;
    private readonly StringBuilder _pending = new();
    private BuildLogChunk? _unsure;
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
            TellDropped();
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
            // What could not be written last time goes first, as it was: perhaps it did arrive and only the answer was lost.
            while ((_unsure ?? Take()) is { } chunk)
            {
                var again = _unsure is not null;
                _unsure = chunk;
                await _job.CommitAsync(async db =>
                {
                    if (!again || !await db.Set<BuildLogChunk>().AnyAsync(c => c.BuildId == _build && c.Sequence == chunk.Sequence, cancellationToken))
                    {
                        db.Add(chunk);
                        db.Signal(LiveTopics.BuildLog, _build);
                    }
                }, cancellationToken);
                _unsure = null;
                _sequence++;
            }
        }
        finally
        {
            _flushing.Release();
        }
    }

    private BuildLogChunk? Take()
    {
        lock (_lock)
        {
            if (_pending.Length == 0)
            {
                return null;
            }
            var text = _pending.ToString();
            _pending.Clear();
            return new BuildLogChunk { BuildId = _build, Sequence = _sequence, Text = text, At = _time.GetUtcNow() };
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _timer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock)
        {
            TellDropped();
        }
        await FlushLastAsync();
        _ended.Dispose();
        _flushing.Dispose();
    }

    // What was said last is what explains how a step ended.
    private void TellDropped()
    {
        if (_dropped > 0)
        {
            _pending.Append(string.Create(CultureInfo.InvariantCulture, $"… {_dropped} more lines were not kept: a log has at most {_limit / 1024 / 1024} MB. These are the last ones:\n"));
            _pending.AppendJoin('\n', _tail.TakeLast(20)).Append('\n');
            _dropped = 0;
        }
    }

    private async Task FlushLastAsync()
    {
        var began = _time.GetTimestamp();
        using var timer = new PeriodicTimer(FlushEvery, _time);
        while (true)
        {
            try
            {
                await FlushAsync(CancellationToken.None);
                return;
            }
            catch (LeaseLostException)
            {
                // The worker that has the build now writes its log.
                return;
            }
            catch (Exception e) when (IsAway(e) && _time.GetElapsedTime(began) < LastTry)
            {
                await timer.WaitForNextTickAsync();
            }
        }
    }

    private void Add(string line, bool always)
    {
        line = line.Replace("\0", "", StringComparison.Ordinal);
        line = _mask.Apply(line.Length > LineChars ? line[..LineChars] + SecretMask.Cut : line);
        lock (_lock)
        {
            _tail.Enqueue(line);
            if (_tail.Count > KeptTail)
            {
                _tail.Dequeue();
            }
            if ((!always && _written > _limit) || _pending.Length > WaitingChars)
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
            catch (LeaseLostException)
            {
                return;
            }
            catch (Exception e) when (IsAway(e))
            {
                // Tried again with the next tick.
                continue;
            }
        }
    }

    private static bool IsAway(Exception e) => e is DbUpdateException or Npgsql.NpgsqlException or TimeoutException or InvalidOperationException { InnerException: Npgsql.NpgsqlException };
}
