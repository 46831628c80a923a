using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Data;
using Portal.Core.Jobs;

namespace Portal.Core.Teams;

public static class TeamsSetup
{
    /// <summary>People, teams and tokens. Needs PortalData, AuditTrail and TimeProvider.</summary>
    public static IServiceCollection AddTeams(this IServiceCollection services)
    {
        services.AddIdentityCore<PortalUser>(identity =>
            {
                // Length beats composition: rules about digits and signs make passwords worse.
                identity.Password.RequiredLength = AccountService.MinPassword;
                identity.Password.RequireDigit = false;
                identity.Password.RequireLowercase = false;
                identity.Password.RequireUppercase = false;
                identity.Password.RequireNonAlphanumeric = false;
                identity.Password.RequiredUniqueChars = 4;
                identity.User.RequireUniqueEmail = true;
                // The user name is the e-mail address, which may hold more than Identity's default letters.
                identity.User.AllowedUserNameCharacters = "";
                identity.Lockout.MaxFailedAccessAttempts = 8;
                identity.Lockout.DefaultLockoutTimeSpan = TimeSpan.FromMinutes(5);
            })
            .AddEntityFrameworkStores<PortalDbContext>();
        return services
            .AddSingleton<TokenDoor>()
            .AddSingleton<ActorFactory>()
            .AddSingleton<TokenService>()
            .AddSingleton<InstallationToken>()
            .AddSingleton<SignInLinks>()
            .AddSingleton<AccountService>()
            .AddSingleton<SessionService>()
            .AddSingleton<SignInMethods>()
            .AddSingleton<TeamService>()
            .AddSingleton<TeamReader>()
            .AddSingleton<MemberService>()
            .AddSingleton<InvitationService>()
            .AddSingleton<JoinRequestService>()
            .AddSingleton<PeopleService>()
            .AddSingleton<PlatformService>()
            .AddSingleton<SystemReader>()
            .AddSingleton<DiskUse>();
    }
}
