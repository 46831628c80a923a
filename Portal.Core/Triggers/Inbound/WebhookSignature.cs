using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Portal.Core.Data;

namespace Portal.Core.Triggers.Inbound;

/// <summary>
/// An HMAC-SHA256 over the body, for the current secret and, during a change of secrets, the previous one: as
/// <c>sha256=</c> and hexadecimal digits (GitHub, Gitea, Forgejo, Bitbucket), or as Standard Webhooks' <c>v1,</c> and Base64 over
/// <c>id.timestamp.body</c> (GitLab, https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
/// A replay needs no clock to be found: it carries an id that was stored. SHA-1 is not accepted.
/// </summary>
public sealed class WebhookSignature : WebhookProof
{
    private const string HubPrefix = "sha256=";

    private const int MostSignatures = 8;

    private readonly IncrementalHash[] _hashes;
    private readonly List<byte[]> _claimed;

    private WebhookSignature(IReadOnlyList<byte[]> secrets, IEnumerable<byte[]> keys, List<byte[]> claimed)
        : base(secrets)
    {
        _hashes = [.. keys.Select(key => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key))];
        _claimed = claimed;
    }

    public static WebhookSignature Hub(IReadOnlyList<byte[]> secrets, string header)
    {
        var claimed = new byte[32];
        var fits = header.Length == HubPrefix.Length + 64 && header.StartsWith(HubPrefix, StringComparison.Ordinal)
            && Convert.FromHexString(header.AsSpan(HubPrefix.Length), claimed, out _, out var written) == OperationStatus.Done && written == 32;
        return new WebhookSignature(secrets, secrets, fits ? [claimed] : []);
    }

    /// <param name="header">One or more signatures with spaces between them; those of other versions are passed over.</param>
    public static WebhookSignature Standard(IReadOnlyList<byte[]> secrets, string id, string timestamp, string header)
    {
        var claimed = new List<byte[]>();
        foreach (var part in header.Split(' ', MostSignatures + 1, StringSplitOptions.RemoveEmptyEntries).Take(MostSignatures))
        {
            var bytes = new byte[32];
            if (part.StartsWith("v1,", StringComparison.Ordinal) && Convert.TryFromBase64String(part[3..], bytes, out var written) && written == 32)
            {
                claimed.Add(bytes);
            }
        }
        var signature = new WebhookSignature(secrets, secrets.Select(Key), claimed);
        signature.Append(Encoding.UTF8.GetBytes($"{id}.{timestamp}."));
        return signature;
    }

    public override void Append(ReadOnlySpan<byte> bytes)
    {
        foreach (var hash in _hashes)
        {
            hash.AppendData(bytes);
        }
    }

    public override int Match()
    {
        var match = -1;
        Span<byte> real = stackalloc byte[32];
        for (var i = 0; i < _hashes.Length; i++)
        {
            _hashes[i].GetHashAndReset(real);
            foreach (var claimed in _claimed)
            {
                if (CryptographicOperations.FixedTimeEquals(real, claimed) && match < 0)
                {
                    match = i;
                }
            }
        }
        return match;
    }

    public static byte[] Secret(string text) => Encoding.UTF8.GetBytes(text);

    protected override void Dispose(bool disposing)
    {
        foreach (var hash in _hashes)
        {
            hash.Dispose();
        }
    }

    private static byte[] Key(byte[] secret)
    {
        var text = Encoding.UTF8.GetString(secret);
        if (!text.StartsWith(SecretTokens.WebhookPrefix, StringComparison.Ordinal))
        {
            return secret;
        }
        var key = new byte[text.Length];
        return Convert.TryFromBase64String(text[SecretTokens.WebhookPrefix.Length..], key, out var length) && length > 0 ? key[..length] : secret;
    }
}
