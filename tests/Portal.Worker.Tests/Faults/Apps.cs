using Portal.Testing;

namespace Portal.Worker.Tests.Faults;

/// <summary>Small apps that do what a test needs, without anything to download.</summary>
internal static class Apps
{
    /// <summary>Answers every path with its release; <c>/wait</c> first says "begun" and then stays until <c>/go</c> is asked.</summary>
    private const string Patient =
        """
        import http.server, os, signal, sys, threading
        go = threading.Event()
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def do_GET(self):
                if self.path == '/wait':
                    self.send_response(200); self.send_header('Transfer-Encoding', 'chunked'); self.end_headers()
                    self.chunk(b'begun'); go.wait(120); self.chunk(b'ended'); self.chunk(b'')
                    return
                if self.path == '/go': go.set()
                body = os.environ['PORTAL_RELEASE'].encode()
                self.send_response(200); self.send_header('Content-Length', str(len(body))); self.end_headers()
                self.wfile.write(body)
            def chunk(self, data):
                self.wfile.write(b'%x\r\n%s\r\n' % (len(data), data)); self.wfile.flush()
            def log_message(self, *a): pass
        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128
        signal.signal(signal.SIGTERM, lambda *a: os._exit(0))
        Server(('127.0.0.1', int(os.environ['PORT'])), Handler).serve_forever()
        """;

    /// <summary>Ends at once when it is told to: a request that is still in it would fail.</summary>
    public static Task<SampleRepository> PatientAsync() => SampleRepository.WithAsync("app.py", Patient);

    public static Task<SampleRepository> PythonAsync(string code) => SampleRepository.WithAsync("app.py", code);

    /// <summary>Started by this command instead of the one that would be guessed.</summary>
    public static Task<SampleRepository> StartedByAsync(string command, string code = "") => SampleRepository.WithAsync("app.py", code, "Procfile", $"web: {command}\n");

    /// <summary>Its build runs this shell command.</summary>
    public static Task<SampleRepository> BuiltByAsync(string command) => SampleRepository.WithAsync(
        "package.json", System.Text.Json.JsonSerializer.Serialize(new { name = "built", version = "1.0.0", scripts = new { build = "sh build.sh", start = "node server.js" } }),
        "build.sh", command + "\n",
        "server.js", "require('http').createServer((q, r) => r.end('built')).listen(process.env.PORT, process.env.HOST)");
}
