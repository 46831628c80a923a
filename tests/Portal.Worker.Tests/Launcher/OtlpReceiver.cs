using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Portal.Testing;

namespace Portal.Worker.Tests.Launcher;

/// <summary>Takes OTLP over HTTP (protobuf) on a free port and keeps what came; texts lie in the messages as they are.</summary>
internal sealed class OtlpReceiver : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<(string Path, string Body)> _received = new();

    public OtlpReceiver()
    {
        Url = new Uri($"http://127.0.0.1:{PortalHost.FreePort()}/");
        _listener.Prefixes.Add(Url.ToString());
        _listener.Start();
        _ = ReceiveAsync();
    }

    public Uri Url { get; }

    public IEnumerable<string> Bodies => _received.Select(r => r.Body);

    /// <param name="signal">traces, metrics or logs.</param>
    public bool Has(string signal, params string[] texts) =>
        _received.Any(r => r.Path == $"/v1/{signal}" && texts.All(text => r.Body.Contains(text, StringComparison.Ordinal)));

    public void Dispose() => _listener.Close();

    private async Task ReceiveAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            if (context.Request.ContentType == "application/x-protobuf")
            {
                _received.Enqueue((context.Request.Url!.AbsolutePath, Encoding.UTF8.GetString(body.ToArray())));
            }
            context.Response.ContentType = "application/x-protobuf";
            context.Response.Close();
        }
    }
}
