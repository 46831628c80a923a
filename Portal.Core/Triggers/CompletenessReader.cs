using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Triggers;

/// <summary>An outside repository that could not be looked at for long.</summary>
/// <param name="Since">What was pushed after this may be missing.</param>
/// <param name="Problem">Why, when it is known.</param>
public sealed record BehindApp(string App, DateTimeOffset Since, string? Problem);

/// <summary>Whether a push can be missing.</summary>
/// <param name="UpTo">Every repository but those behind was compared with what Portal knows at this time or later.</param>
/// <param name="Undecided">Accepted, and the worker has not decided them yet.</param>
/// <param name="Behind">The longest first, at most <see cref="CompletenessReader.MostBehind"/>.</param>
public sealed record Completeness(DateTimeOffset UpTo, int Undecided, IReadOnlyList<BehindApp> Behind);

/// <summary>
/// Up to when nothing that was pushed to a team's repositories is missing. Pushes to Portal's own repositories are
/// recorded before git says that they succeeded; of others only a look at their heads can tell.
/// </summary>
public sealed class CompletenessReader(IDbContextFactory<PortalDbContext> contexts, PortalOptions options, TimeProvider time)
{
    public const int MostBehind = 20;

    /// <summary>Several looks failed, or nobody looks.</summary>
    private TimeSpan Late => TimeSpan.FromSeconds(Math.Max(600, options.Git.PollSeconds * 3));

    public async Task<Completeness> ReadAsync(Actor actor, string team, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var owner = await db.FindTeamAsync(actor, team, Permission.ViewTeam, cancellationToken);
        var now = time.GetUtcNow();
        var late = now - Late;
        var looks = from a in db.Set<App>()
                    where a.TeamId == owner.Id && a.DeletedAt == null && a.SourceKind != SourceKind.Portal
                    join c in db.Set<HeadCheck>() on a.Id equals c.AppId into checks
                    from c in checks.DefaultIfEmpty()
                    select new { a.Slug, At = c == null ? a.CreatedAt : c.At, a.SourceProblem };
        var behind = await looks.Where(l => l.At < late).OrderBy(l => l.At).ThenBy(l => l.Slug).Take(MostBehind).ToListAsync(cancellationToken);
        var oldest = await looks.Where(l => l.At >= late).MinAsync(l => (DateTimeOffset?)l.At, cancellationToken);
        var undecided = await db.Set<Push>().CountAsync(p => p.TeamId == owner.Id && p.State == PushState.Received, cancellationToken);
        return new Completeness(oldest ?? now, undecided, [.. behind.Select(l => new BehindApp(l.Slug, l.At, l.SourceProblem))]);
    }
}
