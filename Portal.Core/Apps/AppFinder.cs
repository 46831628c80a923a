using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Teams;

namespace Portal.Core.Apps;

/// <summary>An app's address within Portal.</summary>
public readonly record struct AppPath(string Team, string App)
{
    public override string ToString() => $"{Team}/{App}";
}

public sealed record FoundApp(Team Team, App App)
{
    public Resource Resource => Resource.App(Team.Id, App.Id);

    public string Path => $"{Team.Slug}/{App.Slug}";
}

public sealed record FoundEnvironment(Team Team, App App, AppEnvironment Environment)
{
    public Resource Resource => Resource.App(Team.Id, App.Id);

    public string Path => $"{Team.Slug}/{App.Slug} {Environment.Slug}";
}

/// <summary>From names in an address to rows, with the right to do what is asked. The only way in for every service.</summary>
public static class AppFinder
{
    public static async Task<Team> FindTeamAsync(this PortalDbContext db, Actor actor, string team, Permission permission, CancellationToken cancellationToken)
    {
        var found = Slug.IsValid(team) ? await db.Set<Team>().SingleOrDefaultAsync(t => t.Slug == team, cancellationToken) : null;
        if (found is null)
        {
            throw PortalException.NotFound($"team “{Shorten(team)}”");
        }
        AccessPolicy.Demand(actor, permission, Resource.Team(found.Id), $"team “{found.Slug}”");
        return found;
    }

    public static async Task<FoundApp> FindAppAsync(this PortalDbContext db, Actor actor, AppPath path, Permission permission, CancellationToken cancellationToken)
    {
        var row = Slug.IsValid(path.Team) && Slug.IsValid(path.App)
            ? await (from t in db.Set<Team>()
                     join a in db.Set<App>() on t.Id equals a.TeamId
                     where t.Slug == path.Team && a.Slug == path.App && a.DeletedAt == null
                     select new { Team = t, App = a }).SingleOrDefaultAsync(cancellationToken)
            : null;
        if (row is null)
        {
            throw PortalException.NotFound($"app “{Shorten(path.App)}”");
        }
        var found = new FoundApp(row.Team, row.App);
        AccessPolicy.Demand(actor, permission, found.Resource, $"app “{path.App}”");
        return found;
    }

    public static async Task<FoundEnvironment> FindEnvironmentAsync(this PortalDbContext db, Actor actor, AppPath path, string environment, Permission permission, CancellationToken cancellationToken)
    {
        var (team, app) = await db.FindAppAsync(actor, path, permission, cancellationToken);
        var found = await db.Set<AppEnvironment>().SingleOrDefaultAsync(e => e.AppId == app.Id && e.Slug == environment && e.DeletedAt == null, cancellationToken)
            ?? throw PortalException.NotFound($"environment “{Shorten(environment)}”");
        return new FoundEnvironment(team, app, found);
    }

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..39] + "…";
}
