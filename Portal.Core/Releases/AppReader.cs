using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Teams;

namespace Portal.Core.Releases;

/// <summary>One environment with what it runs, as pages and API show it.</summary>
/// <param name="Desired">The release that shall be live; differs from <paramref name="Live"/> during a roll-out.</param>
public sealed record EnvironmentView(AppEnvironment Environment, string Address, Status Status, Release? Live, Release? Desired, Build? LastBuild);

public sealed record AppView(Team Team, App App, IReadOnlyList<EnvironmentView> Environments)
{
    /// <summary>Why apps are not isolated from each other where they run; null: they are.</summary>
    public string? NotIsolated { get; init; }

    /// <summary>What previews take their variables from; null for an app that never had previews.</summary>
    public EnvironmentView? PreviewTemplate { get; init; }

    public EnvironmentView Production => Environments.First(e => e.Environment.Slug == Addresses.Production);
}

/// <summary>A row of the Apps page: production's state at a glance.</summary>
public sealed record AppRow(App App, string Address, Status Status, int? Version, string? Commit, string? Message, string? ReleasedBy, DateTimeOffset? ReleasedAt,
    BuildState? LastBuildState, int? LastBuildNumber, Guid EnvironmentId, string? AutoDeployPaused);

/// <summary>Apps with their environments, releases and builds joined, in a bounded number of queries.</summary>
public sealed class AppReader(IDbContextFactory<PortalDbContext> contexts, Addresses addresses, TimeProvider time)
{
    /// <summary>What the stored status of a failing environment contains (jsonb).</summary>
    public const string Fails = """{"severity":"Error"}""";

    /// <summary>The same of one that runs, but not well.</summary>
    public const string Warns = """{"severity":"Warning"}""";

    private static readonly Status Unknown = Status.Of(Severity.Asleep, "Nothing deployed yet", "", "Push to its branch to deploy.");

    /// <summary>By name; at most 1,000 rows a page.</summary>
    public Task<Page<AppRow>> ListAsync(Actor actor, string team, string? search, PageRequest page, CancellationToken cancellationToken) =>
        ListAsync(actor, team, search, needing: false, page, cancellationToken);

    /// <param name="needing">Only apps of which an environment fails or warns.</param>
    public async Task<Page<AppRow>> ListAsync(Actor actor, string team, string? search, bool needing, PageRequest page, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var owner = await db.FindTeamAsync(actor, team, Permission.ViewTeam, cancellationToken);
        var after = page.After ?? "";
        var pattern = search?.Trim().ToLowerInvariant() ?? "";
        var rows = await (from a in db.Set<App>().AsNoTracking()
                          join e in db.Set<AppEnvironment>().AsNoTracking() on a.Id equals e.AppId
                          where a.TeamId == owner.Id && a.DeletedAt == null && e.Slug == Addresses.Production
                              && a.Slug.CompareTo(after) > 0 && (pattern == "" || a.Slug.Contains(pattern))
                              && (!needing || db.Set<AppEnvironment>().Any(any => any.AppId == a.Id && any.DeletedAt == null
                                  && (EF.Functions.JsonContains(any.Status!, Fails) || EF.Functions.JsonContains(any.Status!, Warns))))
                          orderby a.Slug
                          select new
                          {
                              App = a,
                              Environment = e,
                              Release = db.Set<Release>().Where(r => r.Id == (e.LiveReleaseId ?? e.DesiredReleaseId)).FirstOrDefault(),
                              Build = db.Set<Build>().Where(b => b.EnvironmentId == e.Id).OrderByDescending(b => b.QueuedAt)
                                  .Select(b => new { b.State, b.Number }).FirstOrDefault(),
                          }).Take(page.Limit + 1).ToListAsync(cancellationToken);
        var items = rows.Take(page.Limit).Select(r => new AppRow(r.App, addresses.Of(owner.Slug, r.App.Slug, r.Environment.Slug),
            StatusOf(r.Environment), r.Release?.Version, r.Release?.Commit, r.Release?.Message, r.Release?.Actor, r.Release?.LiveAt ?? r.Release?.CreatedAt,
            r.Build?.State, r.Build?.Number, r.Environment.Id, r.Environment.AutoDeployPaused)).ToList();
        return new Page<AppRow>(items, rows.Count > page.Limit ? items[^1].App.Slug : null);
    }

    /// <summary>The names of a team's apps in which every one of the words occurs, those first that begin with the first of them.</summary>
    /// <param name="words">In any case; none finds all.</param>
    public async Task<IReadOnlyList<string>> NamesAsync(Actor actor, string team, IReadOnlyList<string> words, int limit, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var owner = await db.FindTeamAsync(actor, team, Permission.ViewTeam, cancellationToken);
        var apps = db.Set<App>().Where(a => a.TeamId == owner.Id && a.DeletedAt == null);
        foreach (var word in words.Select(w => w.ToLowerInvariant()))
        {
            apps = apps.Where(a => a.Slug.Contains(word));
        }
        var first = words.Count > 0 ? words[0].ToLowerInvariant() : "";
        return await apps.OrderBy(a => a.Slug.StartsWith(first) ? 0 : 1).ThenBy(a => a.Slug).Select(a => a.Slug).Take(limit).ToListAsync(cancellationToken);
    }

    public async Task<AppView> GetAsync(Actor actor, AppPath path, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await db.FindAppAsync(actor, path, Permission.ViewApp, cancellationToken);
        var environments = await db.Set<AppEnvironment>().AsNoTracking().Where(e => e.AppId == found.App.Id && e.DeletedAt == null)
            .OrderBy(e => e.CreatedAt).ToListAsync(cancellationToken);
        var releaseIds = environments.SelectMany(e => new[] { e.LiveReleaseId, e.DesiredReleaseId }).OfType<Guid>().Distinct().ToList();
        var releases = await db.Set<Release>().AsNoTracking().Where(r => releaseIds.Contains(r.Id)).ToDictionaryAsync(r => r.Id, cancellationToken);
        var views = new List<EnvironmentView>();
        foreach (var environment in environments)
        {
            var build = await db.Set<Build>().AsNoTracking().Where(b => b.EnvironmentId == environment.Id).OrderByDescending(b => b.Number).FirstOrDefaultAsync(cancellationToken);
            views.Add(new EnvironmentView(environment, addresses.Of(found.Team.Slug, found.App.Slug, environment.Slug), StatusOf(environment),
                Find(releases, environment.LiveReleaseId), Find(releases, environment.DesiredReleaseId), build));
        }
        var recently = time.GetUtcNow() - SystemReader.Silent;
        var notIsolated = await db.Set<HostProcess>().Where(h => h.SeenAt > recently && h.NotIsolated != null).Select(h => h.NotIsolated).FirstOrDefaultAsync(cancellationToken);
        return new AppView(found.Team, found.App, [.. views.Where(v => v.Environment.Kind != EnvironmentKind.PreviewTemplate)])
        {
            NotIsolated = notIsolated,
            PreviewTemplate = views.Find(v => v.Environment.Kind == EnvironmentKind.PreviewTemplate),
        };
    }

    public static Status StatusOf(AppEnvironment environment) => CoreJson.Read<Status>(environment.Status) ?? Unknown;

    private static Release? Find(Dictionary<Guid, Release> releases, Guid? id) => id is { } i ? releases.GetValueOrDefault(i) : null;
}
