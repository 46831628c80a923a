using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Live;

namespace Portal.Core.Triggers.Previews;

/// <param name="Address">Where it answers, once it does; null when it is gone.</param>
/// <param name="Status">Of its environment.</param>
/// <param name="Link">To the pull request.</param>
public sealed record PreviewView(Preview Preview, string? Environment, string? Address, Status? Status, string Link)
{
    public bool NeedsApproval => Preview.State == PreviewState.Waiting;
}

/// <summary>What people decide about previews: whether an app has them, which commit of a fork may run, and when one is enough.</summary>
public sealed class PreviewService
{
    private readonly IDbContextFactory<PortalDbContext> _contexts;
    private readonly PreviewHandler _handler;
    private readonly AuditTrail _audit;
    private readonly JobQueue _jobs;
    private readonly Addresses _addresses;
    private readonly TimeProvider _time;

    internal PreviewService(IDbContextFactory<PortalDbContext> contexts, PreviewHandler handler, AuditTrail audit, JobQueue jobs, Addresses addresses, TimeProvider time) =>
        (_contexts, _handler, _audit, _jobs, _addresses, _time) = (contexts, handler, audit, jobs, addresses, time);

    /// <summary>Those that are, newest first, then the last few that were.</summary>
    public async Task<IReadOnlyList<PreviewView>> ListAsync(Actor actor, AppPath path, CancellationToken cancellationToken)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, path, Permission.ViewApp, cancellationToken);
        var rows = await (from p in db.Set<Preview>().AsNoTracking()
                          where p.AppId == found.App.Id
                          join e in db.Set<AppEnvironment>().AsNoTracking().Where(e => e.DeletedAt == null) on p.EnvironmentId equals e.Id into environments
                          from e in environments.DefaultIfEmpty()
                          orderby p.State == PreviewState.Removed, p.Number descending
                          select new { Preview = p, Environment = e }).Take(100).ToListAsync(cancellationToken);
        var web = found.App.SourceUrl is { } url && url.EndsWith(".git", StringComparison.Ordinal) ? url[..^4] : found.App.SourceUrl;
        return [.. rows.Select(r => new PreviewView(r.Preview, r.Environment?.Slug, r.Environment is null ? null : _addresses.Of(found.Team.Slug, found.App.Slug, r.Environment.Slug),
            CoreJson.Read<Status>(r.Environment?.Status), string.Create(CultureInfo.InvariantCulture, $"{web}/pull/{r.Preview.Number}")))];
    }

    /// <param name="idleDays">1–90; null turns previews off and removes those that run.</param>
    public async Task SetAsync(Actor actor, AppPath path, int? idleDays, CancellationToken cancellationToken)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, path, Permission.EditApp, cancellationToken);
        new FieldErrors()
            .Add("idleDays", idleDays is < 1 or > 90 ? "Give 1 to 90 days." : null)
            .Add("previews", found.App.SourceKind != SourceKind.GitHub && idleDays is not null ? "Previews follow pull requests of a connected GitHub; this app's code is elsewhere." : null)
            .ThrowIfAny();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var app = (await db.LockAsync<App>(found.App.Id, cancellationToken))!;
        var before = app.Previews;
        app.Previews = idleDays is { } days ? new PreviewSettings(days) : null;
        if (app.Previews is not null && !await db.Set<AppEnvironment>().AnyAsync(e => e.AppId == app.Id && e.Kind == EnvironmentKind.PreviewTemplate, cancellationToken))
        {
            if (await db.Set<AppEnvironment>().AnyAsync(e => e.AppId == app.Id && e.Slug == Addresses.PreviewTemplate, cancellationToken))
            {
                throw PortalException.Conflict($"The app has an environment “{Addresses.PreviewTemplate}” of its own; previews need this name for their variables.");
            }
            var now = _time.GetUtcNow();
            db.Add(new AppEnvironment
            {
                Id = Guid.CreateVersion7(now),
                AppId = app.Id,
                TeamId = app.TeamId,
                Slug = Addresses.PreviewTemplate,
                Kind = EnvironmentKind.PreviewTemplate,
                DeployOn = [],
                CreatedAt = now,
                StatusAt = now,
                Status = CoreJson.Write(Status.Of(Severity.Asleep, "Previews take their variables from here")),
            });
        }
        foreach (var number in await db.Set<Preview>().Where(p => p.AppId == app.Id && p.State != PreviewState.Removed).Select(p => p.Number).ToListAsync(cancellationToken))
        {
            _jobs.Enqueue(db, PreviewHandler.JobOf(app.Id, app.TeamId, number));
        }
        _audit.Record(db, actor, "app.previews", found.Path, found.Team.Id, app.Id, before: before, after: app.Previews);
        db.Signal(LiveTopics.App, app.Id);
        await db.SaveAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Lets one commit of a fork run. A newer commit asks again.</summary>
    /// <param name="commit">The one that the person read: full, or at least its first seven digits.</param>
    public async Task ApproveAsync(Actor actor, AppPath path, int number, string? commit, CancellationToken cancellationToken)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, path, Permission.Deploy, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.LockAsync<App>(found.App.Id, cancellationToken);
        var preview = await FindAsync(db, found.App, number, cancellationToken);
        if (commit is not { Length: >= 7 and <= 64 } || !commit.All(char.IsAsciiHexDigit))
        {
            throw PortalException.Invalid("commit", "Name the commit that you read, at least its first seven digits.");
        }
        if (!preview.IsFork || preview.State == PreviewState.Removed)
        {
            throw PortalException.Conflict("There is nothing to approve: only previews of forks ask for it.");
        }
        if (!preview.Head.StartsWith(commit, StringComparison.OrdinalIgnoreCase))
        {
            throw PortalException.Conflict($"The pull request has a newer commit, {preview.Head[..7]}. Read that one first.");
        }
        (preview.ApprovedCommit, preview.ApprovedBy, preview.ActiveAt) = (preview.Head, actor.Name, _time.GetUtcNow());
        _jobs.Enqueue(db, PreviewHandler.JobOf(found.App.Id, found.Team.Id, number));
        _audit.Record(db, actor, "preview.approve", string.Create(CultureInfo.InvariantCulture, $"{found.Path} pr-{number}"), found.Team.Id, found.App.Id, after: new { preview.Head, preview.Author });
        db.Signal(LiveTopics.App, found.App.Id);
        await db.SaveAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Ends one; a new commit of its pull request makes another.</summary>
    public async Task RemoveAsync(Actor actor, AppPath path, int number, CancellationToken cancellationToken)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, path, Permission.Deploy, cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.LockAsync<App>(found.App.Id, cancellationToken);
        var preview = await FindAsync(db, found.App, number, cancellationToken);
        if (preview.State == PreviewState.Removed)
        {
            throw PortalException.Conflict("This preview is gone already.");
        }
        await _handler.RemoveAsync(db, found.App, preview, $"Removed by {actor.Name}.", actor, cancellationToken);
        await db.SaveAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<Preview> FindAsync(PortalDbContext db, App app, int number, CancellationToken cancellationToken) =>
        await db.Set<Preview>().SingleOrDefaultAsync(p => p.AppId == app.Id && p.Number == number, cancellationToken) ?? throw PortalException.NotFound("preview");
}
