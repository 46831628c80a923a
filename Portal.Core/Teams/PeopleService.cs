using Microsoft.EntityFrameworkCore;
using Portal.Core.Access;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Live;

namespace Portal.Core.Teams;

public sealed record PersonRow(
    Guid Id, string Name, string Email, bool IsPlatformAdmin, bool IsAuditor, IReadOnlyList<string> Teams,
    DateTimeOffset CreatedAt, DateTimeOffset? LastSeenAt, DateTimeOffset? DisabledAt);

/// <summary>Everybody who has an account. There is always one platform admin who can sign in.</summary>
public sealed class PeopleService(IDbContextFactory<PortalDbContext> contexts, SignInLinks links, TokenDoor door, AuditTrail trail, TimeProvider time)
{
    /// <param name="search">Part of a name or an e-mail address.</param>
    public async Task<Page<PersonRow>> ListAsync(Actor actor, string? search, PageRequest page, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ViewPlatform, Resource.Platform);
        await using var db = contexts.CreateDbContext();
        var people = db.Users.AsNoTracking().Where(u => !u.IsService);
        if (!string.IsNullOrWhiteSpace(search))
        {
            var part = search.Trim().ToLowerInvariant();
            people = people.Where(u => u.DisplayName.ToLower().Contains(part) || u.Email!.ToLower().Contains(part));
        }
        // Ids are made in the order of time: the newest person first.
        if (Guid.TryParse(page.After, out var after))
        {
            people = people.Where(u => u.Id < after);
        }
        var found = await people.OrderByDescending(u => u.Id).Take(page.Limit + 1).ToListAsync(cancellationToken);
        var shown = found.Take(page.Limit).ToList();
        var ids = shown.Select(u => u.Id).ToList();
        var teams = await (
            from m in db.Set<Membership>()
            join t in db.Set<Team>() on m.TeamId equals t.Id
            where ids.Contains(m.UserId)
            orderby t.Slug
            select new { m.UserId, t.Slug }).ToListAsync(cancellationToken);
        var bySlug = teams.ToLookup(t => t.UserId, t => t.Slug);
        return new Page<PersonRow>(
            [.. shown.Select(u => new PersonRow(u.Id, u.DisplayName, u.Email ?? "", u.IsPlatformAdmin, u.IsAuditor, [.. bySlug[u.Id]], u.CreatedAt, u.LastSeenAt, u.DisabledAt))],
            found.Count > page.Limit ? shown[^1].Id.ToString() : null);
    }

    public Task SetRolesAsync(Actor actor, Guid userId, bool platformAdmin, bool auditor, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManagePeople, Resource.Platform);
        return ChangeAsync(actor, userId, "person.roles", user => (user.IsPlatformAdmin, user.IsAuditor) = (platformAdmin, auditor), cancellationToken);
    }

    /// <summary>Ends their sessions and tokens at once; nothing of theirs is deleted.</summary>
    public Task DisableAsync(Actor actor, Guid userId, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManagePeople, Resource.Platform);
        if (userId == actor.UserId)
        {
            throw PortalException.Conflict("You cannot disable yourself. Ask another platform admin.");
        }
        return ChangeAsync(actor, userId, "person.disable", user =>
        {
            user.DisabledAt ??= time.GetUtcNow();
            user.SecurityStamp = Guid.NewGuid().ToString("N");
        }, cancellationToken);
    }

    public Task EnableAsync(Actor actor, Guid userId, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManagePeople, Resource.Platform);
        return ChangeAsync(actor, userId, "person.enable", user => user.DisabledAt = null, cancellationToken);
    }

    /// <summary>A link with which somebody who forgot their password sets a new one: once, within 15 minutes.</summary>
    /// <returns>The token that belongs into the link.</returns>
    public async Task<string> PasswordLinkAsync(Actor actor, Guid userId, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManagePeople, Resource.Platform);
        await using var db = contexts.CreateDbContext();
        var user = await db.Users.FirstOrDefaultAsync(u => u.Id == userId && !u.IsService && u.DisabledAt == null, cancellationToken) ?? throw PortalException.NotFound("person");
        trail.Record(db, actor, "person.password-link", user.DisplayName);
        var token = await links.AddAsync(db, user.Id, cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        return token;
    }

    private async Task ChangeAsync(Actor actor, Guid userId, string action, Action<PortalUser> change, CancellationToken cancellationToken)
    {
        await using var db = contexts.CreateDbContext();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // All admins are locked, in one order: two who demote each other at the same moment must not both succeed.
        foreach (var id in await db.Users.Where(u => (u.IsPlatformAdmin && !u.IsService) || u.Id == userId).OrderBy(u => u.Id).Select(u => u.Id).ToListAsync(cancellationToken))
        {
            await db.LockAsync<PortalUser>(id, cancellationToken);
        }
        var user = await db.Users.FirstOrDefaultAsync(u => u.Id == userId && !u.IsService, cancellationToken) ?? throw PortalException.NotFound("person");
        var before = new { user.IsPlatformAdmin, user.IsAuditor, Disabled = user.DisabledAt is not null };
        change(user);
        if (!db.Users.Local.Any(IsWorkingAdmin))
        {
            throw PortalException.Conflict("This is the last platform admin. Make somebody else a platform admin first.");
        }
        var after = new { user.IsPlatformAdmin, user.IsAuditor, Disabled = user.DisabledAt is not null };
        if (!before.Equals(after))
        {
            trail.Record(db, actor, action, user.DisplayName, before: before, after: after);
            db.Signal(LiveTopics.System, Guid.Empty);
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        door.Forget();
    }

    private static bool IsWorkingAdmin(PortalUser user) => user is { IsPlatformAdmin: true, IsService: false, DisabledAt: null };
}
