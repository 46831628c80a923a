namespace Portal.Core.Releases;

/// <summary>How request durations are counted: one bucket per upper bound, the last one open. Adding minutes up keeps percentiles.</summary>
public static class TrafficBuckets
{
    /// <summary>Upper bounds in milliseconds, each about twice the one before: the p95 is right to that factor and interpolated within.</summary>
    private static readonly int[] UpperMs = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000];

    public static int Count => UpperMs.Length + 1;

    public static int IndexOf(TimeSpan duration)
    {
        var found = Array.BinarySearch(UpperMs, (int)Math.Clamp(Math.Ceiling(duration.TotalMilliseconds), 0, int.MaxValue));
        return found < 0 ? ~found : found;
    }

    /// <summary>Milliseconds below which the given share of the requests stayed; null without requests.</summary>
    /// <param name="counts">Per bucket; a list of another length counts for the buckets it has.</param>
    /// <param name="share">0.95 for the p95.</param>
    public static double? Percentile(IReadOnlyList<long> counts, double share)
    {
        ArgumentNullException.ThrowIfNull(counts);
        var total = counts.Take(Count).Sum();
        if (total <= 0)
        {
            return null;
        }
        var wanted = share * total;
        var seen = 0L;
        for (var i = 0; i < UpperMs.Length && i < counts.Count; i++)
        {
            if (counts[i] > 0 && seen + counts[i] >= wanted)
            {
                var lower = i == 0 ? 0 : UpperMs[i - 1];
                return lower + ((UpperMs[i] - lower) * (wanted - seen) / counts[i]);
            }
            seen += counts[i];
        }
        return UpperMs[^1];
    }
}
