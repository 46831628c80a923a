using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Portal.Benchmarks;

/// <summary>The yardsticks, each as little as the framework needs for the job, each in a process of its own.</summary>
internal static class BareServers
{
    public static async Task<int> RunAsync(string role, string[] arguments)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls(arguments[0]);
        if (role == "yarp")
        {
            builder.Services.AddHttpForwarder();
        }
        await using var app = builder.Build();
        switch (role)
        {
            case "hello":
                var body = "Hello from an app.\n"u8.ToArray();
                app.Run(context =>
                {
                    context.Response.ContentType = "text/plain";
                    context.Response.ContentLength = body.Length;
                    return context.Response.Body.WriteAsync(body, 0, body.Length);
                });
                break;
            case "yarp":
                app.MapForwarder("/{**rest}", arguments[1]);
                break;
            case "webhook":
                BareWebhook.Map(app, arguments[1]);
                break;
            default:
                return 2;
        }
        await app.RunAsync();
        return 0;
    }
}
