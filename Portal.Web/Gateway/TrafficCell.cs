using Portal.Core.Releases;

namespace Portal.Web.Gateway;

/// <summary>Counters of one environment and release since they were last taken. Lock-free: each request adds three numbers.</summary>
internal sealed class TrafficCell(Guid environmentId, int releaseVersion)
{
    private readonly long[] _durations = new long[TrafficBuckets.Count];
    private long _requests;
    private long _errors;

    public Guid EnvironmentId { get; } = environmentId;

    public int ReleaseVersion { get; } = releaseVersion;

    /// <param name="duration">Null for streams and web sockets: how long they stay says nothing about how fast the app is.</param>
    public void Record(TimeSpan? duration, bool error)
    {
        Interlocked.Increment(ref _requests);
        if (error)
        {
            Interlocked.Increment(ref _errors);
        }
        if (duration is { } measured)
        {
            Interlocked.Increment(ref _durations[TrafficBuckets.IndexOf(measured)]);
        }
    }

    /// <summary>Takes what was counted and starts at zero; null when nothing was.</summary>
    public (long Requests, long Errors, long[] Durations)? Take()
    {
        var requests = Interlocked.Exchange(ref _requests, 0);
        var errors = Interlocked.Exchange(ref _errors, 0);
        var durations = new long[_durations.Length];
        for (var i = 0; i < durations.Length; i++)
        {
            durations[i] = Interlocked.Exchange(ref _durations[i], 0);
        }
        return requests == 0 && errors == 0 && Array.TrueForAll(durations, count => count == 0) ? null : (requests, errors, durations);
    }
}
