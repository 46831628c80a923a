using Portal.Core.Common;

namespace Portal.Core.Access;

public enum Permission
{
    // of the platform
    ReadAudit,
    ViewPlatform,
    ManagePlatform,
    ManagePeople,
    CreateTeam,

    // of a team
    ViewTeam,
    ManageTeam,
    CreateApp,

    // of an app
    ViewApp,
    PushCode,
    Deploy,
    EditApp,
    EditVariables,
    DeleteApp,

    // of the actor's own account
    ManageOwnTokens,
    ManageOwnMembership,
}

/// <summary>What a permission is asked for. Both null: the platform itself.</summary>
public readonly record struct Resource(Guid? TeamId = null, Guid? AppId = null)
{
    public static Resource Platform => default;

    public static Resource Team(Guid team) => new(team);

    public static Resource App(Guid team, Guid app) => new(team, app);
}

public abstract record Decision
{
    private Decision()
    {
    }

    public sealed record Allowed : Decision;

    /// <param name="Reason">A sentence for the person who asked.</param>
    /// <param name="Hidden">The actor has no part in it, so that even its existence is not told.</param>
    public sealed record Denied(string Reason, bool Hidden) : Decision;
}

/// <summary>
/// The one question of every change and every read: may this actor do this to that? Pure, deny by default.
/// Every service of Core asks it; pages and endpoints only call services.
/// </summary>
public static class AccessPolicy
{
    private static readonly Decision Yes = new Decision.Allowed();

    public static Decision Decide(Actor actor, Permission permission, Resource resource)
    {
        ArgumentNullException.ThrowIfNull(actor);

        if (actor.OnlyTeamId is { } onlyTeam && resource.TeamId != onlyTeam)
        {
            return new Decision.Denied("This token is limited to one team.", Hidden: resource.TeamId is not null);
        }
        if (actor.OnlyAppId is { } onlyApp && resource.AppId is { } asked && asked != onlyApp)
        {
            return new Decision.Denied("This token is limited to one app.", Hidden: true);
        }
        if (actor.OnlyAppId is not null && resource.AppId is null && Changes(permission))
        {
            return new Decision.Denied("This token is limited to one app.", Hidden: false);
        }

        var mayView = actor.IsPlatformAdmin || actor.IsAuditor
            || (resource.TeamId is { } t && actor.Teams.ContainsKey(t))
            || (resource.TeamId is null);
        if (!mayView)
        {
            return new Decision.Denied("You have no part in this team.", Hidden: true);
        }
        if (actor.Scope == TokenScope.Push && permission is not (Permission.PushCode or Permission.ViewApp))
        {
            return new Decision.Denied("A push token can only push and fetch.", Hidden: false);
        }
        if (actor.Scope == TokenScope.Read && Changes(permission))
        {
            return new Decision.Denied("This token can only read.", Hidden: false);
        }
        // An auditor who is also a member of a team keeps the auditor's promise: changes nothing.
        if (actor.IsAuditor && !actor.IsPlatformAdmin && Changes(permission) && permission != Permission.ManageOwnTokens)
        {
            return new Decision.Denied("An auditor reads everything and changes nothing.", Hidden: false);
        }

        return permission switch
        {
            // A team's own part of the trail is its maintainers' too.
            Permission.ReadAudit when resource.TeamId is not null && !actor.IsAuditor => Needs(actor, resource, TeamRole.Maintainer),
            Permission.ReadAudit or Permission.ViewPlatform =>
                actor.IsPlatformAdmin || actor.IsAuditor ? Yes : new Decision.Denied("This is for platform admins and auditors.", Hidden: false),
            Permission.ManagePlatform or Permission.ManagePeople =>
                actor.IsPlatformAdmin ? Yes : new Decision.Denied("This is for platform admins.", Hidden: false),
            Permission.CreateTeam or Permission.ManageOwnTokens or Permission.ManageOwnMembership =>
                actor.UserId is not null || actor.Kind == ActorKind.Machine ? Yes : new Decision.Denied("Sign in first.", Hidden: false),
            Permission.ViewTeam or Permission.ViewApp => Yes,
            Permission.PushCode or Permission.Deploy or Permission.EditVariables or Permission.EditApp or Permission.CreateApp =>
                Needs(actor, resource, TeamRole.Developer),
            Permission.ManageTeam or Permission.DeleteApp => Needs(actor, resource, TeamRole.Maintainer),
            _ => new Decision.Denied("This is not allowed.", Hidden: false),
        };
    }

    public static bool Allows(Actor actor, Permission permission, Resource resource) =>
        Decide(actor, permission, resource) is Decision.Allowed;

    /// <summary>Returns when allowed.</summary>
    /// <exception cref="PortalException">NotFound when the actor has no part in it, otherwise Denied.</exception>
    public static void Demand(Actor actor, Permission permission, Resource resource, string what = "such thing")
    {
        if (Decide(actor, permission, resource) is Decision.Denied denied)
        {
            throw denied.Hidden ? PortalException.NotFound(what) : new PortalException(Refusal.Denied, denied.Reason);
        }
    }

    private static bool Changes(Permission permission) => permission is not
        (Permission.ReadAudit or Permission.ViewPlatform or Permission.ViewTeam or Permission.ViewApp);

    private static Decision Needs(Actor actor, Resource resource, TeamRole role)
    {
        if (actor.IsPlatformAdmin || (resource.TeamId is { } team && actor.Teams.TryGetValue(team, out var has) && has >= role))
        {
            return Yes;
        }
        return new Decision.Denied($"This needs the role {role.ToString().ToLowerInvariant()} in the team; ask one of its maintainers.", Hidden: false);
    }
}
