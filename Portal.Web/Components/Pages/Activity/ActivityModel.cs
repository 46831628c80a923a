using Portal.Core.Common;
using Portal.Core.Teams;
using Portal.Core.Triggers;

namespace Portal.Web.Components.Pages.Activity;

/// <summary>A line of the timeline: one entry, or several acts of one kind that somebody did in one go.</summary>
public sealed record ActivityItem(ActivityEntry First, IReadOnlyList<ActivityEntry> Entries)
{
    public string Key => $"{First.Id}";
}

/// <summary>
/// Pushes, releases and people of a team in one timeline, newest first. What comes in while the page is open waits behind
/// "3 new"; what is shown only changes in place.
/// </summary>
/// <param name="Shown">Ids that are on the page; null shows everything.</param>
/// <param name="Complete">Whether a push of the team can be missing.</param>
/// <param name="Apps">The apps of the team, for the filter: at most <see cref="AppsOffered"/>.</param>
public sealed record ActivityModel(Team Team, IReadOnlyList<ActivityEntry> All, IReadOnlySet<Guid>? Shown, Completeness Complete, string? Next, IReadOnlyList<string> Apps)
{
    public const int AppsOffered = 1000;

    /// <summary>A pasted file of variables is one act of many entries.</summary>
    private static readonly TimeSpan OneGo = TimeSpan.FromSeconds(2);

    /// <summary>Of a page that stays open: what is older is read with "Older".</summary>
    private const int Most = 500;

    private IEnumerable<ActivityEntry> Visible => Shown is null ? All : All.Where(e => Shown.Contains(e.Id));

    public IReadOnlyList<ActivityItem> Items
    {
        get
        {
            var items = new List<ActivityItem>();
            foreach (var entry in Visible)
            {
                if (items.Count > 0 && Together(items[^1].Entries[^1], entry))
                {
                    items[^1] = items[^1] with { Entries = [.. items[^1].Entries, entry] };
                }
                else
                {
                    items.Add(new ActivityItem(entry, [entry]));
                }
            }

            return items;
        }
    }

    public int Waiting => Shown is null ? 0 : All.Count(e => !Shown.Contains(e.Id));

    public ActivityModel ShowAll() => this with { Shown = null };

    /// <summary>The same page read again: what is shown stays, what is new waits, and what fell off the end of the new reading is kept.</summary>
    public ActivityModel With(ActivityModel read)
    {
        // On an empty page there is nothing under the pointer that could move.
        if (All.Count == 0)
        {
            return read;
        }

        var known = read.All.Select(e => e.Id).ToHashSet();
        var all = read.All.Concat(All.Where(e => !known.Contains(e.Id) && read.All.Count > 0 && Older(e, read.All[^1]))).Take(Most).ToList();
        return read with { All = all, Shown = Shown ?? All.Select(e => e.Id).ToHashSet(), Next = all.Count < Most ? Next : new TimeCursor(all[^1].At, all[^1].Id).ToString() };
    }

    private static bool Older(ActivityEntry entry, ActivityEntry last) => entry.At < last.At || (entry.At == last.At && entry.Id.CompareTo(last.Id) < 0);

    private static bool Together(ActivityEntry one, ActivityEntry next) =>
        one is ActivityEntry.OfDeed { Deed: var a } && next is ActivityEntry.OfDeed { Deed: var b } && a.Action == b.Action && a.Action.StartsWith("variable.", StringComparison.Ordinal)
        && a.Actor == b.Actor && DeedWords.Place(a) == DeedWords.Place(b) && a.At - b.At <= OneGo;
}
