using Portal.Core.Releases;
using Portal.Core.Teams;
using Portal.Core.Triggers;

namespace Portal.Web.Components.Pages.Activity;

/// <summary>A line of the time line.</summary>
public abstract record ActivityItem(DateTimeOffset At, string Key, string App)
{
    public sealed record OfPush(PushView Push) : ActivityItem(Push.ReceivedAt, $"p{Push.Id}", Push.App);

    public sealed record OfRelease(TeamRelease Of) : ActivityItem(Of.Release.CreatedAt, $"r{Of.Release.Id}", Of.App);
}

/// <summary>
/// Pushes and releases of a team in one time line, newest first. What comes in while the page is open waits behind
/// "3 new"; what is shown only changes in place.
/// </summary>
/// <param name="Shown">Keys that are on the page; null shows everything.</param>
public sealed record ActivityModel(Team Team, IReadOnlyList<ActivityItem> All, IReadOnlySet<string>? Shown, DateTimeOffset ReadAt, string? Next)
{
    public const string Pushes = "pushes";
    public const string Releases = "releases";

    public IReadOnlyList<ActivityItem> Items => Shown is null ? All : All.Where(i => Shown.Contains(i.Key)).ToList();

    public int Waiting => All.Count - Items.Count;

    public IReadOnlyList<string> Apps => All.Select(i => i.App).Distinct().Order(StringComparer.Ordinal).ToList();

    /// <summary>Deliveries that were accepted and not decided yet.</summary>
    public int Undecided => All.OfType<ActivityItem.OfPush>().Count(p => p.Push.State == PushState.Received);

    public ActivityModel ShowAll() => this with { Shown = null };

    public static IReadOnlyList<ActivityItem> Merge(IEnumerable<PushView> pushes, IEnumerable<TeamRelease> releases, string? search, string? kind, string? app)
    {
        var items = new List<ActivityItem>();
        if (kind != Releases)
        {
            items.AddRange(pushes.Select(p => new ActivityItem.OfPush(p)));
        }

        if (kind != Pushes)
        {
            items.AddRange(releases.Select(r => new ActivityItem.OfRelease(r)));
        }

        return items
            .Where(i => string.IsNullOrEmpty(app) || i.App == app)
            .Where(i => string.IsNullOrWhiteSpace(search) || Texts(i).Any(t => t?.Contains(search.Trim(), StringComparison.OrdinalIgnoreCase) == true))
            .OrderByDescending(i => i.At)
            .ToList();
    }

    private static IEnumerable<string?> Texts(ActivityItem item) => item switch
    {
        ActivityItem.OfPush { Push: var push } => [push.App, push.Ref, push.After, push.PushedBy, push.Message, .. push.Decisions.Select(d => d.Reason)],
        ActivityItem.OfRelease { Of: var of } => [of.App, of.Environment, of.Release.Commit, of.Release.Message, of.Release.Actor, of.Release.Note],
        _ => [],
    };
}
