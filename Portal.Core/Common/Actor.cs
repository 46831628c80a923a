namespace Portal.Core.Common;

public enum ActorKind
{
    Person,
    Token,
    Machine,
}

/// <summary>What a member may do in a team; each role includes the ones before it.</summary>
public enum TeamRole
{
    Viewer = 1,
    Developer = 2,
    Maintainer = 3,
}

/// <summary>What a token may be used for.</summary>
public enum TokenScope
{
    /// <summary>Read what its owner may read.</summary>
    Read,

    /// <summary>Everything its owner may do.</summary>
    Full,

    /// <summary>git push and fetch of one team's or one app's repository, nothing else.</summary>
    Push,
}

/// <summary>
/// Who is asking: a person, a token that acts for its owner, or a part of Portal itself. An immutable snapshot, made
/// anew for every request and for every change made through an open page, so that a removed right ends at once.
/// </summary>
public sealed record Actor
{
    public required ActorKind Kind { get; init; }

    /// <summary>The person's or token's id; null for machines.</summary>
    public Guid? Id { get; init; }

    /// <summary>The person behind it; null for machines.</summary>
    public Guid? UserId { get; init; }

    /// <summary>As shown in the trail: "Ada Lovelace", "token ci (Ada Lovelace)", "git push", "worker".</summary>
    public required string Name { get; init; }

    public bool IsPlatformAdmin { get; init; }

    /// <summary>Reads everything, changes nothing.</summary>
    public bool IsAuditor { get; init; }

    /// <summary>Role by team id.</summary>
    public IReadOnlyDictionary<Guid, TeamRole> Teams { get; init; } = new Dictionary<Guid, TeamRole>();

    public TokenScope? Scope { get; init; }

    /// <summary>A token may be limited to one team and one app.</summary>
    public Guid? OnlyTeamId { get; init; }

    public Guid? OnlyAppId { get; init; }

    /// <summary>The browser session a person asks from.</summary>
    public Guid? SessionId { get; init; }

    /// <summary>Where the request came from (an IP address), for the trail.</summary>
    public string? Address { get; init; }

    /// <summary>A part of Portal that acts by itself, e.g. "worker" or "schedule".</summary>
    public static Actor Machine(string name) => new() { Kind = ActorKind.Machine, Name = name, IsPlatformAdmin = true };
}
