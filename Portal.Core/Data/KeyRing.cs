using System.Security.Cryptography;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Portal.Core.Data;

/// <summary>
/// The key ring: ASP.NET Data Protection keys in the database, each wrapped with the master key, which is kept outside
/// it in a 0600 file. A stolen database or backup opens nothing without that file.
/// </summary>
public static class KeyRing
{
    public static IServiceCollection AddKeyRing(this IServiceCollection services, string masterKeyFile)
    {
        services.AddSingleton(_ => MasterKey.Read(masterKeyFile));
        // Before Data Protection's own start, which reads the ring without waiting for anybody.
        services.AddHostedService<KeyRingStart>();
        services.AddDataProtection().SetApplicationName("portal").PersistKeysToDbContext<PortalDbContext>();
        services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(provider =>
            new ConfigureOptions<KeyManagementOptions>(options => options.XmlEncryptor = new MasterKeyXmlEncryptor(provider.GetRequiredService<MasterKey>())));
        services.AddSingleton<SecretBox>();
        return services;
    }
}

/// <summary>32 bytes read from a file with one line of base64.</summary>
internal sealed class MasterKey
{
    private readonly byte[] _key;

    private MasterKey(byte[] key) => _key = key;

    public static MasterKey Read(string file)
    {
        var key = new byte[32];
        if (!Convert.TryFromBase64String(File.ReadAllText(file).Trim(), key, out var length) || length != key.Length)
        {
            throw new InvalidOperationException("The master key file must hold 32 bytes in base64.");
        }
        return new MasterKey(key);
    }

    /// <returns>nonce (12) · tag (16) · ciphertext, AES-256-GCM.</returns>
    public byte[] Wrap(byte[] plain)
    {
        var wrapped = new byte[28 + plain.Length];
        RandomNumberGenerator.Fill(wrapped.AsSpan(0, 12));
        using var aes = new AesGcm(_key, 16);
        aes.Encrypt(wrapped.AsSpan(0, 12), plain, wrapped.AsSpan(28), wrapped.AsSpan(12, 16));
        return wrapped;
    }

    public byte[] Unwrap(byte[] wrapped)
    {
        var plain = new byte[wrapped.Length - 28];
        using var aes = new AesGcm(_key, 16);
        aes.Decrypt(wrapped.AsSpan(0, 12), wrapped.AsSpan(28), wrapped.AsSpan(12, 16), plain);
        return plain;
    }
}

internal sealed class MasterKeyXmlEncryptor(MasterKey masterKey) : IXmlEncryptor
{
    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        var wrapped = masterKey.Wrap(System.Text.Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting)));
        return new EncryptedXmlInfo(new XElement("wrapped", Convert.ToBase64String(wrapped)), typeof(MasterKeyXmlDecryptor));
    }
}

/// <summary>Made by Data Protection from the type name that is stored beside each wrapped key.</summary>
internal sealed class MasterKeyXmlDecryptor(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement) =>
        XElement.Parse(System.Text.Encoding.UTF8.GetString(
            services.GetRequiredService<MasterKey>().Unwrap(Convert.FromBase64String(encryptedElement.Value))));
}
