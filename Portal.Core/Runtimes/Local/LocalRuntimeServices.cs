using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Portal.Core.Runtimes.Local;

public static class LocalRuntimeServices
{
    /// <summary>Runs apps as processes of this machine. Needs the options of the section Portal.</summary>
    public static IServiceCollection AddLocalRuntime(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(new LocalRuntimeSettings());
        services.TryAddSingleton<Isolation>();
        services.TryAddSingleton<IRuntime, LocalRuntime>();
        return services;
    }
}
