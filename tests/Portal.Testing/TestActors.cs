using Portal.Core.Common;

namespace Portal.Testing;

/// <summary>People and machines to ask with.</summary>
public static class TestActors
{
    public static Actor Admin(string name = "Ada Admin") => Person(name) with { IsPlatformAdmin = true };

    public static Actor Auditor(string name = "Otto Auditor") => Person(name) with { IsAuditor = true };

    public static Actor Maintainer(Guid team, string name = "Mia Maintainer") => Member(team, TeamRole.Maintainer, name);

    public static Actor Developer(Guid team, string name = "Dev Developer") => Member(team, TeamRole.Developer, name);

    public static Actor Viewer(Guid team, string name = "Vera Viewer") => Member(team, TeamRole.Viewer, name);

    /// <summary>Signed in, with no part in any team.</summary>
    public static Actor Outsider(string name = "Olaf Outsider") => Person(name);

    /// <summary>A token of the owner, with one scope.</summary>
    public static Actor Token(Actor owner, TokenScope scope, Guid? onlyTeam = null, Guid? onlyApp = null)
    {
        ArgumentNullException.ThrowIfNull(owner);
        return owner with
        {
            Kind = ActorKind.Token,
            Id = Guid.NewGuid(),
            Name = $"token test ({owner.Name})",
            Scope = scope,
            OnlyTeamId = onlyTeam,
            OnlyAppId = onlyApp,
        };
    }

    private static Actor Member(Guid team, TeamRole role, string name) =>
        Person(name) with { Teams = new Dictionary<Guid, TeamRole> { [team] = role } };

    private static Actor Person(string name)
    {
        var id = Guid.NewGuid();
        return new Actor { Kind = ActorKind.Person, Id = id, UserId = id, Name = name };
    }
}
