using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;

namespace Portal.Core.Data;

/// <summary>Seals and opens secrets with the key ring. What is sealed for one purpose opens for no other.</summary>
public sealed class SecretBox(IDataProtectionProvider provider)
{
    public byte[] Seal(string purpose, string value) => provider.CreateProtector(purpose).Protect(Encoding.UTF8.GetBytes(value));

    /// <exception cref="CryptographicException">It was sealed under another master key, or changed.</exception>
    public string Open(string purpose, byte[] value) => Encoding.UTF8.GetString(provider.CreateProtector(purpose).Unprotect(value));
}

/// <summary>Purposes of <see cref="SecretBox"/>.</summary>
public static class SecretPurposes
{
    public const string Variable = "variable";
    public const string WebhookSecret = "webhook-secret";
    public const string DeployKey = "deploy-key";
    public const string AddOn = "add-on";
    public const string AccessToken = "access-token";
    public const string GitHubApp = "github-app";
    public const string ConnectState = "connect-state";
    public const string SignIn = "sign-in";
}

/// <summary>Random tokens and their stored form.</summary>
public static class SecretTokens
{
    /// <summary>A token with 256 random bits: <paramref name="prefix"/> + 43 characters of base64url.</summary>
    public static string Create(string prefix) =>
        prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    /// <summary>Of secrets in the form of Standard Webhooks: the Base64 of the key follows. Hosts that know nothing of it take the whole as text.</summary>
    public const string WebhookPrefix = "whsec_";

    public static string WebhookSecret() => WebhookPrefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <summary>SHA-256 of the token's UTF-8 bytes. It has 256 random bits, so a slow hash would add nothing.</summary>
    public static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
