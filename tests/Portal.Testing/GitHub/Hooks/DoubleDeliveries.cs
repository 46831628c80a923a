namespace Portal.Testing.GitHub;

/// <summary>
/// Sends webhooks and remembers what became of them. One after the other and in order unless a test asks for worse;
/// nothing is tried again by itself.
/// </summary>
public sealed partial class DoubleDeliveries : IAsyncDisposable
{
    internal const int MostPayload = 25 * 1024 * 1024;
    private const int MostWaiting = 100_000;

    private readonly DoubleState _state;
    private readonly HookSender _sender;
    private readonly Lock _gate = new();
    private readonly LinkedList<DoubleDelivery> _waiting = new();
    private readonly LinkedList<DoubleDelivery> _aside = new();
    private readonly List<DoubleDelivery> _held = [];
    private readonly CancellationTokenSource _end = new();
    private Random _random = new(1);
    private TaskCompletionSource _settled = Done();
    private int _running;
    private bool _holding;

    internal DoubleDeliveries(DoubleState state)
    {
        _state = state;
        _sender = new HookSender(state);
    }

    /// <summary>How many may be under way at once; with more than one the order is left to chance.</summary>
    public int Parallelism { get; set; } = 1;

    /// <summary>How long the receiver has to answer, in true time.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an attempt can be listed and repeated.</summary>
    public TimeSpan Kept { get; set; } = TimeSpan.FromDays(3);

    /// <summary>The share that gets lost: recorded as failed, never sent.</summary>
    public double Drop { get; set; }

    /// <summary>The share that is sent twice with the same GUID.</summary>
    public double Duplicate { get; set; }

    /// <summary>Half of them wait for one or more later ones, or for <see cref="SettledAsync"/>.</summary>
    public bool Shuffle { get; set; }

    /// <summary>Payloads over 25 MB, of which GitHub tells nobody.</summary>
    public int TooLarge { get; private set; }

    /// <summary>What is held back now.</summary>
    public IReadOnlyList<DoubleDelivery> Held
    {
        get
        {
            lock (_gate)
            {
                return [.. _held];
            }
        }
    }

    /// <summary>The same seed, the same chances.</summary>
    public void Seed(int seed)
    {
        lock (_gate)
        {
            _random = new Random(seed);
        }
    }

    /// <summary>Ends when what is under way has ended; what comes after that waits for <see cref="ReleaseAsync"/>.</summary>
    public Task HoldAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            _holding = true;
        }
        return SettledAsync(cancellationToken);
    }

    /// <summary>Sends what was held back; ends when all of it has been answered.</summary>
    /// <param name="order">What to send and in which order, e.g. reversed; what it leaves out is lost without a trace.</param>
    public Task ReleaseAsync(Func<IReadOnlyList<DoubleDelivery>, IEnumerable<DoubleDelivery>>? order = null, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            _holding = false;
            var held = _held.ToList();
            _held.Clear();
            foreach (var delivery in order?.Invoke(held) ?? held)
            {
                Start(delivery);
            }
        }
        return SettledAsync(cancellationToken);
    }

    /// <summary>Ends when none is waiting or under way. Held ones do not count.</summary>
    public Task SettledAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            FlushAside();
            return _settled.Task.WaitAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        Task settled;
        lock (_gate)
        {
            _waiting.Clear();
            _aside.Clear();
            settled = _running > 0 ? _settled.Task : Task.CompletedTask;
        }
        await settled;
        _sender.Dispose();
        _end.Dispose();
    }

    internal void Enqueue(DoubleDelivery delivery)
    {
        lock (_gate)
        {
            if (delivery.Payload.Length > MostPayload)
            {
                TooLarge++;
                return;
            }
            if (_waiting.Count + _held.Count > MostWaiting)
            {
                throw new InvalidOperationException($"More than {MostWaiting} deliveries wait.");
            }
            if (_holding)
            {
                _held.Add(delivery);
                return;
            }
            if (_random.NextDouble() < Drop)
            {
                Record(delivery with { DeliveredAt = _state.Now, Status = "timed out", StatusCode = _random.Next(2) == 0 ? 504 : 0 });
                return;
            }
            var twice = _random.NextDouble() < Duplicate;
            if (Shuffle && _random.Next(2) == 0)
            {
                _aside.AddLast(delivery);
            }
            else
            {
                Start(delivery);
                FlushAside();
            }
            if (twice)
            {
                Start(delivery with { Id = _state.NextId("delivery") });
            }
        }
    }

    private static TaskCompletionSource Done()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }

    private void FlushAside()
    {
        while (_aside.First is { } first)
        {
            _aside.RemoveFirst();
            Start(first.Value);
        }
    }

    private void Start(DoubleDelivery delivery)
    {
        if (_settled.Task.IsCompleted)
        {
            _settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        _waiting.AddLast(delivery);
        Pump();
    }

    private void Pump()
    {
        while (_running < Parallelism && _waiting.First is { } next)
        {
            _waiting.RemoveFirst();
            _running++;
            _ = Task.Run(() => SendAsync(next.Value));
        }
        if (_running == 0 && _waiting.Count == 0)
        {
            _settled.TrySetResult();
        }
    }

    private async Task SendAsync(DoubleDelivery delivery)
    {
        DoubleDelivery ended;
        try
        {
            ended = await _sender.SendAsync(delivery, Deadline, _end.Token);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            ended = delivery with { DeliveredAt = _state.Now, Status = e.Message, StatusCode = 0 };
        }
        lock (_gate)
        {
            Record(ended);
            _running--;
            Pump();
        }
    }
}
