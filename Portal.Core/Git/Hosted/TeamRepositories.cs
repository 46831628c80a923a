using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Data;
using Portal.Core.Teams;

namespace Portal.Core.Git.Hosted;

/// <summary>Which of Portal's own repositories the code of an app may name as a submodule: those of its own team.</summary>
public interface ITeamRepositories
{
    Task<AppPath> PathOfAsync(Guid app, CancellationToken cancellationToken);

    /// <summary>The app at <paramref name="path"/> when it has a repository here and is of the same team as <paramref name="app"/>.</summary>
    Task<Guid?> FindAsync(Guid app, AppPath path, CancellationToken cancellationToken);
}

internal sealed class TeamRepositories(IDbContextFactory<PortalDbContext> contexts) : ITeamRepositories
{
    public async Task<AppPath> PathOfAsync(Guid app, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await (from a in db.Set<App>() join t in db.Set<Team>() on a.TeamId equals t.Id where a.Id == app select new AppPath(t.Slug, a.Slug)).SingleAsync(cancellationToken);
    }

    public async Task<Guid?> FindAsync(Guid app, AppPath path, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await (from other in db.Set<App>()
                      join own in db.Set<App>() on other.TeamId equals own.TeamId
                      join t in db.Set<Team>() on other.TeamId equals t.Id
                      where own.Id == app && t.Slug == path.Team && other.Slug == path.App && other.SourceKind == SourceKind.Portal && other.DeletedAt == null
                      select (Guid?)other.Id).SingleOrDefaultAsync(cancellationToken);
    }
}
