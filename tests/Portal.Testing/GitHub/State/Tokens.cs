using System.Security.Cryptography;

namespace Portal.Testing.GitHub;

internal enum TokenKind
{
    Installation,
    Person,
    AppUser,
}

/// <summary>A bearer token; <see cref="Repositories"/> and <see cref="Permissions"/> null mean "as the installation has now".</summary>
internal sealed record DoubleToken(string Value, TokenKind Kind)
{
    public DateTimeOffset? Expires { get; init; }

    public DoubleInstallation? Installation { get; init; }

    public DoubleAccount? User { get; init; }

    public DoubleApp? App { get; init; }

    public IReadOnlyDictionary<string, string>? Permissions { get; init; }

    public IReadOnlySet<long>? Repositories { get; init; }

    public string Scopes { get; init; } = "";
}

internal static class Tokens
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    public static string Random(int length) => RandomNumberGenerator.GetString(Letters, length);

    public static string Hex(int bytes) => RandomNumberGenerator.GetHexString(bytes * 2, lowercase: true);
}
