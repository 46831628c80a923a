using Portal.Core.Apps;
using Portal.Core.Git.GitHub;

namespace Portal.Core.Triggers.Checks;

/// <summary>Whether a built commit may be released: pure, from what others say of it.</summary>
/// <param name="Waits">Not yet known.</param>
/// <param name="Reason">Why it may not, or what is waited for.</param>
internal sealed record CheckVerdict(bool Waits, string? Reason)
{
    public static readonly CheckVerdict Release = new(false, null);

    /// <summary>A commit that nobody has checked by then is not going to be.</summary>
    public static readonly TimeSpan Unchecked = TimeSpan.FromMinutes(2);

    public static readonly TimeSpan Longest = TimeSpan.FromHours(6);

    private const int MostNamed = 3;

    public static CheckVerdict Of(CheckRule rule, IReadOnlyList<CommitCheck> checks, TimeSpan waited)
    {
        var relevant = rule.Names.Count == 0 ? checks : [.. checks.Where(c => rule.Names.Contains(c.Name, StringComparer.OrdinalIgnoreCase))];
        var failed = relevant.Where(c => c.Outcome == CheckOutcome.Failed).Select(c => c.Name).Distinct().ToList();
        if (failed.Count > 0)
        {
            return new CheckVerdict(false, $"Built, but not released: {Named(failed)} failed on this commit.");
        }
        var absent = rule.Names.Where(name => checks.All(c => !c.Name.Equals(name, StringComparison.OrdinalIgnoreCase))).ToList();
        var pending = relevant.Where(c => c.Outcome == CheckOutcome.Pending).Select(c => c.Name).Distinct().Concat(absent).ToList();
        if (pending.Count == 0 && (relevant.Count > 0 || waited >= Unchecked))
        {
            return Release;
        }
        return waited >= Longest
            ? new CheckVerdict(false, $"Built, but not released: {(pending.Count > 0 ? Named(pending) : "the commit's checks")} did not end within {Longest.TotalHours:0} hours. Deploy it by hand to release it all the same.")
            : new CheckVerdict(true, pending.Count > 0 ? $"Built; released when {Named(pending)} passed." : "Built; released when the commit's checks passed.");
    }

    private static string Named(List<string> names) =>
        string.Join(", ", names.Take(MostNamed).Select(n => $"“{n}”")) + (names.Count > MostNamed ? $" and {names.Count - MostNamed} more" : "");
}
