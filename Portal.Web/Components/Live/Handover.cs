using System.Collections.Concurrent;

namespace Portal.Web.Components.Live;

/// <summary>
/// Hands what the prerendering of a page read to the circuit that takes the page over, so that nothing is read twice and
/// nothing blinks. The page carries only a random key (protected by the framework); the value stays in this process.
/// Another process, or one that was too slow, simply reads again.
/// </summary>
public sealed class Handover(TimeProvider clock)
{
    private const int Capacity = 1_000;
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<Guid, (object Value, DateTimeOffset Until)> _values = new();

    public int Count => _values.Count;

    public Guid Leave(object value)
    {
        var now = clock.GetUtcNow();
        if (_values.Count >= Capacity / 2)
        {
            foreach (var (old, entry) in _values)
            {
                if (entry.Until < now)
                {
                    _values.TryRemove(old, out _);
                }
            }
        }

        var key = Guid.NewGuid();
        if (_values.Count < Capacity)
        {
            _values[key] = (value, now + Kept);
        }

        return key;
    }

    /// <summary>The value once, or null.</summary>
    public T? Take<T>(Guid key)
        where T : class =>
        _values.TryRemove(key, out var entry) && entry.Until >= clock.GetUtcNow() ? entry.Value as T : null;
}
