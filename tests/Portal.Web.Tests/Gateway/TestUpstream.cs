using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Portal.Web.Tests.Gateway;

/// <summary>An app's instance: a real server on a free port that says its name and what it was sent.</summary>
internal sealed class TestUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestUpstream(WebApplication app, string name)
    {
        _app = app;
        Name = name;
    }

    public string Name { get; }

    /// <summary>As in a route's targets.</summary>
    public string Address => new Uri(_app.Urls.First()).Authority;

    public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Waiting;

    public static async Task<TestUpstream> StartAsync(string name = "one")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var upstream = new TestUpstream(app, name);
        app.UseWebSockets();
        app.Run(upstream.AnswerAsync);
        await app.StartAsync();
        return upstream;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/headers":
                await context.Response.WriteAsJsonAsync(context.Request.Headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString()));
                break;
            case "/fail":
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                break;
            case "/length":
                using (var body = new MemoryStream())
                {
                    await context.Request.Body.CopyToAsync(body);
                    await context.Response.WriteAsync($"{body.Length}");
                }
                break;
            case "/wait":
                Interlocked.Increment(ref Waiting);
                await Gate.Task.WaitAsync(context.RequestAborted);
                await context.Response.WriteAsync(Name);
                break;
            case "/stream":
                context.Response.ContentType = "text/event-stream";
                await context.Response.WriteAsync("data: first\n\n");
                await context.Response.Body.FlushAsync();
                await Gate.Task.WaitAsync(context.RequestAborted);
                await context.Response.WriteAsync("data: second\n\n");
                break;
            case "/echo":
                await EchoAsync(context);
                break;
            default:
                await context.Response.WriteAsync(Name);
                break;
        }
    }

    private static async Task EchoAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[1024];
        while (await socket.ReceiveAsync(buffer, context.RequestAborted) is { MessageType: not System.Net.WebSockets.WebSocketMessageType.Close } message)
        {
            await socket.SendAsync(buffer.AsMemory(0, message.Count), message.MessageType, message.EndOfMessage, context.RequestAborted);
        }
        await socket.CloseAsync(System.Net.WebSockets.WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
    }
}
