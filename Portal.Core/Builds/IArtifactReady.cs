using Portal.Core.Data;

namespace Portal.Core.Builds;

/// <summary>What follows from a finished build, in the transaction that finishes it.</summary>
public interface IArtifactReady
{
    /// <returns>Null when it is released; otherwise the sentence that says why not.</returns>
    Task<string?> ArtifactReadyAsync(PortalDbContext db, Build build, Artifact artifact, CancellationToken cancellationToken);
}
