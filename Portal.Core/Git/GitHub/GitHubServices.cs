using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;

namespace Portal.Core.Git.GitHub;

public static class GitHubServices
{
    internal static void AddGitHub(this IServiceCollection services)
    {
        services.AddSingleton<GitHubTransport>();
        services.AddSingleton<GitHubCalls>();
        services.AddSingleton<GitHubTokens>();
        services.AddSingleton<GitHubReporter>();
        services.AddSingleton<GitHubPulls>();
        services.AddSingleton<GitHubChecks>();
        services.AddSingleton(provider => new ConnectionService(provider.GetRequiredService<IDbContextFactory<PortalDbContext>>(), provider.GetRequiredService<GitHubCalls>(),
            provider.GetRequiredService<AuditTrail>(), provider.GetRequiredService<JobQueue>(), provider.GetRequiredService<SecretBox>(), provider.GetRequiredService<PortalOptions>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ConnectionReader>();
        services.AddSingleton(provider => new GitHubSignIn(provider.GetRequiredService<IDbContextFactory<PortalDbContext>>(), provider.GetRequiredService<GitHubTransport>(),
            provider.GetRequiredService<GitHubCalls>(), provider.GetRequiredService<SecretBox>(), provider.GetRequiredService<PortalOptions>()));
        services.AddSingleton(provider => new RepositoryDirectory(provider.GetRequiredService<IDbContextFactory<PortalDbContext>>(), provider.GetRequiredService<GitHubTokens>(),
            provider.GetRequiredService<JobQueue>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IRepositoryDirectory>(provider => provider.GetRequiredService<RepositoryDirectory>());
    }

    /// <summary>The worker's part: observing connections.</summary>
    public static IServiceCollection AddGitHubWork(this IServiceCollection services) => services
        .AddSingleton<IJobHandler, ConnectionSync>()
        .AddSingleton<IJobHandler, DeliveryReconciler>()
        .AddSingleton<ConnectionWatch>();
}
