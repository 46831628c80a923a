using System.Security.Cryptography;

namespace Portal.Testing.GitHub;

/// <summary>A registered GitHub App. It keeps its private keys only so that tests can act as the app.</summary>
public sealed class DoubleApp
{
    private readonly List<RSA> _keys = [];

    internal DoubleApp(long id, DoubleAccount owner, DoubleAccount bot, string name, AppManifest manifest, DateTimeOffset now)
    {
        Id = id;
        HookId = id + 400_000_000;
        Owner = owner;
        Bot = bot;
        Name = name;
        Manifest = manifest;
        Slug = SlugOf(name);
        Permissions = manifest.Permissions;
        Events = manifest.Events;
        HookUrl = manifest.HookUrl;
        HookActive = manifest.HookActive && manifest.HookUrl is not null;
        CreatedAt = now;
        ClientId = $"Iv23li{Tokens.Random(14)}";
        ClientSecret = Tokens.Hex(20);
        WebhookSecret = Tokens.Hex(20);
        PrivateKeyPem = AddKey();
    }

    public long Id { get; }

    public string Name { get; }

    public string Slug { get; }

    public DoubleAccount Owner { get; }

    public string ClientId { get; }

    public string ClientSecret { get; }

    /// <summary>Null or empty: deliveries are not signed.</summary>
    public string? WebhookSecret { get; internal set; }

    /// <summary>The first key: PKCS#1, 2048 bits, as GitHub hands it out once.</summary>
    public string PrivateKeyPem { get; }

    public string? HookUrl { get; internal set; }

    public bool HookActive { get; internal set; }

    public IReadOnlyDictionary<string, string> Permissions { get; internal set; }

    public IReadOnlyList<string> Events { get; internal set; }

    public bool IsDeleted { get; internal set; }

    internal DoubleAccount Bot { get; }

    internal AppManifest Manifest { get; }

    internal long HookId { get; }

    internal DateTimeOffset CreatedAt { get; }

    /// <summary>"json" or "form".</summary>
    internal string HookContentType { get; set; } = "json";

    internal IReadOnlyList<RSA> Keys => _keys;

    /// <summary>Generates one more private key, as its owner does to replace one; answers its PEM.</summary>
    public string AddKey()
    {
        var key = RSA.Create(2048);
        lock (_keys)
        {
            _keys.Add(key);
        }
        return key.ExportRSAPrivateKeyPem() + "\n";
    }

    /// <summary>Takes the oldest key away: what it signed is refused from now on.</summary>
    public void RemoveOldestKey()
    {
        lock (_keys)
        {
            _keys.RemoveAt(0);
        }
    }

    internal bool Signed(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        lock (_keys)
        {
            foreach (var key in _keys)
            {
                if (key.VerifyData(data, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))
                {
                    return true;
                }
            }
            return false;
        }
    }

    internal static string SlugOf(string name) =>
        string.Join('-', new string([.. name.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
