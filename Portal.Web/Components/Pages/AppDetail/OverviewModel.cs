using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Releases;
using Portal.Core.Triggers.Previews;

namespace Portal.Web.Components.Pages.AppDetail;

/// <summary>An app at a glance.</summary>
/// <param name="Recent">The newest releases first.</param>
/// <param name="PushUrl">Of Portal's own repository; null for others.</param>
public sealed record OverviewModel(AppView App, EnvironmentView Environment, AppRights Rights, IReadOnlyList<TrafficPoint> Day, IReadOnlyList<Release> Recent, string? PushUrl) : IAppModel
{
    /// <summary>Of the app's pull requests; null where it has none to show, and on the page of a preview itself.</summary>
    public IReadOnlyList<PreviewView>? Previews { get; init; }

    /// <summary>Nothing was ever pushed: the page shows how to.</summary>
    public bool IsEmpty => Recent.Count == 0 && Environment.LastBuild is null;

    /// <summary>The live release against the one that was live before.</summary>
    public ReleaseComparison? LastChange
    {
        get
        {
            var live = Environment.Live ?? Recent.FirstOrDefault();
            return live is null ? null : ReleaseComparison.Of(Recent.FirstOrDefault(r => r.Version < live.Version && r.LiveAt is not null), live);
        }
    }

    /// <summary>A build that is newer than what runs and needs a look: it is under way or it failed.</summary>
    public Build? NewsFromBuilds =>
        Environment.LastBuild is { State: BuildState.Queued or BuildState.Running or BuildState.Failed } build
        && (Environment.Status.Severity != Severity.Error || (Environment.Live is null && Environment.Desired is null)) ? build : null;

    public long Requests => Day.Sum(p => p.Requests);

    public long Errors => Day.Sum(p => p.Errors);

    /// <summary>The worst quarter of an hour's p95: a number that a quiet night does not hide.</summary>
    public double? WorstP95 => Day.Max(p => p.P95Ms);

    /// <summary>Where in the strip (0 to 1) releases became live.</summary>
    public IEnumerable<(double At, int Version)> Markers()
    {
        if (Day.Count < 2)
        {
            yield break;
        }

        var from = Day[0].At;
        var span = Day[^1].At - from + (Day[1].At - Day[0].At);
        foreach (var release in Recent)
        {
            if (release.LiveAt is { } live && live >= from && live <= from + span)
            {
                yield return ((live - from) / span, release.Version);
            }
        }
    }
}
