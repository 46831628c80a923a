using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Triggers;

namespace Portal.Worker.Triggers;

internal static class TriggerLoops
{
    /// <summary>Decides pushes, finds missed ones, starts scheduled deploys. Needs AddPortalGit and AddPortalTriggers.</summary>
    public static IServiceCollection AddTriggerLoops(this IServiceCollection services) => services
        .AddPushDecisions()
        .AddHostedService<HeadLoop>()
        .AddHostedService<ConnectionLoop>()
        .AddHostedService<ScheduleLoop>()
        .AddHostedService<TriggerJanitor>();
}
