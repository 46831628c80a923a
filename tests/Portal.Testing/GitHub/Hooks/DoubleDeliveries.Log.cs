namespace Portal.Testing.GitHub;

public sealed partial class DoubleDeliveries
{
    private const int MostLogged = 50_000;

    private readonly Queue<DoubleDelivery> _log = new();

    /// <summary>Every attempt that has ended, oldest first.</summary>
    public IReadOnlyList<DoubleDelivery> Log
    {
        get
        {
            lock (_gate)
            {
                return [.. _log];
            }
        }
    }

    internal DoubleDelivery? Find(DoubleApp app, long id)
    {
        lock (_gate)
        {
            return _log.FirstOrDefault(d => d.Id == id && d.App == app && d.DeliveredAt >= _state.Now - Kept);
        }
    }

    /// <summary>Newest first.</summary>
    internal List<DoubleDelivery> Of(DoubleApp app)
    {
        lock (_gate)
        {
            return [.. _log.Where(d => d.App == app && d.DeliveredAt >= _state.Now - Kept).OrderByDescending(d => d.Id)];
        }
    }

    internal void Again(DoubleDelivery delivery)
    {
        lock (_gate)
        {
            Start(delivery with { Id = _state.NextId("delivery"), Redelivery = true });
        }
    }

    private void Record(DoubleDelivery delivery)
    {
        _log.Enqueue(delivery);
        if (_log.Count > MostLogged)
        {
            _log.Dequeue();
        }
    }
}
