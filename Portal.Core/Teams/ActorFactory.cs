using Microsoft.EntityFrameworkCore;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Teams;

/// <summary>Makes actors from what the database says now. A disabled person is nobody.</summary>
public sealed class ActorFactory(IDbContextFactory<PortalDbContext> contexts)
{
    /// <param name="stamp">The security stamp of the session: signing out everywhere changes the person's, and ends all older sessions at once.</param>
    /// <returns>Null when there is no such person, they are disabled, or the session has ended.</returns>
    public async Task<Actor?> ForSessionAsync(Guid userId, string? stamp, string? address, CancellationToken cancellationToken)
    {
        await using var db = contexts.CreateDbContext();
        var user = await db.Users.AsNoTracking().FirstOrDefaultAsync(u => u.Id == userId, cancellationToken);
        return user is { DisabledAt: null, IsService: false } && user.SecurityStamp == stamp
            ? await OfUserAsync(db, user, address, cancellationToken)
            : null;
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
