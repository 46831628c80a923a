using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Portal.Core.Jobs;

namespace Portal.Core.Runtimes.Local;

public static class LocalRuntimeServices
{
    /// <summary>
    /// Runs apps as processes of this machine. Needs the options of the section Portal; <see cref="LogShipper"/> needs an
    /// <see cref="ILogSink"/> and an <see cref="ILogMask"/> and somebody who calls it.
    /// </summary>
    public static IServiceCollection AddLocalRuntime(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(new LocalRuntimeSettings());
        services.TryAddSingleton<Isolation>();
        services.AddSingleton<IHostFindings>(provider => provider.GetRequiredService<Isolation>());
        services.TryAddSingleton<LogShipper>();
        services.TryAddSingleton<IRuntime, LocalRuntime>();
        return services;
    }
}
