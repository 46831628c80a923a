using Microsoft.EntityFrameworkCore;
using Portal.Core.Common;

namespace Portal.Core.Data;

public static class Saving
{
    /// <summary>Saves; a row that somebody else changed in between becomes a refusal in words.</summary>
    public static async Task SaveAsync(this PortalDbContext db, CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateConcurrencyException)
        {
            throw new PortalException(Refusal.Changed, "Somebody changed this at the same moment; read it again and repeat.");
        }
    }
}
