using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Portal.Core.Data;

namespace Portal.Web.Auth;

/// <summary>What a session cookie says of its person. Rights are never read from it, see <see cref="CurrentActor"/>.</summary>
internal sealed class PersonClaims(UserManager<PortalUser> people, IOptions<IdentityOptions> options)
    : UserClaimsPrincipalFactory<PortalUser>(people, options)
{
    /// <summary>Identity's own claim of the security stamp, which ends all sessions when it changes.</summary>
    public static readonly string Stamp = new ClaimsIdentityOptions().SecurityStampClaimType;

    /// <summary>Which session of the person; set when it begins and carried over when the cookie is renewed.</summary>
    public const string Session = "portal:session";

    public static Guid? SessionOf(ClaimsPrincipal? person) => Guid.TryParse(person?.FindFirstValue(Session), out var id) ? id : null;

    /// <summary>Opens the measurements at <c>/metrics</c>; renewed with the session's validation.</summary>
    public const string Admin = "portal:admin";

    protected override async Task<ClaimsIdentity> GenerateClaimsAsync(PortalUser user)
    {
        var identity = await base.GenerateClaimsAsync(user);
        if (user.IsPlatformAdmin)
        {
            identity.AddClaim(new Claim(Admin, "true"));
        }
        return identity;
    }
}
