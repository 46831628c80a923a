using System.Security.Cryptography;
using System.Text;

namespace Portal.Core.Data;

/// <summary>
/// What PostgreSQL stores of a password (RFC 5803, SCRAM-SHA-256). Statements that set a password carry this instead, so
/// that no log and no trace of a statement holds the password itself.
/// </summary>
internal static class PasswordProof
{
    private const int Iterations = 4096;

    /// <param name="password">ASCII, so that it needs no normalisation.</param>
    public static string Create(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(16);
        var salted = Rfc2898DeriveBytes.Pbkdf2(password, salt, Iterations, HashAlgorithmName.SHA256, 32);
        var storedKey = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var serverKey = HMACSHA256.HashData(salted, "Server Key"u8);
        return new StringBuilder("SCRAM-SHA-256$").Append(Iterations).Append(':').Append(Convert.ToBase64String(salt))
            .Append('$').Append(Convert.ToBase64String(storedKey)).Append(':').Append(Convert.ToBase64String(serverKey)).ToString();
    }
}
