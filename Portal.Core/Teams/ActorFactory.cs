using Microsoft.EntityFrameworkCore;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Teams;

/// <summary>Makes actors from what the database says now. A disabled person is nobody.</summary>
public sealed class ActorFactory(IDbContextFactory<PortalDbContext> contexts, TimeProvider time)
{
    /// <param name="session">What the cookie names; ended, it stands for nobody.</param>
    /// <param name="stamp">The security stamp of the session: a new password and signing out everywhere change the person's, and end all older sessions at once.</param>
    /// <returns>Null when there is no such person, they are disabled, or the session has ended.</returns>
    public async Task<Actor?> ForSessionAsync(Guid userId, Guid? session, string? stamp, string? address, CancellationToken cancellationToken)
    {
        await using var db = contexts.CreateDbContext();
        var found = await (from s in db.Set<Session>().AsNoTracking()
                           join u in db.Users.AsNoTracking() on s.UserId equals u.Id
                           where s.Id == session && u.Id == userId && s.EndedAt == null
                           select new { User = u, s.LastSeenAt }).FirstOrDefaultAsync(cancellationToken);
        if (found is not { User: { DisabledAt: null, IsService: false } user } || user.SecurityStamp != stamp)
        {
            return null;
        }
        var now = time.GetUtcNow();
        if (now - found.LastSeenAt >= SessionService.SeenGranularity)
        {
            await db.Set<Session>().Where(s => s.Id == session).ExecuteUpdateAsync(set => set.SetProperty(s => s.LastSeenAt, now).SetProperty(s => s.Address, address), cancellationToken);
        }
        return await OfUserAsync(db, user, address, cancellationToken) with { SessionId = session };
    }

    internal static async Task<Actor> OfUserAsync(PortalDbContext db, PortalUser user, string? address, CancellationToken cancellationToken) => new()
    {
        Kind = ActorKind.Person,
        Id = user.Id,
        UserId = user.Id,
        Name = user.DisplayName,
        IsPlatformAdmin = user.IsPlatformAdmin,
        IsAuditor = user.IsAuditor,
        Teams = await db.Set<Membership>().Where(m => m.UserId == user.Id).ToDictionaryAsync(m => m.TeamId, m => m.Role, cancellationToken),
        Address = address,
    };

    internal static async Task<Actor> OfTokenAsync(PortalDbContext db, PortalUser owner, ApiToken token, string? address, CancellationToken cancellationToken) =>
        await OfUserAsync(db, owner, address, cancellationToken) with
        {
            Kind = ActorKind.Token,
            Id = token.Id,
            Name = $"token {token.Name} ({owner.DisplayName})",
            Scope = token.Scope,
            OnlyTeamId = token.TeamId,
            OnlyAppId = token.AppId,
        };
}
