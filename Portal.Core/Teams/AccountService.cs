using System.Net.Mail;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Access;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Teams;

public sealed record NewPerson(string Name, string Email, string Password);

/// <param name="Team">Slug of the first team.</param>
public sealed record FirstPerson(string Name, string Email, string Password, string Team);

public sealed record Profile(string Name, string Email);

/// <summary>
/// People's own accounts. Passwords and stamps are ASP.NET Core Identity's; each call works in a scope of its own,
/// because Identity's stores hold a context and a page may live for hours.
/// </summary>
public sealed class AccountService(IServiceScopeFactory scopes, SignInLinks links, SessionService sessions, TokenDoor door, AuditTrail trail, TimeProvider time)
{
    public const int MinPassword = 10;

    public const int MaxPassword = 200;

    /// <summary>Uses the link up and makes the first platform admin with their first team.</summary>
    public async Task<Guid> SetUpAsync(string? link, FirstPerson first, string? address, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PortalDbContext>();
        Problems(new NewPerson(first.Name, first.Email, first.Password)).Add("team", Slug.ProblemForTeam(first.Team)).ThrowIfAny();
        await using var transaction = await db.Database.BeginTransactionAsync(System.Data.IsolationLevel.Serializable, cancellationToken);
        if (!await links.UseAsync(db, link, null, cancellationToken) || await db.Users.AnyAsync(u => !u.IsService, cancellationToken))
        {
            throw StaleLink();
        }
        if (await db.Set<Team>().AnyAsync(t => t.Slug == first.Team, cancellationToken))
        {
            throw PortalException.Invalid("team", $"A team is already called “{first.Team}”; choose another name.");
        }
        var user = await CreateAsync(scope.ServiceProvider, first.Name, first.Email, first.Password, address, admin: true);
        var actor = await ActorFactory.OfUserAsync(db, user, address, cancellationToken);
        TeamService.Add(db, trail, actor, first.Team, first.Team, time.GetUtcNow());
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return user.Id;
    }

    /// <summary>Uses the link up.</summary>
    /// <returns>The platform admin who set Portal up: the oldest that is not disabled.</returns>
    public async Task<Guid> UseLinkAsync(string? link, string? address, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PortalDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var user = await db.Users.Where(u => u.IsPlatformAdmin && !u.IsService && u.DisabledAt == null).OrderBy(u => u.CreatedAt).FirstOrDefaultAsync(cancellationToken);
        if (user is null || !await links.UseAsync(db, link, null, cancellationToken))
        {
            throw StaleLink();
        }
        var actor = await ActorFactory.OfUserAsync(db, user, address, cancellationToken);
        trail.Record(db, actor, "person.sign-in", $"{user.DisplayName} by link");
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return user.Id;
    }

    /// <summary>Uses the link up and sets a new password; all sessions of the person end.</summary>
    public async Task<Guid> NewPasswordAsync(string? link, string password, string? address, CancellationToken cancellationToken)
    {
        new FieldErrors().Add("password", PasswordProblem(password)).ThrowIfAny();
        await using var scope = scopes.CreateAsyncScope();
        var db = Db(scope);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var whose = link is not { Length: > 0 and <= 100 } ? null : await links.Usable(db, link).Select(l => l.UserId).FirstOrDefaultAsync(cancellationToken);
        var people = People(scope);
        var user = whose is { } id ? await people.FindByIdAsync(id.ToString()) : null;
        if (user is not { DisabledAt: null } || !await links.UseAsync(db, link, user.Id, cancellationToken))
        {
            throw StaleLink();
        }
        // Checked before the old one goes.
        foreach (var rule in people.PasswordValidators)
        {
            Check(await rule.ValidateAsync(people, user, password));
        }
        trail.Record(db, await ActorFactory.OfUserAsync(db, user, address, cancellationToken), "person.password", $"{user.DisplayName} by link");
        user.PasswordHash = people.PasswordHasher.HashPassword(user, password);
        user.LockoutEnd = null;
        await SessionService.EndAllAsync(db, user.Id, time.GetUtcNow(), cancellationToken);
        Check(await people.UpdateSecurityStampAsync(user));
        await transaction.CommitAsync(cancellationToken);
        return user.Id;
    }

    /// <summary>Makes an account for somebody who holds an invitation; <see cref="InvitationService"/> has checked it.</summary>
    internal async Task<PortalUser> CreateInvitedAsync(IServiceProvider scope, NewPerson person, string? address)
    {
        Problems(person).ThrowIfAny();
        return await CreateAsync(scope, person.Name, person.Email, person.Password, address, admin: false);
    }

    /// <summary>Makes an account without a password for somebody whom another service vouches for; <see cref="SignInMethods"/> lets them in.</summary>
    internal async Task<PortalUser> CreateProvenAsync(IServiceProvider scope, ProvenIdentity identity, string? address)
    {
        if (identity.VerifiedEmail is not { } email || EmailProblem(email) is not null)
        {
            throw new PortalException(Refusal.Denied, $"{identity.Method} tells Portal no verified e-mail address of yours, and an account needs one.");
        }
        try
        {
            return await CreateAsync(scope, identity.Name, email, null, address, admin: false);
        }
        catch (PortalException taken) when (taken.Errors.ContainsKey("email"))
        {
            // Never the account that has the address: whoever vouches for an address elsewhere does not own it here.
            throw PortalException.Conflict($"Somebody has an account with this e-mail address already. Sign in to it as before and connect {identity.Method} under Me.");
        }
    }

    public async Task<Profile> ProfileAsync(Actor actor, CancellationToken cancellationToken)
    {
        AccessPolicy.Demand(actor, Permission.ManageOwnTokens, Resource.Platform);
        await using var scope = scopes.CreateAsyncScope();
        var user = await OwnAsync(scope, actor);
        cancellationToken.ThrowIfCancellationRequested();
        return new Profile(user.DisplayName, user.Email ?? "");
    }

    public async Task ChangeProfileAsync(Actor actor, Profile profile, CancellationToken cancellationToken)
    {
        Demand(actor);
        new FieldErrors().Add("name", NameProblem(profile.Name)).Add("email", EmailProblem(profile.Email)).ThrowIfAny();
        await using var scope = scopes.CreateAsyncScope();
        var user = await OwnAsync(scope, actor);
        var before = new { Name = user.DisplayName, user.Email };
        user.DisplayName = profile.Name.Trim();
        user.Email = user.UserName = profile.Email.Trim();
        trail.Record(Db(scope), actor, "person.change", user.DisplayName, before: before, after: new { Name = user.DisplayName, user.Email });
        Check(await People(scope).UpdateAsync(user));
        door.Forget();
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Other sessions end; so does the one that asks, unless it is signed in anew.</summary>
    /// <param name="current">Not looked at when the account has none: then the person must have signed in lately.</param>
    public async Task ChangePasswordAsync(Actor actor, string current, string next, CancellationToken cancellationToken)
    {
        Demand(actor);
        await using var scope = scopes.CreateAsyncScope();
        var user = await OwnAsync(scope, actor);
        var people = People(scope);
        var first = user.PasswordHash is null;
        new FieldErrors().Add("current", !first && current.Length == 0 ? "Type the password you have now." : null).Add("password", PasswordProblem(next)).ThrowIfAny();
        if (first)
        {
            await sessions.DemandRecentAsync(actor, cancellationToken);
        }
        else if (!await people.CheckPasswordAsync(user, current))
        {
            throw PortalException.Invalid("current", "This is not the password you have now.");
        }
        await using var transaction = await Db(scope).Database.BeginTransactionAsync(cancellationToken);
        await SessionService.EndAllAsync(Db(scope), user.Id, time.GetUtcNow(), cancellationToken);
        trail.Record(Db(scope), actor, "person.password", user.DisplayName);
        Check(first ? await people.AddPasswordAsync(user, next) : await people.ChangePasswordAsync(user, current, next));
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Ends every session of the person, this one too. Tokens go on.</summary>
    public async Task SignOutEverywhereAsync(Actor actor, CancellationToken cancellationToken)
    {
        Demand(actor);
        await using var scope = scopes.CreateAsyncScope();
        var user = await OwnAsync(scope, actor);
        await using var transaction = await Db(scope).Database.BeginTransactionAsync(cancellationToken);
        await SessionService.EndAllAsync(Db(scope), user.Id, time.GetUtcNow(), cancellationToken);
        trail.Record(Db(scope), actor, "person.sign-out-everywhere", user.DisplayName);
        Check(await People(scope).UpdateSecurityStampAsync(user));
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Keeps a sign-in by password in the trail.</summary>
    public async Task SignedInAsync(Guid userId, string? address, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = Db(scope);
        if (await db.Users.FirstOrDefaultAsync(u => u.Id == userId, cancellationToken) is { } user)
        {
            user.LastSeenAt = time.GetUtcNow();
            trail.Record(db, await ActorFactory.OfUserAsync(db, user, address, cancellationToken), "person.sign-in", user.DisplayName);
            await db.SaveChangesAsync(cancellationToken);
        }
    }

    private async Task<PortalUser> CreateAsync(IServiceProvider scope, string name, string email, string? password, string? address, bool admin)
    {
        var now = time.GetUtcNow();
        var user = new PortalUser
        {
            Id = Guid.CreateVersion7(now),
            UserName = email.Trim(),
            Email = email.Trim(),
            DisplayName = name.Trim(),
            IsPlatformAdmin = admin,
            CreatedAt = now,
            LastSeenAt = now,
            LockoutEnabled = true,
        };
        var self = new Actor { Kind = ActorKind.Person, Id = user.Id, UserId = user.Id, Name = user.DisplayName, Address = address };
        var db = scope.GetRequiredService<PortalDbContext>();
        trail.Record(db, self, "person.create", user.DisplayName, after: new { user.Email, user.IsPlatformAdmin });
        var people = scope.GetRequiredService<UserManager<PortalUser>>();
        Check(password is null ? await people.CreateAsync(user) : await people.CreateAsync(user, password));
        return user;
    }

    private static void Demand(Actor actor)
    {
        AccessPolicy.Demand(actor, Permission.ManageOwnTokens, Resource.Platform);
        if (actor.Kind != ActorKind.Person)
        {
            throw new PortalException(Refusal.Denied, "An account is changed by its person, signed in.");
        }
    }

    private static PortalDbContext Db(AsyncServiceScope scope) => scope.ServiceProvider.GetRequiredService<PortalDbContext>();

    private static UserManager<PortalUser> People(AsyncServiceScope scope) => scope.ServiceProvider.GetRequiredService<UserManager<PortalUser>>();

    private static async Task<PortalUser> OwnAsync(AsyncServiceScope scope, Actor actor) =>
        await People(scope).FindByIdAsync(actor.UserId?.ToString() ?? "") ?? throw PortalException.NotFound("account");

    private static FieldErrors Problems(NewPerson person) => new FieldErrors()
        .Add("name", NameProblem(person.Name))
        .Add("email", EmailProblem(person.Email))
        .Add("password", PasswordProblem(person.Password));

    private static string? NameProblem(string name) =>
        name.Trim().Length is var length && length == 0 ? "Say your name." : length > 80 ? $"At most 80 characters; this has {length}." : null;

    private static string? EmailProblem(string email) =>
        email.Trim() is var text && text.Length <= 200 && MailAddress.TryCreate(text, out var parsed) && parsed.Address == text
            ? null : "Write an e-mail address such as ada@example.org.";

    private static string? PasswordProblem(string password) => password.Length switch
    {
        < MinPassword => $"At least {MinPassword} characters; a few unrelated words make a good one.",
        > MaxPassword => $"At most {MaxPassword} characters.",
        _ => null,
    };

    private static PortalException StaleLink() =>
        new(Refusal.Conflict, "This link was used already or is older than 15 minutes. Make another with ./portal link.");

    private static void Check(IdentityResult result)
    {
        if (result.Succeeded)
        {
            return;
        }
        var codes = result.Errors.Select(e => e.Code).ToHashSet();
        if (codes.Overlaps(["DuplicateEmail", "DuplicateUserName"]))
        {
            throw PortalException.Invalid("email", "Somebody has an account with this e-mail address already. Sign in instead.");
        }
        if (codes.Contains("ConcurrencyFailure"))
        {
            throw new PortalException(Refusal.Changed, "The account was changed elsewhere in the meantime. Look again.");
        }
        throw PortalException.Invalid(codes.Any(c => c.StartsWith("Password", StringComparison.Ordinal)) ? "password" : "email", string.Join(" ", result.Errors.Select(e => e.Description)));
    }
}
