using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Variables;

namespace Portal.Core.Triggers;

/// <param name="Environment">Null when the push concerned no environment.</param>
public sealed record DecisionView(string? Environment, bool Deploys, string Reason, int? BuildNumber, BuildState? BuildState);

/// <summary>One accepted delivery with what it meant; <see cref="Decisions"/> is empty until the worker decided.</summary>
public sealed record PushView(Guid Id, string App, PushSource Source, string EventName, string? Ref, string? Before, string? After, string? PushedBy,
    string? Message, DateTimeOffset ReceivedAt, PushState State, int Times, IReadOnlyList<DecisionView> Decisions);

/// <summary>One delivery as it came in.</summary>
/// <param name="DeliveryKey">What the sender calls it, or Portal for its own.</param>
/// <param name="Host">"GitHub"; null when it came by git or was found.</param>
/// <param name="UsedPreviousSecret">The sender still knows only the secret before the last change.</param>
/// <param name="LastTry">Why it is still not decided, after a try that failed.</param>
/// <param name="NextTry">When it is tried again.</param>
/// <param name="Headers">Without proofs; attacker-controlled.</param>
/// <param name="Body">The app's secrets hidden, JSON in lines; null when none was kept. Attacker-controlled.</param>
public sealed record PushDetail(PushView Push, string DeliveryKey, string? Host, bool UsedPreviousSecret, IReadOnlyDictionary<string, string> Headers, string? Body, bool BodyIsCut,
    string? LastTry = null, DateTimeOffset? NextTry = null);

/// <summary>Inbound deliveries with the decision per environment and its reason. Follow with <c>LiveTopics.Activity</c> and the team's id.</summary>
public sealed class PushReader(IDbContextFactory<PortalDbContext> contexts, VariableStore variables)
{
    /// <summary>Characters of a body that are shown.</summary>
    private const int MostBody = 64 * 1024;

    private static readonly JsonSerializerOptions Lines = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Newest first, of a whole team or of one app.</summary>
    public async Task<Page<PushView>> ListAsync(Actor actor, string team, string? app, PageRequest page, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        Guid teamId;
        Guid? appId = null;
        if (app is null)
        {
            teamId = (await db.FindTeamAsync(actor, team, Permission.ViewTeam, cancellationToken)).Id;
        }
        else
        {
            var found = await db.FindAppAsync(actor, new AppPath(team, app), Permission.ViewApp, cancellationToken);
            (teamId, appId) = (found.Team.Id, found.App.Id);
        }
        var last = TimeCursor.Parse(page.After);
        var pushes = from p in db.Set<Push>().AsNoTracking()
                     join a in db.Set<App>() on p.AppId equals a.Id
                     where p.TeamId == teamId && a.DeletedAt == null && (appId == null || p.AppId == appId)
                         && EF.Functions.LessThan(ValueTuple.Create(p.ReceivedAt, p.Id), ValueTuple.Create(last.At, last.Id))
                     orderby p.ReceivedAt descending, p.Id descending
                     select p;
        var items = await ViewsAsync(db, pushes.Take(page.Limit + 1), cancellationToken);
        return new Page<PushView>(items.Take(page.Limit).ToList(),
            items.Count > page.Limit ? new TimeCursor(items[page.Limit - 1].ReceivedAt, items[page.Limit - 1].Id).ToString() : null);
    }

    public async Task<PushDetail> GetAsync(Actor actor, AppPath path, Guid id, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, path, Permission.ViewApp, cancellationToken);
        var row = await db.Set<Push>().AsNoTracking().Where(p => p.Id == id && p.AppId == found.App.Id)
            .Select(p => new { p.DeliveryKey, p.Headers, p.Body }).SingleOrDefaultAsync(cancellationToken) ?? throw PortalException.NotFound("push");
        var view = (await ViewsAsync(db, db.Set<Push>().AsNoTracking().Where(p => p.Id == id), cancellationToken))[0];
        var job = view.State != PushState.Received ? null : await db.Set<Job>().Where(j => j.Kind == JobKinds.Push && j.Key == found.App.Id.ToString() && j.State == JobState.Queued && j.Reason != null)
            .Select(j => new { j.Reason, j.RunAfter }).FirstOrDefaultAsync(cancellationToken);
        var about = CoreJson.Read<PushHeaders>(row.Headers);
        var mask = new SecretMask(await variables.SecretValuesOfAppAsync(db, found.App.Id, cancellationToken));
        var body = row.Body is { Length: > 0 } bytes ? mask.Apply(Readable(bytes)) : null;
        return new PushDetail(view, row.DeliveryKey, about?.Host, about?.Secret == PushHeaders.Previous,
            (about?.Headers ?? []).ToDictionary(h => h.Key, h => mask.Apply(h.Value)), body?.Length > MostBody ? body[..MostBody] : body, body?.Length > MostBody, job?.Reason, job?.RunAfter);
    }

    private static string Readable(byte[] body)
    {
        try
        {
            return JsonSerializer.Serialize(JsonSerializer.Deserialize<JsonElement>(body), Lines);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return Encoding.UTF8.GetString(body);
        }
    }

    /// <summary>The pushes with their decisions, newest first, in two queries and without their bodies.</summary>
    internal static async Task<IReadOnlyList<PushView>> ViewsAsync(PortalDbContext db, IQueryable<Push> which, CancellationToken cancellationToken)
    {
        var pushes = await (from p in which
                            join a in db.Set<App>() on p.AppId equals a.Id
                            orderby p.ReceivedAt descending, p.Id descending
                            select new
                            {
                                p.Id,
                                App = a.Slug,
                                p.Source,
                                p.EventName,
                                p.Ref,
                                p.Before,
                                p.After,
                                p.PushedBy,
                                p.Message,
                                p.ReceivedAt,
                                p.State,
                                p.Times,
                            }).ToListAsync(cancellationToken);
        var ids = pushes.Select(p => p.Id).ToList();
        var decisions = (await (from d in db.Set<PushDecision>().AsNoTracking()
                                where ids.Contains(d.PushId)
                                join e in db.Set<AppEnvironment>() on d.EnvironmentId equals e.Id into environments
                                from e in environments.DefaultIfEmpty()
                                join b in db.Set<Build>() on d.BuildId equals b.Id into builds
                                from b in builds.DefaultIfEmpty()
                                select new
                                {
                                    d.PushId,
                                    View = new DecisionView(e == null ? null : e.Slug, d.Deploys, d.Reason, b == null ? null : b.Number, b == null ? null : b.State),
                                }).ToListAsync(cancellationToken)).ToLookup(d => d.PushId, d => d.View);
        return pushes.Select(p => new PushView(p.Id, p.App, p.Source, p.EventName, p.Ref, p.Before, p.After, p.PushedBy, p.Message,
            p.ReceivedAt, p.State, p.Times, decisions[p.Id].OrderBy(d => d.Environment, StringComparer.Ordinal).ToList())).ToList();
    }
}
