using System.Security.Cryptography;
using System.Text;

namespace Portal.Core.Triggers.Inbound;

/// <summary>
/// <c>X-Hub-Signature-256: sha256=</c> and the hexadecimal HMAC-SHA256 over the raw body, computed while the body comes in,
/// for the current secret and, during a change of secrets, the previous one. SHA-1 is not accepted.
/// </summary>
public sealed class WebhookSignature : IDisposable
{
    private const string Prefix = "sha256=";

    private readonly IncrementalHash[] _hashes;

    /// <exception cref="ArgumentException">A secret is empty: it would let everybody in.</exception>
    public WebhookSignature(IReadOnlyList<byte[]> secrets)
    {
        if (secrets.Count == 0 || secrets.Any(s => s.Length == 0))
        {
            throw new ArgumentException("A webhook without a secret accepts nothing.", nameof(secrets));
        }
        _hashes = [.. secrets.Select(s => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, s))];
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        foreach (var hash in _hashes)
        {
            hash.AppendData(bytes);
        }
    }

    /// <summary>The index of the secret that signed; -1 for none. Takes the same time wherever the difference is.</summary>
    public int Match(string? header)
    {
        Span<byte> claimed = stackalloc byte[32];
        if (header is null || header.Length != Prefix.Length + 64 || !header.StartsWith(Prefix, StringComparison.Ordinal)
            || Convert.FromHexString(header.AsSpan(Prefix.Length), claimed, out _, out var written) != System.Buffers.OperationStatus.Done || written != 32)
        {
            return -1;
        }
        var match = -1;
        Span<byte> real = stackalloc byte[32];
        for (var i = 0; i < _hashes.Length; i++)
        {
            _hashes[i].GetHashAndReset(real);
            if (CryptographicOperations.FixedTimeEquals(real, claimed) && match < 0)
            {
                match = i;
            }
        }
        return match;
    }

    public static byte[] Secret(string text) => Encoding.UTF8.GetBytes(text);

    public void Dispose()
    {
        foreach (var hash in _hashes)
        {
            hash.Dispose();
        }
    }
}
