using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Portal.Core.Builds;
using Portal.Core.Git.GitHub;
using Portal.Core.Jobs;
using Portal.Core.Runtimes.Local;

namespace Portal.Core.Releases;

public static class WorkerServices
{
    /// <summary>What only the worker does: run jobs. Needs a runtime, git hosts and the core services.</summary>
    public static IServiceCollection AddPortalWork(this IServiceCollection services)
    {
        services.AddSingleton<IBuilder, ProcessBuilder>();
        services.AddSingleton<IJobHandler, BuildHandler>();
        services.AddSingleton<RollOutReader>();
        services.AddSingleton<IJobHandler, RollOutHandler>();
        services.AddSingleton<IJobHandler, RemoveAppHandler>();
        services.AddSingleton<AppLogKeeper>();
        services.AddSingleton<ILogSink>(p => p.GetRequiredService<AppLogKeeper>());
        services.AddSingleton<ILogMask>(p => p.GetRequiredService<AppLogKeeper>());
        services.AddSingleton<IJobHandler, AddOnHandler>();
        services.AddGitHubWork();
        services.AddSingleton<ConvergeRequests>();
        services.AddSingleton<DrainWatch>();
        services.AddHostedService(p => p.GetRequiredService<DrainWatch>());
        services.AddSingleton<Retention>();
        services.AddSingleton<JobRunner>();
        services.AddHostedService(p => p.GetRequiredService<JobRunner>());
        return services;
    }
}
