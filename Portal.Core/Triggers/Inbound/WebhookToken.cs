using System.Security.Cryptography;

namespace Portal.Core.Triggers.Inbound;

/// <summary>
/// The secret itself in a header: GitLab's older "secret token". It says nothing of the body, so it is only as good as
/// the way it comes: Portal behind TLS.
/// </summary>
public sealed class WebhookToken(IReadOnlyList<byte[]> secrets, string token) : WebhookProof(secrets)
{
    private readonly IReadOnlyList<byte[]> _secrets = secrets;

    public override void Append(ReadOnlySpan<byte> bytes)
    {
    }

    public override int Match()
    {
        var match = -1;
        // Hashes have one length; comparing the texts would tell that of the secret.
        var claimed = SHA256.HashData(WebhookSignature.Secret(token));
        for (var i = 0; i < _secrets.Count; i++)
        {
            if (CryptographicOperations.FixedTimeEquals(SHA256.HashData(_secrets[i]), claimed) && match < 0)
            {
                match = i;
            }
        }
        return match;
    }
}
