using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Releases;
using Portal.Core.Teams;
using Portal.Core.Triggers;

namespace Portal.Web.Components.Pages.AppList;

/// <summary>One row of the Apps page.</summary>
/// <param name="Traffic">Null without a request in 24 hours.</param>
public sealed record AppLine(AppRow Row, AppTraffic? Traffic)
{
    public Status Status => Row.Status;

    public long Requests => Traffic?.Hours.Sum(t => t.Requests) ?? 0;
}

/// <summary>What the Apps page shows: the rows, and on top what needs a person, of all the team's apps.</summary>
public sealed record AppsModel(Team Team, IReadOnlyList<AppLine> Lines, AttentionList Needing, string? Next, bool IsFiltered, bool MayCreate)
{
    public const string Failing = "failing";

    /// <summary>Rows of one page; with more apps people search.</summary>
    public const int Shown = 100;

    public static AppsModel Of(Team team, Actor actor, Page<AppRow> page, IReadOnlyDictionary<Guid, AppTraffic> traffic, AttentionList needing, string? search, string? status) =>
        new(team, Join(page.Items, traffic), needing, page.Next, !string.IsNullOrWhiteSpace(search) || status == Failing,
            AccessPolicy.Allows(actor, Permission.CreateApp, Resource.Team(team.Id)));

    public AppsModel With(IReadOnlyDictionary<Guid, AppTraffic> traffic) => this with { Lines = Join(Lines.Select(l => l.Row), traffic) };

    /// <summary>Where a line of the strip leads.</summary>
    public string HrefOf(Attention attention) => attention.Kind switch
    {
        AttentionKind.Status when attention.Environment is { } environment and not Addresses.Production => $"/{Team.Slug}/{attention.App}?env={environment}",
        AttentionKind.Status or AttentionKind.Unapproved => $"/{Team.Slug}/{attention.App}",
        _ => $"/{Team.Slug}/activity?kind=pushes&app={attention.App}",
    };

    private static IReadOnlyList<AppLine> Join(IEnumerable<AppRow> rows, IReadOnlyDictionary<Guid, AppTraffic> traffic) =>
        rows.Select(row => new AppLine(row, traffic.GetValueOrDefault(row.App.Id))).ToList();
}
