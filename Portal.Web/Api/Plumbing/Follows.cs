using System.Collections.Concurrent;
using Portal.Core.Common;

namespace Portal.Web.Api.Plumbing;

/// <summary>Bounds how many logs one person or token follows at the same time: each holds a connection and a subscription.</summary>
internal sealed class Follows
{
    private readonly ConcurrentDictionary<Guid, int> _open = new();

    public IDisposable Take(Actor actor)
    {
        var key = actor.Id ?? Guid.Empty;
        if (_open.AddOrUpdate(key, 1, (_, open) => open + 1) > ApiLimits.Follows)
        {
            Leave(key);
            throw new PortalException(Refusal.TooMany, $"You follow {ApiLimits.Follows} logs already, which is the limit; close one.");
        }
        return new Place(this, key);
    }

    private void Leave(Guid key)
    {
        if (_open.AddOrUpdate(key, 0, (_, open) => open - 1) <= 0)
        {
            _open.TryRemove(new KeyValuePair<Guid, int>(key, 0));
        }
    }

    private sealed class Place(Follows follows, Guid key) : IDisposable
    {
        public void Dispose() => follows.Leave(key);
    }
}
