using Microsoft.EntityFrameworkCore;

namespace Portal.Core.Data;

/// <summary>Pessimistic locks for read-then-write where two requests must queue up. Taken in the caller's transaction.</summary>
public static class RowLock
{
    /// <summary>Locks one row by its id until the transaction ends, and reads it fresh. Null when it is gone.</summary>
    public static async Task<T?> LockAsync<T>(this PortalDbContext db, Guid id, CancellationToken cancellationToken)
        where T : class
    {
        var type = db.Model.FindEntityType(typeof(T)) ?? throw new InvalidOperationException($"{typeof(T).Name} is no entity.");
        var xmin = type.GetProperties().Any(p => p.GetColumnName() == "xmin") ? ", xmin" : "";
        // The table's name comes from the model, the id is a parameter.
        var sql = $"select *{xmin} from \"{type.GetTableName()}\" where id = {{0}} for no key update";
        var rows = await db.Set<T>().FromSqlRaw(sql, id).ToListAsync(cancellationToken);
        var row = rows.SingleOrDefault();
        if (row is not null)
        {
            await db.Entry(row).ReloadAsync(cancellationToken);
        }
        return row;
    }
}
