using System.Security.Claims;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Identity;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Teams;

namespace Portal.Web.Auth;

/// <summary>
/// Who is asking. Browsers bring a session cookie, machines a token to the API; a request that brings a token is never
/// also judged by its cookie. Pages need a person unless they say <c>[AllowAnonymous]</c>.
/// </summary>
internal static class PortalAuth
{
    private const string EitherScheme = "Either";

    public static IServiceCollection AddPortalAuth(this IServiceCollection services, PortalOptions options)
    {
        services.AddTeams();
        services.AddHttpContextAccessor();
        services.AddCascadingAuthenticationState();
        services.AddScoped<ICurrentActor, CurrentActor>();
        new IdentityBuilder(typeof(PortalUser), services).AddSignInManager().AddClaimsPrincipalFactory<PersonClaims>();
        services.AddScoped<SignIns>();
        services.AddScoped<OutsideSignIns>();
        services.AddSingleton<SignInSeal>();
        services.AddSingleton<SignInWays>();

        var authentication = services.AddAuthentication(EitherScheme)
            .AddPolicyScheme(EitherScheme, null, either => either.ForwardDefaultSelector = context =>
                context.Request.Path.StartsWithSegments("/api") && context.Request.Headers.Authorization.Count > 0 ? TokenHandler.SchemeName : IdentityConstants.ApplicationScheme)
            .AddScheme<AuthenticationSchemeOptions, TokenHandler>(TokenHandler.SchemeName, null);
        authentication.AddIdentityCookies(cookies => cookies.ApplicationCookie?.Configure(cookie => ConfigureCookie(cookie, options)));
        authentication.AddOidcDoor(options);
        services.Configure<SecurityStampValidatorOptions>(stamps =>
        {
            stamps.ValidationInterval = TimeSpan.FromMinutes(1);
            stamps.OnRefreshingPrincipal = renewed =>
            {
                if (renewed.CurrentPrincipal?.FindFirst(PersonClaims.Session) is { } session)
                {
                    (renewed.NewPrincipal?.Identity as ClaimsIdentity)?.AddClaim(session.Clone());
                }
                return Task.CompletedTask;
            };
        });
        services.AddAuthorization();
        return services;
    }

    public static void MapPortalAuth(this WebApplication app)
    {
        app.MapGitHubDoor();
        app.MapOidcDoor();
        app.MapPost("/sign-out", async (HttpContext context, IAntiforgery antiforgery, SignIns sessions) =>
        {
            if (!await antiforgery.IsRequestValidAsync(context))
            {
                return Results.Problem(statusCode: StatusCodes.Status400BadRequest, title: "This form is too old", detail: "Open the page again, then sign out.");
            }
            await sessions.EndAsync();
            return Results.LocalRedirect("/sign-in");
        }).ExcludeFromDescription().AllowAnonymous();
    }

    private static void ConfigureCookie(CookieAuthenticationOptions cookie, PortalOptions options)
    {
        var https = options.PublicUrl.StartsWith("https:", StringComparison.OrdinalIgnoreCase);
        cookie.Cookie.Name = https ? "__Host-portal" : "portal";
        cookie.Cookie.Path = "/";
        cookie.Cookie.HttpOnly = true;
        cookie.Cookie.SameSite = SameSiteMode.Lax;
        cookie.Cookie.SecurePolicy = https ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
        cookie.ExpireTimeSpan = SessionService.Length;
        cookie.SlidingExpiration = true;
        cookie.LoginPath = "/sign-in";
        cookie.AccessDeniedPath = "/sign-in";
        cookie.ReturnUrlParameter = SignIns.ReturnUrl;
        cookie.Events.OnValidatePrincipal = ValidateAsync;
        cookie.Events.OnRedirectToLogin = context =>
        {
            // Only a page is worth coming back to; a circuit or a machine wants the plain status.
            if (HttpMethods.IsGet(context.Request.Method) && !IsMachines(context.Request.Path))
            {
                context.Response.Redirect(context.RedirectUri);
            }
            else
            {
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            }
            return Task.CompletedTask;
        };
    }

    /// <summary>With each renewal, once a minute: pages and doors ask again by themselves, see <see cref="CurrentActor"/>.</summary>
    private static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        await SecurityStampValidator.ValidatePrincipalAsync(context);
        if (context is { ShouldRenew: true, Principal: { } person }
            && !(Guid.TryParse(person.FindFirstValue(ClaimTypes.NameIdentifier), out var id)
                && await context.HttpContext.RequestServices.GetRequiredService<SessionService>().IsOpenAsync(id, PersonClaims.SessionOf(person), context.HttpContext.RequestAborted)))
        {
            context.RejectPrincipal();
        }
    }

    private static bool IsMachines(PathString path) =>
        path.StartsWithSegments("/api") || path.StartsWithSegments("/openapi") || path.StartsWithSegments("/_blazor");
}
