using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Releases;

namespace Portal.Core.Triggers;

/// <summary>What the timeline is made of.</summary>
public enum ActivityKind
{
    Pushes,
    Releases,
    People,
}

/// <summary>Which entries; null or empty takes all.</summary>
/// <param name="App">An app's slug.</param>
/// <param name="Search">Part of a commit, a message, a name, a reason.</param>
public sealed record ActivityFilter(ActivityKind? Kind = null, string? App = null, string? Search = null);

/// <summary>A release with the names of where it belongs.</summary>
public sealed record TeamRelease(string App, string Environment, Release Release);

/// <summary>What a person or a program did in the team, from the trail: who and on what, never from where.</summary>
/// <param name="Target">As the trail names it: "shop/api production LOG_LEVEL", "shop Ada".</param>
/// <param name="Role">Of a member or an invitation, where the act was about one; after the act.</param>
/// <param name="RoleBefore">Null when there was none.</param>
/// <param name="Fields">Names of the settings that the act changed; their values are the trail's.</param>
public sealed record Deed(Guid Id, DateTimeOffset At, ActorKind ActorKind, string Actor, string Action, string? App, string Target, TeamRole? Role, TeamRole? RoleBefore,
    IReadOnlyList<string> Fields);

/// <summary>One entry of the timeline.</summary>
public abstract record ActivityEntry(Guid Id, DateTimeOffset At)
{
    public sealed record OfPush(PushView Push) : ActivityEntry(Push.Id, Push.ReceivedAt);

    public sealed record OfRelease(TeamRelease Of) : ActivityEntry(Of.Release.Id, Of.Release.CreatedAt);

    public sealed record OfDeed(Deed Deed) : ActivityEntry(Deed.Id, Deed.At);
}

/// <summary>
/// Pushes, releases and people of one team in a single order, newest first. Follow with <c>LiveTopics.Activity</c> and
/// <see cref="AuditTrail.LiveTopic"/> and the team's id. Acts that only maintainers may see stay with them.
/// </summary>
public sealed class ActivityReader(IDbContextFactory<PortalDbContext> contexts)
{
    /// <summary>What everybody in a team sees of its trail. Releases and pushes have entries of their own.</summary>
    private static readonly string[] ForMembers =
    [
        "add-on.create", "add-on.remove", "app.change", "app.create", "app.delete", "app.webhook-secret", "build.cancel", "deploy.request",
        "environment.change", "environment.create", "environment.delete", "environment.pause", "environment.resume", "invitation.accept",
        "join.accept", "member.add", "member.change", "member.remove", "release.cancel", "team.create", "team.rename", "variable.remove", "variable.set",
    ];

    private static readonly string[] ForMaintainers =
        [.. ForMembers, "invitation.create", "invitation.revoke", "join.ask", "join.decline", "token.create", "token.revoke"];

    public async Task<Page<ActivityEntry>> ListAsync(Actor actor, string team, ActivityFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var owner = await db.FindTeamAsync(actor, team, Permission.ViewTeam, cancellationToken);
        var last = TimeCursor.Parse(page.After);
        var asked = new Asked(owner.Id, last, string.IsNullOrEmpty(filter.App) ? null : filter.App, Pattern(filter.Search), page.Limit + 1);
        var entries = new List<ActivityEntry>();
        if (filter.Kind is null or ActivityKind.Pushes)
        {
            entries.AddRange((await PushReader.ViewsAsync(db, Pushes(db, asked), cancellationToken)).Select(p => new ActivityEntry.OfPush(p)));
        }
        if (filter.Kind is null or ActivityKind.Releases)
        {
            entries.AddRange((await Releases(db, asked).ToListAsync(cancellationToken)).Select(r => new ActivityEntry.OfRelease(r)));
        }
        if (filter.Kind is null or ActivityKind.People)
        {
            var actions = AccessPolicy.Allows(actor, Permission.ManageTeam, Resource.Team(owner.Id)) ? ForMaintainers : ForMembers;
            entries.AddRange(await DeedsAsync(db, asked, actions, cancellationToken));
        }
        // Each list holds its newest rows after the cursor, so the newest of all are among them.
        var ordered = entries.OrderByDescending(e => e.At).ThenByDescending(e => e.Id).ToList();
        return new Page<ActivityEntry>(ordered.Take(page.Limit).ToList(),
            ordered.Count > page.Limit ? new TimeCursor(ordered[page.Limit - 1].At, ordered[page.Limit - 1].Id).ToString() : null);
    }

    private sealed record Asked(Guid Team, TimeCursor Last, string? App, string? Pattern, int Take);

    private static IQueryable<Push> Pushes(PortalDbContext db, Asked asked) =>
        (from p in db.Set<Push>().AsNoTracking()
         join a in db.Set<App>() on p.AppId equals a.Id
         where p.TeamId == asked.Team && a.DeletedAt == null && (asked.App == null || a.Slug == asked.App)
             && EF.Functions.LessThan(ValueTuple.Create(p.ReceivedAt, p.Id), ValueTuple.Create(asked.Last.At, asked.Last.Id))
             && (asked.Pattern == null || EF.Functions.ILike(a.Slug, asked.Pattern) || EF.Functions.ILike(p.Ref!, asked.Pattern) || EF.Functions.ILike(p.After!, asked.Pattern)
                 || EF.Functions.ILike(p.PushedBy!, asked.Pattern) || EF.Functions.ILike(p.Message!, asked.Pattern)
                 || db.Set<PushDecision>().Any(d => d.PushId == p.Id && EF.Functions.ILike(d.Reason, asked.Pattern)))
         orderby p.ReceivedAt descending, p.Id descending
         select p).Take(asked.Take);

    private static IQueryable<TeamRelease> Releases(PortalDbContext db, Asked asked) =>
        (from r in db.Set<Release>().AsNoTracking()
         join e in db.Set<AppEnvironment>() on r.EnvironmentId equals e.Id
         join a in db.Set<App>() on r.AppId equals a.Id
         where r.TeamId == asked.Team && a.DeletedAt == null && (asked.App == null || a.Slug == asked.App)
             && EF.Functions.LessThan(ValueTuple.Create(r.CreatedAt, r.Id), ValueTuple.Create(asked.Last.At, asked.Last.Id))
             && (asked.Pattern == null || EF.Functions.ILike(a.Slug, asked.Pattern) || EF.Functions.ILike(e.Slug, asked.Pattern) || EF.Functions.ILike(r.Commit, asked.Pattern)
                 || EF.Functions.ILike(r.Message!, asked.Pattern) || EF.Functions.ILike(r.Actor, asked.Pattern) || EF.Functions.ILike(r.Reason!, asked.Pattern) || EF.Functions.ILike(r.Note!, asked.Pattern))
         orderby r.CreatedAt descending, r.Id descending
         select new TeamRelease(a.Slug, e.Slug, r)).Take(asked.Take);

    private static async Task<IEnumerable<ActivityEntry>> DeedsAsync(PortalDbContext db, Asked asked, string[] actions, CancellationToken cancellationToken)
    {
        var rows = await (from e in db.Set<AuditEntry>().AsNoTracking()
                          join a in db.Set<App>() on e.AppId equals a.Id into apps
                          from a in apps.DefaultIfEmpty()
                          where e.TeamId == asked.Team && e.Outcome == "done" && actions.Contains(e.Action) && (asked.App == null || a!.Slug == asked.App)
                              && EF.Functions.LessThan(ValueTuple.Create(e.At, e.Id), ValueTuple.Create(asked.Last.At, asked.Last.Id))
                              && (asked.Pattern == null || EF.Functions.ILike(e.ActorName, asked.Pattern) || EF.Functions.ILike(e.Target, asked.Pattern) || EF.Functions.ILike(e.Action, asked.Pattern))
                          orderby e.At descending, e.Id descending
                          select new { Entry = e, App = a == null || a.DeletedAt != null ? null : a.Slug }).Take(asked.Take).ToListAsync(cancellationToken);
        return rows.Select(r => new ActivityEntry.OfDeed(new Deed(r.Entry.Id, r.Entry.At, r.Entry.ActorKind, r.Entry.ActorName, r.Entry.Action, r.App, r.Entry.Target,
            RoleIn(FieldsOf(r.Entry.After)), RoleIn(FieldsOf(r.Entry.Before)), ChangedFields(r.Entry.Before, r.Entry.After))));
    }

    internal static IReadOnlyList<string> ChangedFields(string? before, string? after)
    {
        var (was, became) = (FieldsOf(before), FieldsOf(after));
        return was.Count == 0 ? [] : [.. became.Where(f => was.TryGetValue(f.Key, out var old) ? old != f.Value : true).Select(f => f.Key)];
    }

    private static TeamRole? RoleIn(Dictionary<string, string> fields) =>
        fields.TryGetValue("role", out var role) && Enum.TryParse<TeamRole>(role, ignoreCase: true, out var parsed) ? parsed : null;

    private static Dictionary<string, string> FieldsOf(string? json)
    {
        try
        {
            using var document = JsonDocument.Parse(json ?? "{}");
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.EnumerateObject().GroupBy(p => p.Name).ToDictionary(g => g.Key, g => g.Last().Value.ToString()) : [];
        }
        catch (JsonException)
        {
            // Somebody edited the stored text; the verification of the trail says so.
            return [];
        }
    }

    private static string? Pattern(string? search) => string.IsNullOrWhiteSpace(search) ? null
        : $"%{search.Trim().Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";
}
