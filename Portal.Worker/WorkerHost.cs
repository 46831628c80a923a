using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Portal.Core;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Releases;
using Portal.Core.Runtimes.Local;
using Portal.Worker.Loops;
using Portal.Worker.Triggers;

namespace Portal.Worker;

/// <summary>The host of everything that happens by itself: jobs, roll-outs, observation, retention.</summary>
internal static class WorkerHost
{
    public static async Task<int> RunAsync(string[] args)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var problems = new List<string>();
        var options = HostSettings.Read(builder.Configuration, problems);
        var buildSettings = SettingsReader.Read<BuildSettings>(builder.Configuration.GetSection("Portal:Build"), problems);
        if (problems.Count > 0)
        {
            foreach (var problem in problems)
            {
                await Console.Error.WriteLineAsync(problem);
            }
            return 2;
        }
        builder.Services.AddPortalTelemetry("portal-worker", builder.Configuration);
        builder.Services.AddPortalCore(options, builder.Configuration.GetConnectionString("Portal")!);
        builder.Services.AddSingleton(buildSettings);
        builder.Services.AddLocalRuntime();
        builder.Services.AddSingleton(new AddOnServer(builder.Configuration.GetConnectionString("AddOns"), options.AddOnHost, options.AddOnPort));
        builder.Services.AddPortalWork();
        builder.Services.AddTriggerLoops();
        builder.Services.AddProcessHeartbeat("worker");
        builder.Services.AddHostedService<JobSweeper>();
        builder.Services.AddHostedService<RuntimeWatcher>();
        builder.Services.AddHostedService<LogShipping>();
        builder.Services.AddHostedService<Janitor>();
        builder.Services.AddHostedService<AuditSealing>();
        using var host = builder.Build();
        await host.RunAsync();
        return 0;
    }
}
