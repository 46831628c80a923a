using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git;
using Portal.Core.Jobs;
using Portal.Core.Releases;
using Portal.Core.Teams;
using Portal.Core.Triggers;
using Portal.Core.Variables;

namespace Portal.Core;

public static class PortalCore
{
    /// <summary>The services that both hosts share: everything that reads and changes desired state.</summary>
    public static IServiceCollection AddPortalCore(this IServiceCollection services, PortalOptions options, string connectionString)
    {
        // Every statement and request of a quiet host would bury what matters.
        services.AddLogging(logging => logging
            .AddFilter("Microsoft.EntityFrameworkCore", LogLevel.Warning)
            .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
            .AddFilter("System.Net.Http", LogLevel.Warning));
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton(Microsoft.Extensions.Options.Options.Create(options));
        services.AddSingleton(options.Limits);
        services.AddPortalData(connectionString);
        services.AddKeyRing(options.MasterKeyFile);
        services.AddSingleton<SignalListener>();
        services.AddSingleton<AuditTrail>();
        services.AddSingleton<AuditReader>();
        services.AddSingleton<AuditExporter>();
        services.AddSingleton<AuditVerifier>();
        services.AddSingleton<AuditSealer>();
        services.AddSingleton<AuditRefusals>();
        services.AddSingleton<CheckpointFile>();
        services.AddSingleton<JobQueue>();
        services.AddSingleton<JobReader>();
        services.AddSingleton<Addresses>();
        services.AddSingleton<AppService>();
        services.AddSingleton<EnvironmentService>();
        services.AddSingleton<VariableStore>();
        services.AddSingleton<VariableService>();
        services.AddSingleton<AddOnService>();
        services.AddSingleton<BuildService>();
        services.AddSingleton<BuildReader>();
        services.AddSingleton<SourceInspector>();
        services.AddSingleton<ReleaseService>();
        services.AddSingleton<IEnvironmentChanges>(p => p.GetRequiredService<ReleaseService>());
        services.AddSingleton<IArtifactReady>(p => p.GetRequiredService<ReleaseService>());
        services.AddSingleton<ReleaseReader>();
        services.AddSingleton<AppReader>();
        services.AddRouteTable();
        services.AddSingleton<AppLogReader>();
        services.AddSingleton<TrafficReader>();
        services.AddSingleton<StatusFixes>();
        services.AddSingleton<PushReader>();
        services.AddSingleton<CompletenessReader>();
        services.AddSingleton<ActivityReader>();
        services.AddSingleton<AttentionReader>();
        services.AddSingleton<SampleService>();
        services.AddPortalGit();
        services.AddPortalTriggers();
        return services;
    }
}
