using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Jobs;

namespace Portal.Core.Triggers;

public static class TriggerServices
{
    /// <summary>For both hosts: taking note of pushes and reading what became of them.</summary>
    public static IServiceCollection AddPortalTriggers(this IServiceCollection services) => services
        .AddSingleton<PushReceiver>().AddSingleton<PushProgress>().AddSingleton<PushService>();

    /// <summary>For the worker: deciding, finding what was missed, schedules.</summary>
    public static IServiceCollection AddPushDecisions(this IServiceCollection services) => services
        .AddSingleton<IJobHandler, PushDecider>().AddSingleton<HeadReconciler>().AddSingleton<ScheduleRunner>().AddSingleton<TriggerRetention>();
}
