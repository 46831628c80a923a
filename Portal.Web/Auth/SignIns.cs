using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Portal.Core.Data;
using Portal.Core.Teams;

namespace Portal.Web.Auth;

/// <summary>Starts and ends sessions. Used by the pages that are rendered by the server alone: only those can set cookies.</summary>
internal sealed class SignIns(SignInManager<PortalUser> sessions, UserManager<PortalUser> people, AccountService accounts, SessionService browsers, ICurrentActor current, IHttpContextAccessor http)
{
    public const string ReturnUrl = "returnUrl";

    private static readonly PasswordHasher<PortalUser> Hasher = new();
    private static readonly string Nobody = Hasher.HashPassword(new PortalUser(), Guid.NewGuid().ToString());

    public string? Address => http.HttpContext?.Connection.RemoteIpAddress?.ToString();

    /// <returns>Null when signed in; otherwise the sentence for the form.</returns>
    public async Task<string?> ByPasswordAsync(string? email, string? password, CancellationToken cancellationToken)
    {
        const string Wrong = "The e-mail address or the password is wrong.";
        if (email is not { Length: > 0 and <= 200 } || password is not { Length: > 0 and <= AccountService.MaxPassword })
        {
            return Wrong;
        }
        var user = await people.FindByEmailAsync(email.Trim());
        if (user is not { IsService: false, PasswordHash: not null })
        {
            // The same work as for a person that has a password, so that the time of the answer tells nothing.
            Hasher.VerifyHashedPassword(new PortalUser(), Nobody, password);
            return Wrong;
        }
        var result = await sessions.CheckPasswordSignInAsync(user, password, lockoutOnFailure: true);
        if (result.IsLockedOut)
        {
            return "There were too many wrong passwords. Wait five minutes, then try again.";
        }
        if (!result.Succeeded)
        {
            return Wrong;
        }
        if (user.DisabledAt is not null)
        {
            return "This account is disabled. Ask a platform admin.";
        }
        await accounts.SignedInAsync(user.Id, Address, cancellationToken);
        await StartAsync(user.Id);
        return null;
    }

    public async Task StartAsync(Guid userId)
    {
        if (await people.FindByIdAsync(userId.ToString()) is { DisabledAt: null } user)
        {
            var session = await browsers.StartAsync(userId, Address, http.HttpContext?.Request.Headers.UserAgent.ToString(), CancellationToken.None);
            await sessions.SignInWithClaimsAsync(user, isPersistent: true, [new Claim(PersonClaims.Session, session.ToString())]);
        }
    }

    public async Task EndAsync()
    {
        var actor = await current.GetAsync(CancellationToken.None);
        if (actor?.SessionId is { } session)
        {
            await browsers.EndAsync(actor, session, CancellationToken.None);
        }
        await sessions.SignOutAsync();
    }

    /// <summary>A path of the portal itself, never another site: <c>//evil.example</c> and <c>/\evil.example</c> are not.</summary>
    public static string Local(string? returnUrl) =>
        returnUrl is ['/', not ('/' or '\\'), ..] or "/" && !returnUrl.Any(char.IsControl) ? returnUrl : "/";
}
