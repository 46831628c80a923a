using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Releases;

public sealed class ReleaseReader(IDbContextFactory<PortalDbContext> contexts)
{
    /// <summary>Newest first.</summary>
    public async Task<Page<Release>> ListAsync(Actor actor, AppPath path, string environment, PageRequest page, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, environment, Permission.ViewApp, cancellationToken);
        var before = int.TryParse(page.After, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue;
        var rows = await db.Set<Release>().AsNoTracking().Where(r => r.EnvironmentId == found.Environment.Id && r.Version < before)
            .OrderByDescending(r => r.Version).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return new Page<Release>(rows.Take(page.Limit).ToList(),
            rows.Count > page.Limit ? rows[page.Limit - 1].Version.ToString(CultureInfo.InvariantCulture) : null);
    }

    public async Task<Release> GetAsync(Actor actor, AppPath path, string environment, int version, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindEnvironmentAsync(actor, path, environment, Permission.ViewApp, cancellationToken);
        return await db.Set<Release>().AsNoTracking().SingleOrDefaultAsync(r => r.EnvironmentId == found.Environment.Id && r.Version == version, cancellationToken)
            ?? throw PortalException.NotFound($"release v{version}");
    }

    /// <summary>What a build became; null when it was not released (yet).</summary>
    public async Task<Release?> OfBuildAsync(Actor actor, AppPath path, Guid build, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, path, Permission.ViewApp, cancellationToken);
        return await db.Set<Release>().AsNoTracking().Where(r => r.AppId == found.App.Id && r.BuildId == build)
            .OrderBy(r => r.Version).FirstOrDefaultAsync(cancellationToken);
    }
}
