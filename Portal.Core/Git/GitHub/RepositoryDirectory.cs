using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;

namespace Portal.Core.Git.GitHub;

/// <param name="FullName"><c>owner/name</c>; what GitHub says, encoded on output.</param>
/// <param name="Host">Of the connection: <c>github.com</c>.</param>
public sealed record RepositoryRow(Guid ConnectionId, long RepositoryId, string FullName, string Host, string? Language, bool IsPrivate, bool IsArchived, string? DefaultBranch, DateTimeOffset? PushedAt);

/// <summary>What a team may choose from.</summary>
/// <param name="Total">How many fit the search.</param>
/// <param name="All">How many there are without it.</param>
/// <param name="ListedAt">The oldest list among those of its accounts; null while one is still being read for the first time.</param>
/// <param name="IsConnected">Some connection exists, whether or not this team may use it.</param>
public sealed record RepositoryChoice(IReadOnlyList<RepositoryRow> Rows, int Total, int All, DateTimeOffset? ListedAt, bool IsConnected);

/// <summary>The repositories that connections cover, for those teams that may use them.</summary>
public sealed class RepositoryDirectory : IRepositoryDirectory
{
    public const int MostRows = 50;
    private const int MostSearch = 100;

    /// <summary>A list that is older is read anew when somebody opens it.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);

    private readonly IDbContextFactory<PortalDbContext> _contexts;
    private readonly GitHubTokens _tokens;
    private readonly JobQueue _jobs;
    private readonly TimeProvider _time;

    internal RepositoryDirectory(IDbContextFactory<PortalDbContext> contexts, GitHubTokens tokens, JobQueue jobs, TimeProvider time) =>
        (_contexts, _tokens, _jobs, _time) = (contexts, tokens, jobs, time);

    /// <summary>Newest pushes first; every word of the search must be part of the name.</summary>
    public async Task<RepositoryChoice> SearchAsync(Actor actor, string team, string? search, CancellationToken cancellationToken)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        var owner = await db.FindTeamAsync(actor, team, Permission.CreateApp, cancellationToken);
        var allowed = Allowed(db, owner.Id);
        var query = from r in db.Set<GitRepository>()
                    join i in allowed on new { r.ConnectionId, r.InstallationId } equals new { i.ConnectionId, i.InstallationId }
                    join c in db.Set<GitConnection>() on r.ConnectionId equals c.Id
                    select new { Repository = r, c.WebUrl };
        var all = await query.CountAsync(cancellationToken);
        var words = (search ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(5).ToList();
        foreach (var word in words.Select(w => $"%{Escape(w.Length <= MostSearch ? w : w[..MostSearch])}%"))
        {
            query = query.Where(r => EF.Functions.ILike(r.Repository.FullName, word, "\\"));
        }
        var total = words.Count == 0 ? all : await query.CountAsync(cancellationToken);
        var rows = await query.OrderBy(r => r.Repository.IsArchived).ThenByDescending(r => r.Repository.PushedAt ?? DateTimeOffset.MinValue).ThenBy(r => r.Repository.RepositoryId)
            .Take(MostRows).AsNoTracking().ToListAsync(cancellationToken);
        var listed = await allowed.Select(i => i.ListedAt).ToListAsync(cancellationToken);
        return new RepositoryChoice([.. rows.Select(r => Row(r.Repository, r.WebUrl))], total, all,
            listed.Count == 0 || listed.Contains(null) ? null : listed.Min(), listed.Count > 0 || await db.Set<GitConnection>().AnyAsync(cancellationToken));
    }

    /// <summary>Reads lists anew that are not fresh; open pages hear of it.</summary>
    public async Task RefreshAsync(Actor actor, string team, CancellationToken cancellationToken)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        var owner = await db.FindTeamAsync(actor, team, Permission.CreateApp, cancellationToken);
        var before = _time.GetUtcNow() - Fresh;
        var stale = await Allowed(db, owner.Id).Where(i => i.ListedAt == null || i.ListedAt < before).OrderBy(i => i.ListedAt).Take(20).Select(i => new { i.ConnectionId, i.InstallationId }).ToListAsync(cancellationToken);
        if (stale.Count > 0)
        {
            stale.ForEach(i => _jobs.Enqueue(db, ConnectionSync.JobOf(i.ConnectionId, i.InstallationId)));
            await db.SaveAsync(cancellationToken);
        }
    }

    public async Task<FoundRepository> FindAsync(PortalDbContext db, Guid team, Guid? connection, string fullName, CancellationToken cancellationToken)
    {
        var rows = await (from r in db.Set<GitRepository>()
                          join i in Allowed(db, team) on new { r.ConnectionId, r.InstallationId } equals new { i.ConnectionId, i.InstallationId }
                          join c in db.Set<GitConnection>() on r.ConnectionId equals c.Id
                          where (connection == null || c.Id == connection) && EF.Functions.ILike(r.FullName, Escape(fullName), "\\")
                          select new { Repository = r, Connection = c }).AsNoTracking().Take(2).ToListAsync(cancellationToken);
        return rows switch
        {
            [var row] => new FoundRepository(row.Connection.Id, row.Repository.InstallationId, row.Repository.RepositoryId, GitHubWords.CloneUrl(row.Connection, row.Repository.FullName), row.Repository.DefaultBranch),
            [] => throw PortalException.Invalid("source.repository", "No connected GitHub offers this repository to the team. Choose one of the list, or let an admin install the App for it."),
            _ => throw PortalException.Invalid("source.connection", "Several connections have a repository of this name; say which one."),
        };
    }

    /// <summary>A repository that there is no app of yet, opened for reading.</summary>
    public async Task<GitSource> OpenAsync(PortalDbContext db, Guid team, Guid? connection, string fullName, CancellationToken cancellationToken)
    {
        var found = await FindAsync(db, team, connection, fullName, cancellationToken);
        var host = await db.Set<GitConnection>().AsNoTracking().SingleAsync(c => c.Id == found.ConnectionId, cancellationToken);
        return new GitSource(SourceKind.GitHub, Guid.Empty, found.Url)
        {
            Access = new GitAccess(token => _tokens.MintAsync(host, found.InstallationId, found.RepositoryId, GitHubUse.Code, token), _time),
        };
    }

    private static IQueryable<GitInstallation> Allowed(PortalDbContext db, Guid team) =>
        db.Set<GitInstallation>().Where(i => i.RemovedAt == null && i.SuspendedAt == null
            && (i.ForEveryTeam || db.Set<GitInstallationTeam>().Any(t => t.ConnectionId == i.ConnectionId && t.InstallationId == i.InstallationId && t.TeamId == team)));

    private static RepositoryRow Row(GitRepository r, string webUrl) =>
        new(r.ConnectionId, r.RepositoryId, r.FullName, new Uri(webUrl).Host, r.Language, r.IsPrivate, r.IsArchived, r.DefaultBranch, r.PushedAt);

    private static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);
}
