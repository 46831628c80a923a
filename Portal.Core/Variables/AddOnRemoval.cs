using Microsoft.EntityFrameworkCore;
using Portal.Core.Data;

namespace Portal.Core.Variables;

public static class AddOnRemoval
{
    /// <summary>Drops the databases of an environment that goes away, then their rows; may be repeated.</summary>
    public static async Task DropAllAsync(this AddOnServer server, PortalDbContext db, Guid environment, CancellationToken cancellationToken)
    {
        foreach (var addOn in await db.Set<AddOn>().AsNoTracking().Where(a => a.EnvironmentId == environment).ToListAsync(cancellationToken))
        {
            if (server.Available)
            {
                await server.DropAsync(addOn.Name, cancellationToken);
            }
            await db.Set<AddOn>().Where(a => a.Id == addOn.Id).ExecuteDeleteAsync(cancellationToken);
        }
    }
}
