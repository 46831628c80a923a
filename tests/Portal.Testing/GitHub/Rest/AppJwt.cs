using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

/// <summary>The token that an app signs of itself: RS256, at most ten minutes long, a minute of tolerance for its clock.</summary>
internal static class AppJwt
{
    private const string NotDecoded = "A JSON web token could not be decoded";

    public static (DoubleApp? App, Answer? Wrong) Verify(string token, DoubleState state)
    {
        var parts = token.Split('.');
        if (Decode(parts[0]) is not { } header || Decode(parts[1]) is not { } claims || Bytes(parts[2]) is not { } signature || Text(header["alg"]) != "RS256")
        {
            return Refused(NotDecoded);
        }
        if (Text(claims["iss"]) is not { } issuer)
        {
            return Refused("Missing 'issuer' claim ('iss') in assertion");
        }
        var app = state.Apps.Values.FirstOrDefault(a => !a.IsDeleted && (a.ClientId == issuer || a.Id.ToString(System.Globalization.CultureInfo.InvariantCulture) == issuer));
        if (app is null)
        {
            return (null, Answer.Error(404, "Integration not found"));
        }
        if (!app.Signed(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), signature))
        {
            return Refused(NotDecoded);
        }
        var now = state.Now.ToUnixTimeSeconds();
        if (Seconds(claims["exp"]) is not { } expires || expires <= now)
        {
            return Refused("'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires");
        }
        if (expires > now + 600)
        {
            return Refused("'Expiration time' claim ('exp') is too far in the future");
        }
        return Seconds(claims["iat"]) is { } issued && issued <= now + 60
            ? (app, null)
            : Refused("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued");
    }

    private static (DoubleApp?, Answer?) Refused(string message) => (null, Answer.Error(401, message));

    private static JsonObject? Decode(string part)
    {
        try
        {
            return Bytes(part) is { } bytes ? JsonNode.Parse(bytes) as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[]? Bytes(string part) => Base64Url.IsValid(part) ? Base64Url.DecodeFromChars(part) : null;

    private static string? Text(JsonNode? node) => node is JsonValue value ? value.ToString() : null;

    private static long? Seconds(JsonNode? node) => node is JsonValue value && value.TryGetValue<long>(out var seconds) ? seconds : null;
}
