using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git.GitHub;
using Portal.Core.Teams;

namespace Portal.Web.Auth;

/// <summary>
/// Signing in with GitHub: a link leaves for it, and it sends the person back with a code. A sealed cookie ties both to
/// one browser: without it somebody could be made to come in, or to connect, as another.
/// </summary>
internal static class GitHubDoor
{
    /// <param name="State">What GitHub has to bring back.</param>
    /// <param name="Verifier">Proves to GitHub that who began is who asks (PKCE).</param>
    private sealed record GitHubJourney(string State, string Verifier, Guid Connection, SignInIntent Intent);

    public static string Leave(Guid connection) => $"/connect/github/{connection}/sign-in";

    public static void MapGitHubDoor(this WebApplication app)
    {
        app.MapGet("/connect/github/{connection:guid}/sign-in", LeaveAsync).ExcludeFromDescription().AllowAnonymous();
        app.MapGet(GitHubDoors.SignedIn, ReturnAsync).ExcludeFromDescription().AllowAnonymous();
    }

    private static async Task<IResult> LeaveAsync(Guid connection, HttpContext context, OutsideSignIns outside, GitHubSignIn github, SignInSeal seal, PortalOptions options)
    {
        var (intent, instead) = await outside.BeginAsync(context);
        if (instead is not null)
        {
            return Results.LocalRedirect(instead);
        }
        var journey = new GitHubJourney(SecretTokens.Create(""), SecretTokens.Create(""), connection, intent);
        try
        {
            var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(journey.Verifier)));
            var address = await github.AskAsync(connection, journey.State, challenge, context.RequestAborted);
            context.Response.Cookies.Append(CookieName(options), seal.Write(journey, SignInSeal.Journey), Cookie(options));
            return Results.Redirect(address);
        }
        catch (PortalException)
        {
            return Results.LocalRedirect(outside.Tell(intent, "This GitHub is not connected to Portal any more."));
        }
    }

    private static async Task<IResult> ReturnAsync(string? state, string? code, string? error, HttpContext context, OutsideSignIns outside, GitHubSignIn github, SignInSeal seal, PortalOptions options)
    {
        var journey = seal.Open<GitHubJourney>(context.Request.Cookies[CookieName(options)]);
        // Whatever comes of it, this journey is over.
        context.Response.Cookies.Delete(CookieName(options), Cookie(options));
        if (journey is null || state is null || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(state), Encoding.UTF8.GetBytes(journey.State)))
        {
            return Results.LocalRedirect(outside.Tell(null, "This way back from GitHub was begun in another browser, was used already, or is older than ten minutes. Begin again."));
        }
        if (error is not null || code is not { Length: > 0 and <= 200 })
        {
            return Results.LocalRedirect(outside.Tell(journey.Intent, error == "access_denied" ? "You did not allow it at GitHub, so nothing happened." : "GitHub did not say who you are. Begin again."));
        }
        try
        {
            var (place, person) = await github.ProveAsync(journey.Connection, code, journey.Verifier, context.RequestAborted);
            var identity = new ProvenIdentity(SignInWays.ProviderOf(place), person.Id, SignInWays.NameOf(place), person.Login, person.Name, person.VerifiedEmail);
            return Results.LocalRedirect(await outside.FinishAsync(identity, journey.Intent, mayCreate: false, context.RequestAborted));
        }
        catch (PortalException refused)
        {
            return Results.LocalRedirect(outside.Tell(journey.Intent, refused.Message));
        }
    }

    private static bool IsHttps(PortalOptions options) => options.PublicUrl.StartsWith("https:", StringComparison.OrdinalIgnoreCase);

    private static string CookieName(PortalOptions options) => IsHttps(options) ? "__Host-portal-github" : "portal-github";

    private static CookieOptions Cookie(PortalOptions options) =>
        new() { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = IsHttps(options), Path = "/", MaxAge = SignInSeal.Journey, IsEssential = true };
}
