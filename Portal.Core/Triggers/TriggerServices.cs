using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git.GitHub;
using Portal.Core.Jobs;
using Portal.Core.Triggers.Checks;
using Portal.Core.Triggers.Previews;
using Portal.Core.Triggers.Reports;

namespace Portal.Core.Triggers;

public static class TriggerServices
{
    /// <summary>For both hosts: taking note of pushes and reading what became of them.</summary>
    public static IServiceCollection AddPortalTriggers(this IServiceCollection services) => services
        .AddSingleton<PushReceiver>().AddSingleton<PushProgress>().AddSingleton<PushService>().AddSingleton<ReportReader>()
        .AddSingleton<PreviewHandler>()
        .AddSingleton(p => new PreviewService(p.GetRequiredService<IDbContextFactory<PortalDbContext>>(), p.GetRequiredService<PreviewHandler>(), p.GetRequiredService<AuditTrail>(),
            p.GetRequiredService<JobQueue>(), p.GetRequiredService<Addresses>(), p.GetRequiredService<TimeProvider>()));

    /// <summary>For the worker: deciding, finding what was missed, schedules.</summary>
    public static IServiceCollection AddPushDecisions(this IServiceCollection services) => services
        .AddSingleton<IJobHandler, PushDecider>().AddSingleton<HeadReconciler>().AddSingleton<ScheduleRunner>().AddSingleton<TriggerRetention>()
        .AddSingleton<IJobHandler, ChecksHandler>()
        .AddSingleton<IJobHandler>(p => p.GetRequiredService<PreviewHandler>())
        .AddSingleton(p => new PreviewWatch(p.GetRequiredService<IDbContextFactory<PortalDbContext>>(), p.GetRequiredService<GitHubPulls>(), p.GetRequiredService<PreviewHandler>(),
            p.GetRequiredService<JobQueue>(), p.GetRequiredService<LimitOptions>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<PreviewWatch>>()));
}
