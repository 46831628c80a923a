using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Jobs;

namespace Portal.Core.Triggers.Reports;

public static class ReportServices
{
    /// <summary>The worker's part: telling the git host.</summary>
    public static IServiceCollection AddReports(this IServiceCollection services) => services
        .AddSingleton<IJobHandler, ReportHandler>()
        .AddSingleton<ReportWatch>();
}
