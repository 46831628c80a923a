using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Portal.Worker.ServeStatic;

/// <summary><c>Portal.Worker serve-static ROOT [--spa]</c>: serves a folder's files on 127.0.0.1:$PORT.</summary>
internal static class StaticMode
{
    public const string Name = "serve-static";

    public static async Task<int> RunAsync(string root, bool spa)
    {
        if (!Directory.Exists(root))
        {
            await Console.Error.WriteLineAsync($"The folder to serve, {Path.GetFileName(root)}, is not in the build's result. Set the app's output folder to the one that the build writes.");
            return 1;
        }
        var port = int.Parse(Environment.GetEnvironmentVariable("PORT") ?? "8080", CultureInfo.InvariantCulture);
        await using var app = Build(root, spa, port);
        await app.RunAsync();
        return 0;
    }

    public static WebApplication Build(string root, bool spa, int port)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = Path.GetTempPath() });
        builder.WebHost.UseKestrelCore();
        builder.Services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Files are only read: a request's body is nothing to wait for.
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        var app = builder.Build();
        var files = new StaticFiles(root, spa);
        app.Run(files.AnswerAsync);
        return app;
    }
}
