using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Portal.Core.Access;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Live;

namespace Portal.Core.Teams;

/// <summary>Who somebody is at another service, which has just proven it.</summary>
/// <param name="Provider">Whose word it is: <c>github:github.com</c>, <c>oidc:https://login.example.org</c>.</param>
/// <param name="Key">What the service never gives to anybody else: a number, a subject; never a name or an e-mail address.</param>
/// <param name="Method">As people call the service: "GitHub".</param>
/// <param name="Account">As people know the account there: a login name or an e-mail address.</param>
/// <param name="VerifiedEmail">Null when the service does not vouch for one.</param>
public sealed record ProvenIdentity(string Provider, string Key, string Method, string Account, string Name, string? VerifiedEmail);

/// <param name="Account">As it was called there when it was last used.</param>
public sealed record ConnectedMethod(string Provider, string Key, string Account);

/// <param name="Recent">The session that asks is young enough to connect another.</param>
public sealed record OwnMethods(bool HasPassword, bool Recent, IReadOnlyList<ConnectedMethod> Connected);

/// <summary>
/// Ways in besides the password. An identity of another service leads to the account that it was connected to, by the
/// service's own key. An e-mail address that both know connects nothing: it would hand accounts to whoever gets another
/// service to vouch for their address.
/// </summary>
public sealed class SignInMethods(
    IDbContextFactory<PortalDbContext> contexts, IServiceScopeFactory scopes, AccountService accounts, SessionService sessions, InvitationService invitations, AuditTrail trail, TimeProvider time)
{
    /// <summary>Keeps the sign-in in the trail; the caller starts the session.</summary>
    /// <returns>Null when no account is connected.</returns>
    public async Task<Guid?> SignInAsync(ProvenIdentity identity, string? address, CancellationToken cancellationToken)
    {
        await using var db = contexts.CreateDbContext();
        if (await FindAsync(db, identity.Provider, identity.Key, cancellationToken) is not { } login
            || await db.Users.FirstOrDefaultAsync(u => u.Id == login.UserId && !u.IsService, cancellationToken) is not { } user)
        {
            return null;
        }
        if (user.DisabledAt is not null)
        {
            throw new PortalException(Refusal.Denied, "This account is disabled. Ask a platform admin.");
        }
        user.LastSeenAt = time.GetUtcNow();
        login.ProviderDisplayName = identity.Account;
        trail.Record(db, await ActorFactory.OfUserAsync(db, user, address, cancellationToken), "person.sign-in", $"{user.DisplayName} with {identity.Method}");
        await db.SaveAsync(cancellationToken);
        return user.Id;
    }

    /// <summary>Makes an account without a team. Whether the service's people may have one is for the caller to know.</summary>
    public async Task<Guid> CreateAsync(ProvenIdentity identity, string? address, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PortalDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var user = await CreateAsync(scope.ServiceProvider, identity, address, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return user.Id;
    }

    /// <summary>Uses an invitation up and makes its bearer's account, both or neither.</summary>
    /// <returns>The new person and the team's slug.</returns>
    public Task<(Guid UserId, string Team)> JoinAsync(ProvenIdentity identity, string invitation, string? address, CancellationToken cancellationToken) =>
        invitations.AcceptAsNewAsync(invitation, scope => CreateAsync(scope, identity, address, cancellationToken), address, cancellationToken);

    /// <summary>From now on the identity leads to the actor's account.</summary>
    public async Task ConnectAsync(Actor actor, ProvenIdentity identity, CancellationToken cancellationToken)
    {
        var userId = Demand(actor);
        await sessions.DemandRecentAsync(actor, cancellationToken);
        await using var db = contexts.CreateDbContext();
        if (await FindAsync(db, identity.Provider, identity.Key, cancellationToken) is { } known)
        {
            if (known.UserId == userId)
            {
                return;
            }
            throw AnothersAlready(identity);
        }
        Add(db, actor, userId, identity);
        db.Signal(LiveTopics.Person, userId);
        await SaveAsync(db, identity, cancellationToken);
    }

    /// <summary>The identity does not lead to the actor's account any more. Open sessions go on.</summary>
    /// <param name="offered">The providers that people can sign in with now: only these count as another way in.</param>
    public async Task DisconnectAsync(Actor actor, string provider, string key, IReadOnlyCollection<string> offered, CancellationToken cancellationToken)
    {
        var userId = Demand(actor);
        await using var db = contexts.CreateDbContext();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // Two that are disconnected at the same moment must not both find the other one left.
        var user = await db.LockAsync<PortalUser>(userId, cancellationToken) ?? throw PortalException.NotFound("account");
        var own = await db.UserLogins.Where(l => l.UserId == userId).ToListAsync(cancellationToken);
        var login = own.Find(l => l.LoginProvider == provider && l.ProviderKey == key) ?? throw PortalException.NotFound("sign-in method");
        if (user.PasswordHash is null && !own.Exists(l => l != login && offered.Contains(l.LoginProvider)))
        {
            throw PortalException.Conflict("This is your only way in. Set a password or connect another account first.");
        }
        db.Remove(login);
        trail.Record(db, actor, "person.disconnect", user.DisplayName, before: new { Provider = provider, Account = login.ProviderDisplayName });
        db.Signal(LiveTopics.Person, userId);
        await db.SaveAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task<OwnMethods> ListAsync(Actor actor, CancellationToken cancellationToken)
    {
        var userId = Demand(actor);
        await using var db = contexts.CreateDbContext();
        var hasPassword = await db.Users.AnyAsync(u => u.Id == userId && u.PasswordHash != null, cancellationToken);
        var connected = await db.UserLogins.Where(l => l.UserId == userId).OrderBy(l => l.LoginProvider).ThenBy(l => l.ProviderKey)
            .Select(l => new ConnectedMethod(l.LoginProvider, l.ProviderKey, l.ProviderDisplayName ?? "")).ToListAsync(cancellationToken);
        return new OwnMethods(hasPassword, await sessions.IsRecentAsync(actor, cancellationToken), connected);
    }

    private async Task<PortalUser> CreateAsync(IServiceProvider scope, ProvenIdentity identity, string? address, CancellationToken cancellationToken)
    {
        var db = scope.GetRequiredService<PortalDbContext>();
        var user = await accounts.CreateProvenAsync(scope, identity, address);
        Add(db, await ActorFactory.OfUserAsync(db, user, address, cancellationToken), user.Id, identity);
        await SaveAsync(db, identity, cancellationToken);
        return user;
    }

    private void Add(PortalDbContext db, Actor actor, Guid userId, ProvenIdentity identity)
    {
        db.Add(new IdentityUserLogin<Guid> { LoginProvider = identity.Provider, ProviderKey = identity.Key, ProviderDisplayName = identity.Account, UserId = userId });
        trail.Record(db, actor, "person.connect", actor.Name, after: new { identity.Provider, identity.Account });
    }

    private static async Task SaveAsync(PortalDbContext db, ProvenIdentity identity, CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveAsync(cancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            throw AnothersAlready(identity);
        }
    }

    private static Task<IdentityUserLogin<Guid>?> FindAsync(PortalDbContext db, string provider, string key, CancellationToken cancellationToken) =>
        db.UserLogins.FirstOrDefaultAsync(l => l.LoginProvider == provider && l.ProviderKey == key, cancellationToken);

    private static PortalException AnothersAlready(ProvenIdentity identity) =>
        PortalException.Conflict($"This {identity.Method} account is connected to another account of Portal already.");

    private static Guid Demand(Actor actor)
    {
        AccessPolicy.Demand(actor, Permission.ManageOwnTokens, Resource.Platform);
        return actor is { Kind: ActorKind.Person, UserId: { } userId } ? userId
            : throw new PortalException(Refusal.Denied, "How an account is signed in to is changed by its person, signed in.");
    }
}
