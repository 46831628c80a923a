namespace Portal.Core.Triggers.Inbound;

/// <summary>How a delivery proves that it comes from who knows the secret. Fed with the raw body while that comes in.</summary>
public abstract class WebhookProof : IDisposable
{
    /// <exception cref="ArgumentException">A secret is empty: it would let everybody in.</exception>
    protected WebhookProof(IReadOnlyList<byte[]> secrets)
    {
        if (secrets.Count == 0 || secrets.Any(s => s.Length == 0))
        {
            throw new ArgumentException("A webhook without a secret accepts nothing.", nameof(secrets));
        }
    }

    public abstract void Append(ReadOnlySpan<byte> bytes);

    /// <summary>The index of the secret that was used; -1 for none. Takes the same time wherever the difference is.</summary>
    public abstract int Match();

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }
}
