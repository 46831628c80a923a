using Portal.Core.Data;

namespace Portal.Core.Triggers;

internal static class KnownHeads
{
    /// <summary>Remembers, with the next save, where a ref was when Portal dealt with it; null forgets it.</summary>
    public static void Set(PortalDbContext db, Guid app, string name, string? commit, DateTimeOffset now)
    {
        if (commit is null)
        {
            db.Defer($"delete from known_heads where app_id = {app} and ref = {name}");
            return;
        }
        db.Defer($"""
            insert into known_heads (app_id, ref, commit, seen_at) values ({app}, {name}, {commit}, {now})
            on conflict (app_id, ref) do update set commit = excluded.commit, seen_at = excluded.seen_at
            """);
    }
}
