using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Identity;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Portal.Core.Common;
using Portal.Core.Git;
using Portal.Core.Teams;

namespace Portal.Web.Auth;

/// <summary>
/// Signing in with the OpenID Connect providers of the settings: code flow with PKCE, the answer in the address, so that
/// cookies may be SameSite=Lax. The framework's handler checks state, nonce, issuer, audience and signature; what comes
/// of it is <see cref="OutsideSignIns"/>'s. Tokens end with the request.
/// </summary>
internal static class OidcDoor
{
    private const string Intent = "intent";
    private const int MostNameLength = 80;

    /// <summary>A document, keys or an answer with tokens; providers send a few KB.</summary>
    private const int MostBytes = 1024 * 1024;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public static string Leave(int number) => $"/connect/oidc/{number}/sign-in";

    public static string Back(int number) => $"/connect/oidc/{number}/signed-in";

    public static void AddOidcDoor(this AuthenticationBuilder authentication, PortalOptions portal)
    {
        // What strangers bring back is no error of Portal's; what matters of it is said below.
        authentication.Services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore.Authentication.OpenIdConnect", LogLevel.None));
        foreach (var (number, provider) in portal.SignIn.Oidc.Index())
        {
            // Now: a file that goes away later must not keep every request from being answered.
            var secret = provider.Secret();
            authentication.AddOpenIdConnect(Scheme(number), provider.Name, oidc => Configure(oidc, portal, provider, number, secret));
        }
    }

    public static void MapOidcDoor(this WebApplication app) =>
        app.MapGet("/connect/oidc/{number:int}/sign-in", LeaveAsync).ExcludeFromDescription().AllowAnonymous();

    private static async Task LeaveAsync(int number, HttpContext context, OutsideSignIns outside, PortalOptions options, ILoggerFactory loggers)
    {
        var (intent, instead) = await outside.BeginAsync(context);
        if (options.SignIn.Oidc.ElementAtOrDefault(number) is not { } provider)
        {
            context.Response.Redirect(outside.Tell(intent, "This way to sign in is not offered any more."));
            return;
        }
        if (instead is not null)
        {
            context.Response.Redirect(instead);
            return;
        }
        try
        {
            await context.ChallengeAsync(Scheme(number), new AuthenticationProperties(new Dictionary<string, string?> { [Intent] = CoreJson.Write(intent) }) { RedirectUri = "/" });
        }
        catch (Exception e) when (IsAbsence(e) && !context.RequestAborted.IsCancellationRequested)
        {
            loggers.CreateLogger(typeof(OidcDoor)).LogWarning(e, "{Provider} could not be asked how it signs people in", provider.Name);
            context.Response.Redirect(outside.Tell(intent, $"{provider.Name} does not answer. Try again in a moment."));
        }
    }

    private static string Scheme(int number) => $"oidc-{number}";

    private static void Configure(OpenIdConnectOptions oidc, PortalOptions portal, OidcOptions provider, int number, string secret)
    {
        oidc.Authority = provider.Authority;
        oidc.RequireHttpsMetadata = !provider.AllowHttp;
        oidc.ClientId = provider.ClientId;
        oidc.ClientSecret = secret;
        oidc.ResponseType = OpenIdConnectResponseType.Code;
        oidc.ResponseMode = OpenIdConnectResponseMode.Query;
        oidc.UsePkce = true;
        oidc.SaveTokens = false;
        oidc.MapInboundClaims = false;
        oidc.DisableTelemetry = true;
        oidc.TokenValidationParameters.ClockSkew = TimeSpan.FromMinutes(2);
        oidc.Scope.Clear();
        foreach (var scope in provider.Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            oidc.Scope.Add(scope);
        }
        // Some say the e-mail address only there.
        oidc.GetClaimsFromUserInfoEndpoint = true;
        oidc.ClaimActions.MapUniqueJsonKey("email_verified", "email_verified");
        oidc.ClaimActions.MapUniqueJsonKey("preferred_username", "preferred_username");
        oidc.CallbackPath = Back(number);
        // Nobody but the person ends a session here.
        oidc.RemoteSignOutPath = default;
        oidc.SignedOutCallbackPath = default;
        // Required, and never used: the answer is dealt with where it arrives.
        oidc.SignInScheme = IdentityConstants.ExternalScheme;
        oidc.RemoteAuthenticationTimeout = SignInSeal.Journey;
        oidc.Backchannel = new HttpClient(new SecureOnly(provider.AllowHttp)) { Timeout = Limit, MaxResponseContentBufferSize = MostBytes };
        var https = portal.PublicUrl.StartsWith("https:", StringComparison.OrdinalIgnoreCase);
        // Names of our own: an app may be an ASP.NET Core program with cookies of the default names.
        (oidc.CorrelationCookie.Name, oidc.NonceCookie.Name) = ("portal-oidc.", "portal-oidc-nonce.");
        foreach (var cookie in new[] { oidc.CorrelationCookie, oidc.NonceCookie })
        {
            cookie.SameSite = SameSiteMode.Lax;
            cookie.SecurePolicy = https ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
        }
        oidc.Events.OnRedirectToIdentityProvider = context =>
        {
            // The registered address, whatever name the request came under.
            context.ProtocolMessage.RedirectUri = portal.PublicUrl + Back(number);
            return Task.CompletedTask;
        };
        oidc.Events.OnUserInformationReceived = context =>
        {
            // An address and whether it is verified come from the same place, or one could vouch for the other.
            if (context.User.RootElement.TryGetProperty("email", out _) && context.Principal?.Identity is ClaimsIdentity person)
            {
                foreach (var claim in person.FindAll(c => c.Type is "email" or "email_verified").ToList())
                {
                    person.RemoveClaim(claim);
                }
            }
            return Task.CompletedTask;
        };
        oidc.Events.OnTicketReceived = context => ReturnAsync(context, provider);
        oidc.Events.OnAccessDenied = context =>
        {
            context.HandleResponse();
            context.Response.Redirect(Tell(context.HttpContext, context.Properties, $"You did not allow it at {provider.Name}, so nothing happened."));
            return Task.CompletedTask;
        };
        oidc.Events.OnRemoteFailure = context =>
        {
            var failure = Of(context.Failure);
            if (failure != Failure.Journey)
            {
                context.HttpContext.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(OidcDoor))
                    .LogWarning(context.Failure, "Somebody could not be signed in with {Provider}", provider.Name);
            }
            context.HandleResponse();
            context.Response.Redirect(Tell(context.HttpContext, context.Properties, Sentence(failure, provider)));
            return Task.CompletedTask;
        };
    }

    private static async Task ReturnAsync(TicketReceivedContext context, OidcOptions provider)
    {
        context.HandleResponse();
        var services = context.HttpContext.RequestServices;
        // This runs before anybody asked who is signed in here.
        if ((await context.HttpContext.AuthenticateAsync(IdentityConstants.ApplicationScheme)).Principal is { } signedIn)
        {
            context.HttpContext.User = signedIn;
        }
        var intent = IntentOf(context.Properties);
        var said = context.Principal!;
        var email = said.FindFirstValue("email");
        var verified = email is not null && bool.TryParse(said.FindFirstValue("email_verified"), out var yes) && yes ? email.Trim() : null;
        if (said.FindFirstValue("sub") is not { Length: > 0 and <= 255 } subject || intent is null)
        {
            context.Response.Redirect(Tell(context.HttpContext, context.Properties, $"{provider.Name} did not say who you are. Begin again."));
            return;
        }
        if (provider.AllowedDomains.Count > 0 && !(verified is not null && provider.AllowedDomains.Contains(verified[(verified.LastIndexOf('@') + 1)..], StringComparer.OrdinalIgnoreCase)))
        {
            context.Response.Redirect(Tell(context.HttpContext, context.Properties, $"Only accounts with a verified e-mail address of {string.Join(" or ", provider.AllowedDomains)} can be used here."));
            return;
        }
        var account = Clean(email ?? said.FindFirstValue("preferred_username"), provider.Name);
        var name = Clean(said.FindFirstValue("name") ?? said.FindFirstValue("preferred_username"), account.Split('@')[0]);
        var identity = new ProvenIdentity(provider.Provider, subject, provider.Name.Trim(), account, name, verified);
        context.Response.Redirect(await services.GetRequiredService<OutsideSignIns>().FinishAsync(identity, intent, provider.AutoJoin, context.HttpContext.RequestAborted));
    }

    private static string Clean(string? said, string otherwise) => RepositoryText.Clean(said ?? "", MostNameLength) is { Length: > 0 } clean ? clean : otherwise;

    private static SignInIntent? IntentOf(AuthenticationProperties? properties) => CoreJson.Read<SignInIntent>(properties?.Items.TryGetValue(Intent, out var intent) == true ? intent : null);

    private static string Tell(HttpContext context, AuthenticationProperties? properties, string sentence) =>
        context.RequestServices.GetRequiredService<OutsideSignIns>().Tell(IntentOf(properties), sentence);

    private enum Failure
    {
        /// <summary>The person did not leave from this browser, or long ago.</summary>
        Journey,

        /// <summary>The provider does not answer, or not as the protocol says.</summary>
        Absence,

        /// <summary>It answered what proves nothing.</summary>
        Proof,
    }

    private static Failure Of(Exception? failure) =>
        failure is SecurityTokenException or OpenIdConnectProtocolInvalidNonceException || failure?.InnerException is SecurityTokenException ? Failure.Proof
        : (failure is not null && IsAbsence(failure)) || (failure?.InnerException is { } inner && IsAbsence(inner)) ? Failure.Absence
        : Failure.Journey;

    private static string Sentence(Failure failure, OidcOptions provider) => failure switch
    {
        Failure.Proof => $"What {provider.Name} answered cannot be trusted, so you were not signed in. Begin again; if it stays so, tell a platform admin.",
        Failure.Absence => $"{provider.Name} does not answer as it should. Try again in a moment.",
        _ => $"This way back from {provider.Name} was begun in another browser, was used already, or is older than ten minutes. Begin again.",
    };

    /// <summary>InvalidOperationException is how the handler says that the provider's description could not be read.</summary>
    private static bool IsAbsence(Exception e) =>
        e is HttpRequestException or IOException or OperationCanceledException or InvalidOperationException or OpenIdConnectProtocolException;

    /// <summary>The secret and the code go nowhere else than the document said, and nowhere in the clear, whatever the document said.</summary>
    private sealed class SecureOnly(bool allowHttp) : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(5), PooledConnectionLifetime = TimeSpan.FromMinutes(5), MaxResponseHeadersLength = 64 })
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            allowHttp || request.RequestUri?.Scheme == Uri.UriSchemeHttps ? base.SendAsync(request, cancellationToken) : throw new HttpRequestException("The provider named an address that is not https.");
    }
}
