using Microsoft.AspNetCore.Identity;

namespace Portal.Core.Data;

/// <summary>A person. Passwords and sign-in are ASP.NET Core Identity's; roles of the platform are two flags.</summary>
public sealed class PortalUser : IdentityUser<Guid>
{
    /// <summary>As shown to others, at most 80 characters.</summary>
    public string DisplayName { get; set; } = "";

    public bool IsPlatformAdmin { get; set; }

    public bool IsAuditor { get; set; }

    /// <summary>The owner of the installation's own token: not a person, cannot sign in, is in no list of people.</summary>
    public bool IsService { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset? LastSeenAt { get; set; }

    /// <summary>A disabled person cannot sign in and their tokens do not work.</summary>
    public DateTimeOffset? DisabledAt { get; set; }
}
