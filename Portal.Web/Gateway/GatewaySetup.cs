using Microsoft.Extensions.DependencyInjection.Extensions;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Releases;

namespace Portal.Web.Gateway;

internal static class GatewaySetup
{
    public static IServiceCollection AddAppGateway(this IServiceCollection services)
    {
        services.AddHttpForwarder();
        services.TryAddSingleton<RouteTable>();
        services.TryAddSingleton<GatewayWatch>();
        services.TryAddSingleton<JobQueue>();
        services.AddSingleton<AppHosts>().AddSingleton<TrafficCounters>().AddSingleton<HostTableHolder>();
        services.AddSingleton<AppForwarder>().AddSingleton<AppWaker>().AddSingleton<GatewayMetrics>().AddSingleton<AppGateway>().AddSingleton<RouteSnapshotFile>();
        services.AddCoalescedSignals();
        // In this order: registered, then routes, then the server listens.
        services.AddHostedService<GatewayLease>().AddHostedService<RouteLoader>().AddHostedService<TrafficFlusher>();
        return services;
    }

    /// <summary>Has to be the first of the pipeline.</summary>
    public static void UseAppGateway(this WebApplication app)
    {
        var gateway = app.Services.GetRequiredService<AppGateway>();
        app.Use(next => context => gateway.Handles(context) ? gateway.HandleAsync(context) : next(context));
    }
}
