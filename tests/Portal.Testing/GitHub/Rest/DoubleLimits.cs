using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Portal.Testing.GitHub;

/// <summary>
/// The rate limits: each app, installation and person has an hour's allowance of its own. The secondary limit, which
/// GitHub puts on bursts, begins when a test says so.
/// </summary>
public sealed class DoubleLimits
{
    private static readonly TimeSpan Window = TimeSpan.FromHours(1);

    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Bucket> _buckets = [];
    private int? _left;
    private DateTimeOffset _leftUntil;
    private (DateTimeOffset Until, int Status)? _secondary;

    internal DoubleLimits(TimeProvider time) => _time = time;

    /// <summary>Requests an hour.</summary>
    public int Limit { get; set; } = 5000;

    /// <summary>What each one who asks has left; set, it holds for all until the hour ends.</summary>
    public int Remaining
    {
        get
        {
            lock (_gate)
            {
                return _buckets.Values.Where(b => b.Reset > _time.GetUtcNow()).Select(b => b.Remaining).DefaultIfEmpty(_left ?? Limit).Min();
            }
        }
        set
        {
            lock (_gate)
            {
                _left = value;
                _leftUntil = _time.GetUtcNow() + Window;
                foreach (var bucket in _buckets.Values)
                {
                    (bucket.Remaining, bucket.Reset) = (value, _leftUntil);
                }
            }
        }
    }

    /// <summary>Every request is refused until the time has passed.</summary>
    /// <param name="status">403 or 429: GitHub uses both.</param>
    public void Secondary(TimeSpan retryAfter, int status = 403)
    {
        lock (_gate)
        {
            _secondary = (_time.GetUtcNow() + retryAfter, status);
        }
    }

    /// <summary>Forgets both limits.</summary>
    public void Lift()
    {
        lock (_gate)
        {
            (_left, _secondary) = (null, null);
            _buckets.Clear();
        }
    }

    internal Answer? Refuse(Caller caller, bool counts)
    {
        lock (_gate)
        {
            if (_secondary is { } secondary && secondary.Until > _time.GetUtcNow())
            {
                return Answer.Error(secondary.Status, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to GitHub Support for help, please include the request ID.")
                    .With("Retry-After", ((int)Math.Ceiling((secondary.Until - _time.GetUtcNow()).TotalSeconds)).ToString(CultureInfo.InvariantCulture));
            }
            if (!counts)
            {
                return null;
            }
            var bucket = Of(caller);
            if (bucket.Remaining <= 0)
            {
                return Answer.Error(403, $"API rate limit exceeded for {caller.Key}.");
            }
            bucket.Remaining--;
            return null;
        }
    }

    internal void GiveBack(Caller caller)
    {
        lock (_gate)
        {
            Of(caller).Remaining++;
        }
    }

    internal void Describe(Caller caller, IHeaderDictionary headers)
    {
        var (remaining, reset) = Now(caller);
        headers["X-RateLimit-Limit"] = Limit.ToString(CultureInfo.InvariantCulture);
        headers["X-RateLimit-Remaining"] = remaining.ToString(CultureInfo.InvariantCulture);
        headers["X-RateLimit-Reset"] = reset.ToString(CultureInfo.InvariantCulture);
        headers["X-RateLimit-Used"] = (Limit - remaining).ToString(CultureInfo.InvariantCulture);
        headers["X-RateLimit-Resource"] = "core";
    }

    internal (int Remaining, long Reset) Now(Caller caller)
    {
        lock (_gate)
        {
            var bucket = Of(caller);
            return (bucket.Remaining, bucket.Reset.ToUnixTimeSeconds());
        }
    }

    private Bucket Of(Caller caller)
    {
        var now = _time.GetUtcNow();
        if (!_buckets.TryGetValue(caller.Key, out var bucket) || bucket.Reset <= now)
        {
            bucket = _left is { } left && _leftUntil > now ? new Bucket(left, _leftUntil) : new Bucket(Limit, now + Window);
            _buckets[caller.Key] = bucket;
        }
        return bucket;
    }

    private sealed class Bucket(int remaining, DateTimeOffset reset)
    {
        public int Remaining { get; set; } = remaining;

        public DateTimeOffset Reset { get; set; } = reset;
    }
}
