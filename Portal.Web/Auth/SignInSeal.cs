using System.Buffers.Text;
using System.Security.Cryptography;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Web.Auth;

/// <summary>What a browser carries for a few minutes on the way to another service and back, and can neither read nor make up.</summary>
internal sealed class SignInSeal(SecretBox box, TimeProvider time)
{
    /// <summary>How long somebody may take at the other service.</summary>
    public static readonly TimeSpan Journey = TimeSpan.FromMinutes(10);

    private const int Most = 4_000;

    /// <param name="Kind">What was sealed as one thing is never opened as another.</param>
    private sealed record Envelope(string Kind, DateTimeOffset Until, string Value);

    public string Write<T>(T value, TimeSpan life)
        where T : class =>
        Base64Url.EncodeToString(box.Seal(SecretPurposes.SignIn, CoreJson.Write(new Envelope(typeof(T).Name, time.GetUtcNow() + life, CoreJson.Write(value)))));

    /// <summary>Null when it is made up, cut, too old, or something else.</summary>
    public T? Open<T>(string? text)
        where T : class
    {
        try
        {
            return text is { Length: > 0 and <= Most } && CoreJson.Read<Envelope>(box.Open(SecretPurposes.SignIn, Base64Url.DecodeFromChars(text))) is { } envelope
                && envelope.Kind == typeof(T).Name && envelope.Until > time.GetUtcNow()
                ? CoreJson.Read<T>(envelope.Value)
                : null;
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            return null;
        }
    }
}

/// <summary>A sentence for the page that comes next.</summary>
internal sealed record Told(string Sentence)
{
    public const string Query = "told";
}

/// <summary>Made by a click of the person on their own page, so that no other site can connect an account to theirs.</summary>
internal sealed record ConnectClick(Guid UserId, Guid SessionId)
{
    public const string Query = "connect";

    public static readonly TimeSpan Life = TimeSpan.FromMinutes(1);
}

/// <summary>What somebody wants who leaves for another service.</summary>
/// <param name="ReturnUrl">A path of the portal.</param>
/// <param name="Invitation">They hold it and would like to join.</param>
/// <param name="Connect">They are signed in and connect the account there to theirs.</param>
internal sealed record SignInIntent(string ReturnUrl, string? Invitation, ConnectClick? Connect)
{
    public const string InvitationQuery = "invitation";

    /// <summary>The page they came from, which also says what went wrong.</summary>
    public string Page(string? told)
    {
        var page = Connect is not null ? "/me" : Invitation is not null ? $"/join/{Uri.EscapeDataString(Invitation)}" : $"/sign-in?{SignIns.ReturnUrl}={Uri.EscapeDataString(ReturnUrl)}";
        return told is null ? page : $"{page}{(page.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{Told.Query}={told}";
    }
}
