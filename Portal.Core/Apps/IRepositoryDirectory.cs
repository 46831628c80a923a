using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Apps;

/// <param name="Url">Its clone address, https.</param>
public sealed record FoundRepository(Guid ConnectionId, long InstallationId, long RepositoryId, string Url, string? DefaultBranch);

/// <summary>Finds a repository of a connected host, for a team that may use it.</summary>
public interface IRepositoryDirectory
{
    /// <param name="connection">Null: whichever has it.</param>
    /// <param name="fullName"><c>owner/name</c>.</param>
    /// <exception cref="PortalException">Invalid: there is none that this team may use.</exception>
    Task<FoundRepository> FindAsync(PortalDbContext db, Guid team, Guid? connection, string fullName, CancellationToken cancellationToken);
}
