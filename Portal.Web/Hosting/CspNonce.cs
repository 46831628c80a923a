using System.Security.Cryptography;

namespace Portal.Web.Hosting;

/// <summary>
/// The nonce of this response's <c>script-src</c>. Pages put it on the few inline scripts that a page cannot do without
/// (the import map); everything else is a file of the portal.
/// </summary>
public sealed class CspNonce
{
    public string Value { get; } = Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));
}
