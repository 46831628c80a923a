using Portal.Core.Access;
using Portal.Core.Common;
using Portal.Core.Releases;
using Portal.Core.Teams;

namespace Portal.Web.Components.Pages.AppList;

/// <summary>One row of the Apps page.</summary>
public sealed record AppLine(AppRow Row, IReadOnlyList<TrafficPoint> Traffic)
{
    public Status Status => Row.Status;

    public bool NeedsSomebody => Status.Severity is Severity.Error or Severity.Warning;

    public long Requests => Traffic.Sum(t => t.Requests);

    /// <summary>"212 requests" or how else it was last called.</summary>
    public DateTimeOffset? LastCalled => Traffic.LastOrDefault(t => t.Requests > 0)?.At;
}

/// <summary>What the Apps page shows: the rows, and on top what needs a person.</summary>
public sealed record AppsModel(Team Team, IReadOnlyList<AppLine> Lines, IReadOnlyList<AppLine> Needing, string? Next, bool IsFiltered, bool MayCreate)
{
    public const string Failing = "failing";

    public static AppsModel Of(Team team, Actor actor, Page<AppRow> page, IReadOnlyDictionary<Guid, IReadOnlyList<TrafficPoint>> traffic, string? search, string? status)
    {
        var lines = page.Items.Select(row => new AppLine(row, traffic.GetValueOrDefault(row.App.Id) ?? [])).ToList();
        var shown = status == Failing ? lines.Where(l => l.NeedsSomebody).ToList() : lines;
        return new AppsModel(team, shown, lines.Where(l => l.NeedsSomebody).ToList(), page.Next,
            !string.IsNullOrWhiteSpace(search) || status == Failing,
            AccessPolicy.Allows(actor, Permission.CreateApp, Resource.Team(team.Id)));
    }
}
