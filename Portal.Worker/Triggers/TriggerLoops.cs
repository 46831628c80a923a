using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Triggers;
using Portal.Core.Triggers.Reports;

namespace Portal.Worker.Triggers;

internal static class TriggerLoops
{
    /// <summary>Decides pushes, finds missed ones, starts scheduled deploys. Needs AddPortalGit and AddPortalTriggers.</summary>
    public static IServiceCollection AddTriggerLoops(this IServiceCollection services) => services
        .AddPushDecisions()
        .AddHostedService<HeadLoop>()
        .AddHostedService<ConnectionLoop>()
        .AddReports()
        .AddHostedService<ReportLoop>()
        .AddHostedService<PreviewLoop>()
        .AddHostedService<ScheduleLoop>()
        .AddHostedService<TriggerJanitor>();
}
