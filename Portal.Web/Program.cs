using Portal.Core;
using Portal.Core.Jobs;
using Portal.Core.Live;
using Portal.Web.Api;
using Portal.Web.Auth;
using Portal.Web.Components;
using Portal.Web.Gateway;
using Portal.Web.Git;
using Portal.Web.Hosting;
using Portal.Web.Webhooks;

namespace Portal.Web;

/// <summary>The web host: pages, doors for machines, git, webhooks, and the gateway in front of the apps.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        var builder = WebHost.CreateBuilder(args);
        if (WebHost.Refuses(builder, Console.Error))
        {
            return 2;
        }
        if (await AuthCommands.RunAsync(args, builder.Configuration, Console.Out, Console.Error) is { } exitCode)
        {
            return exitCode;
        }
        await using var app = Build(builder);
        await app.RunAsync();
        return 0;
    }

    internal static WebApplication Build(WebApplicationBuilder builder)
    {
        var options = WebHost.Read(builder);
        builder.Services.AddPortalCore(options, builder.Configuration.GetConnectionString("Portal")!);
        builder.Services.AddSingleton<LiveFeed>().AddHostedService(services => services.GetRequiredService<LiveFeed>());
        builder.Services.AddProcessHeartbeat("web");
        builder.Services.AddAppGateway();
        builder.AddPortalHosting(options);
        builder.Services.AddPortalAuth(options);
        builder.Services.AddPortalApi();
        builder.Services.AddPortalPages();
        builder.Services.AddGitDoor();
        builder.Services.AddGitWebhooks();

        var app = builder.Build();
        app.UseAppGateway();
        app.UsePortalHosting();
        app.UsePortalApi();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapHealth();
        app.MapPortalApi();
        app.MapPortalAuth();
        app.MapPortalPages();
        app.MapGit();
        app.MapGitWebhooks();
        return app;
    }
}
