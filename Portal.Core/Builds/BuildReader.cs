using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Builds;

/// <param name="Environment">The environment's name.</param>
public sealed record BuildView(Build Build, string Environment)
{
    public BuildPlan? Plan => CoreJson.Read<BuildPlan>(Build.Plan);

    public Status? Failure => CoreJson.Read<Status>(Build.Failure);
}

public sealed class BuildReader(IDbContextFactory<PortalDbContext> contexts)
{
    /// <summary>Newest first.</summary>
    public async Task<Page<BuildView>> ListAsync(Actor actor, AppPath path, string? environment, PageRequest page, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, path, Permission.ViewApp, cancellationToken);
        var before = int.TryParse(page.After, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue;
        var rows = await (from b in db.Set<Build>().AsNoTracking()
                          join e in db.Set<AppEnvironment>() on b.EnvironmentId equals e.Id
                          where b.AppId == found.App.Id && b.Number < before && (environment == null || e.Slug == environment)
                          orderby b.Number descending
                          select new BuildView(b, e.Slug)).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return new Page<BuildView>(rows.Take(page.Limit).ToList(),
            rows.Count > page.Limit ? rows[page.Limit - 1].Build.Number.ToString(CultureInfo.InvariantCulture) : null);
    }

    public async Task<BuildView> GetAsync(Actor actor, AppPath path, int number, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, path, Permission.ViewApp, cancellationToken);
        return await (from b in db.Set<Build>().AsNoTracking()
                      join e in db.Set<AppEnvironment>() on b.EnvironmentId equals e.Id
                      where b.AppId == found.App.Id && b.Number == number
                      select new BuildView(b, e.Slug)).SingleOrDefaultAsync(cancellationToken)
            ?? throw PortalException.NotFound($"build {number}");
    }

    /// <summary>The log's pieces from <paramref name="from"/> on, in order. Follow with <c>LiveTopics.BuildLog</c>.</summary>
    public async Task<IReadOnlyList<BuildLogChunk>> LogAsync(Actor actor, AppPath path, int number, int from, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, path, Permission.ViewApp, cancellationToken);
        return await (from c in db.Set<BuildLogChunk>().AsNoTracking()
                      join b in db.Set<Build>() on c.BuildId equals b.Id
                      where b.AppId == found.App.Id && b.Number == number && c.Sequence >= @from
                      orderby c.Sequence
                      select c).ToListAsync(cancellationToken);
    }
}
