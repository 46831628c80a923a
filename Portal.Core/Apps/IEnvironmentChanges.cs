using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Apps;

/// <summary>What follows from a changed setting; made by Releases, asked for by Apps and Variables in their own transaction.</summary>
public interface IEnvironmentChanges
{
    /// <summary>Makes a release of what is desired now with the new settings, when anything was released yet.</summary>
    /// <param name="note">What changed, in words: "DATABASE_URL changed".</param>
    Task ReleaseAsync(PortalDbContext db, AppEnvironment environment, Actor actor, string note, CancellationToken cancellationToken);

    /// <summary>Builds the desired release's commit again, because a build variable changed.</summary>
    Task RebuildAsync(PortalDbContext db, AppEnvironment environment, Actor actor, string note, CancellationToken cancellationToken);

    /// <summary>Lets the roll-out look again: the number of instances changed, or something ended.</summary>
    void Converge(PortalDbContext db, AppEnvironment environment);
}
