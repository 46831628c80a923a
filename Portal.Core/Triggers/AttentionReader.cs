using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Releases;
using Portal.Core.Triggers.Previews;

namespace Portal.Core.Triggers;

public enum AttentionKind
{
    /// <summary>An environment whose status is a failure or a warning.</summary>
    Status,

    /// <summary>A push that could not be decided, and no later one of its branch was.</summary>
    FailedPush,

    /// <summary>Pushes that no worker has decided for long.</summary>
    WaitingPush,

    /// <summary>The webhook worked once; the newest commits came without it.</summary>
    QuietWebhook,

    /// <summary>A pull request of a fork, of which nothing runs before somebody approves it.</summary>
    Unapproved,
}

/// <summary>One thing that needs a person.</summary>
/// <param name="Environment">Null where it is about the whole app.</param>
public sealed record Attention(AttentionKind Kind, string App, string? Environment, Severity Severity, string Title, string Next);

/// <param name="Items">The gravest first, at most <see cref="AttentionReader.Shown"/>.</param>
/// <param name="Total">Of all apps of the team, not only of those that a page shows.</param>
public sealed record AttentionList(IReadOnlyList<Attention> Items, int Total);

/// <summary>What in a team needs a person: failing environments, pushes that failed, wait, or came without their webhook.</summary>
public sealed class AttentionReader(IDbContextFactory<PortalDbContext> contexts, TimeProvider time)
{
    public const int Shown = 5;

    /// <summary>A push that failed longer ago is history.</summary>
    private static readonly TimeSpan Recent = TimeSpan.FromDays(7);

    /// <summary>Deciding takes seconds.</summary>
    private static readonly TimeSpan LongWait = TimeSpan.FromMinutes(2);

    private const int MostPushes = 100;

    public async Task<AttentionList> ReadAsync(Actor actor, string team, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var owner = await db.FindTeamAsync(actor, team, Permission.ViewTeam, cancellationToken);
        var now = time.GetUtcNow();
        var pushes = new List<Attention>();
        pushes.AddRange(await FailedAsync(db, owner.Id, now - Recent, cancellationToken));
        pushes.AddRange(await WaitingAsync(db, owner.Id, now - LongWait, cancellationToken));
        pushes.AddRange(await QuietAsync(db, owner.Id, now - Recent, cancellationToken));
        pushes.AddRange(await UnapprovedAsync(db, owner.Id, cancellationToken));
        var failing = await StatusesAsync(db, owner.Id, AppReader.Fails, Shown, cancellationToken);
        var warned = failing.Count >= Shown ? [] : await StatusesAsync(db, owner.Id, AppReader.Warns, Shown - failing.Count, cancellationToken);
        var total = await db.Set<AppEnvironment>().CountAsync(e => e.TeamId == owner.Id && e.Kind != EnvironmentKind.Preview && e.DeletedAt == null
            && (EF.Functions.JsonContains(e.Status!, AppReader.Fails) || EF.Functions.JsonContains(e.Status!, AppReader.Warns)), cancellationToken);
        return new AttentionList([.. failing.Concat(warned).Concat(pushes).OrderBy(a => a.Severity == Severity.Error ? 0 : 1).Take(Shown)], total + pushes.Count);
    }

    private static async Task<IReadOnlyList<Attention>> StatusesAsync(PortalDbContext db, Guid team, string severity, int most, CancellationToken cancellationToken)
    {
        var rows = await (from e in db.Set<AppEnvironment>().AsNoTracking()
                          join a in db.Set<App>().AsNoTracking() on e.AppId equals a.Id
                          where e.TeamId == team && e.Kind != EnvironmentKind.Preview && e.DeletedAt == null && a.DeletedAt == null && EF.Functions.JsonContains(e.Status!, severity)
                          orderby e.Slug == Addresses.Production ? 0 : 1, a.Slug, e.Slug
                          select new { App = a.Slug, Environment = e }).Take(most).ToListAsync(cancellationToken);
        return rows.Select(r =>
        {
            var status = AppReader.StatusOf(r.Environment);
            return new Attention(AttentionKind.Status, r.App, r.Environment.Slug, status.Severity, status.Title, status.Next);
        }).ToList();
    }

    private static async Task<IEnumerable<Attention>> FailedAsync(PortalDbContext db, Guid team, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var rows = await (from p in db.Set<Push>().AsNoTracking()
                          join a in db.Set<App>() on p.AppId equals a.Id
                          where p.TeamId == team && a.DeletedAt == null && p.State == PushState.Failed && p.ReceivedAt > since
                              && !db.Set<Push>().Any(later => later.AppId == p.AppId && later.Ref == p.Ref && later.State == PushState.Decided && later.ReceivedAt > p.ReceivedAt)
                          orderby p.ReceivedAt descending
                          select new
                          {
                              App = a.Slug,
                              p.Ref,
                              Reason = db.Set<PushDecision>().Where(d => d.PushId == p.Id).OrderBy(d => d.EnvironmentId).Select(d => d.Reason).FirstOrDefault(),
                          }).Take(MostPushes).ToListAsync(cancellationToken);
        return rows.DistinctBy(r => (r.App, r.Ref)).Select(r => new Attention(AttentionKind.FailedPush, r.App, null, Severity.Error,
            $"A push to {Short(r.Ref)} was {r.Reason ?? "not deployed"}", "Push again, or deliver the webhook again, once the reason is gone."));
    }

    private static async Task<IEnumerable<Attention>> WaitingAsync(PortalDbContext db, Guid team, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var rows = await (from p in db.Set<Push>().AsNoTracking()
                          join a in db.Set<App>() on p.AppId equals a.Id
                          where p.TeamId == team && a.DeletedAt == null && p.State == PushState.Received && p.ReceivedAt < before
                          group p by a.Slug into waiting
                          select new { App = waiting.Key, Count = waiting.Count() }).Take(MostPushes).ToListAsync(cancellationToken);
        return rows.Select(r => new Attention(AttentionKind.WaitingPush, r.App, null, Severity.Warning,
            r.Count == 1 ? "A push waits to be decided" : $"{r.Count} pushes wait to be decided", "Nothing is lost; an admin sees under Admin → System why the worker is late."));
    }

    private static async Task<IEnumerable<Attention>> QuietAsync(PortalDbContext db, Guid team, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var rows = await (from a in db.Set<App>().AsNoTracking()
                          where a.TeamId == team && a.DeletedAt == null && a.SourceKind == SourceKind.Git && a.WebhookVerifiedAt != null
                          let told = db.Set<Push>().Where(p => p.AppId == a.Id && p.Source == PushSource.Webhook).Max(p => (DateTimeOffset?)p.ReceivedAt)
                          let found = db.Set<Push>().Count(p => p.AppId == a.Id && p.Source == PushSource.Reconciler && p.ReceivedAt > since && (told == null || p.ReceivedAt > told))
                          where found > 0
                          orderby a.Slug
                          select new { App = a.Slug, Found = found }).Take(MostPushes).ToListAsync(cancellationToken);
        return rows.Select(r => new Attention(AttentionKind.QuietWebhook, r.App, null, Severity.Warning,
            r.Found == 1 ? "A push came without its webhook; Portal found it later" : $"{r.Found} pushes came without their webhook; Portal found them later",
            "Look at the webhook's deliveries at the git host: its address or secret may have changed."));
    }

    private static async Task<IEnumerable<Attention>> UnapprovedAsync(PortalDbContext db, Guid team, CancellationToken cancellationToken)
    {
        var rows = await (from p in db.Set<Preview>().AsNoTracking()
                          join a in db.Set<App>() on p.AppId equals a.Id
                          where p.TeamId == team && a.DeletedAt == null && p.State == PreviewState.Waiting
                          orderby p.ActiveAt descending
                          select new { App = a.Slug, p.Number, p.Title }).Take(MostPushes).ToListAsync(cancellationToken);
        return rows.Select(r => new Attention(AttentionKind.Unapproved, r.App, null, Severity.Warning, $"Pull request {r.Number} of a fork waits for approval", $"“{r.Title}”: read the commit, then approve it on the app's overview."));
    }

    private static string Short(string? full) => full?.Split('/', 3) is [_, _, var name] ? name : full ?? "the repository";
}
