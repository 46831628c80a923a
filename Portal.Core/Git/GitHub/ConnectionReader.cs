using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Git.GitHub;

/// <param name="Teams">Those that may use it, when not every team may.</param>
public sealed record InstallationView(GitInstallation Installation, int Repositories, int Apps, IReadOnlySet<Guid> Teams)
{
    public bool IsForNobody => !Installation.ForEveryTeam && Teams.Count == 0;
}

/// <param name="CanBeReached">Whether the host can send deliveries to Portal; otherwise Portal looks by itself.</param>
public sealed record ConnectionView(GitConnection Connection, string Host, bool CanBeReached, IReadOnlyList<InstallationView> Installations);

/// <summary>What Admin → Git connections shows.</summary>
public sealed class ConnectionReader(IDbContextFactory<PortalDbContext> contexts)
{
    public async Task<IReadOnlyList<ConnectionView>> ListAsync(Actor actor, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ViewPlatform, Resource.Platform);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var connections = await db.Set<GitConnection>().AsNoTracking().OrderBy(c => c.CreatedAt).Take(ConnectionService.MostConnections).ToListAsync(cancellationToken);
        var installations = await db.Set<GitInstallation>().AsNoTracking().OrderBy(i => i.Account).ThenBy(i => i.InstallationId).Take(1_000).Select(i => new
        {
            Installation = i,
            Repositories = db.Set<GitRepository>().Count(r => r.ConnectionId == i.ConnectionId && r.InstallationId == i.InstallationId),
            Apps = db.Set<App>().Count(a => a.ConnectionId == i.ConnectionId && a.InstallationId == i.InstallationId && a.DeletedAt == null),
        }).ToListAsync(cancellationToken);
        var teams = (await db.Set<GitInstallationTeam>().AsNoTracking().ToListAsync(cancellationToken)).ToLookup(t => (t.ConnectionId, t.InstallationId), t => t.TeamId);
        return
        [
            .. connections.Select(c => new ConnectionView(c, new Uri(c.WebUrl).Host, c.WebhookSecret is not null,
            [
                .. installations.Where(i => i.Installation.ConnectionId == c.Id && (i.Installation.RemovedAt is null || i.Apps > 0)).Select(i => new InstallationView(i.Installation, i.Repositories, i.Apps,
                    teams[(c.Id, i.Installation.InstallationId)].ToHashSet())),
            ])),
        ];
    }
}
