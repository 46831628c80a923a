using System.Globalization;
using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Portal.Core.Git.GitHub;

/// <summary>How an App proves itself: https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app.</summary>
internal static class GitHubJwt
{
    /// <summary>GitHub takes at most ten minutes; clocks differ.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(9);

    private static readonly TimeSpan Drift = TimeSpan.FromSeconds(60);

    /// <param name="pem">The App's private key, PKCS#1 or PKCS#8.</param>
    public static string Create(long appId, string pem, DateTimeOffset now)
    {
        using var rsa = RSA.Create();
        rsa.ImportFromPem(pem);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = appId.ToString(CultureInfo.InvariantCulture),
            IssuedAt = (now - Drift).UtcDateTime,
            Expires = (now - Drift + Lifetime).UtcDateTime,
            // Without a cache of signers: the key is disposed of here.
            SigningCredentials = new SigningCredentials(new RsaSecurityKey(rsa) { CryptoProviderFactory = new CryptoProviderFactory { CacheSignatureProviders = false } }, SecurityAlgorithms.RsaSha256),
        });
    }
}
