namespace Portal.Web.Gateway;

/// <summary>One instance that answers for an environment.</summary>
internal sealed class AppTarget(string address)
{
    private int _inFlight;

    public string Prefix { get; } = $"http://{address}/";

    public int InFlight => Volatile.Read(ref _inFlight);

    public void Enter() => Interlocked.Increment(ref _inFlight);

    public void Leave() => Interlocked.Decrement(ref _inFlight);
}
