using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;

namespace Portal.Testing;

/// <summary>Somebody else's git host, as plain as can be: one bare repository at <c>/r.git</c>, readable by everybody, that tells nobody of pushes.</summary>
public sealed class GitOverHttp : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly string _repository;
    private readonly Task _serving;

    private GitOverHttp(string repository, int port)
    {
        _repository = repository;
        Url = $"http://127.0.0.1:{port}/r.git";
        _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Url { get; }

    public static GitOverHttp Start(string repository) => new(repository, PortalHost.FreePort());

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Close();
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext http;
            try
            {
                http = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            try
            {
                await AnswerAsync(http);
            }
            catch (Exception e) when (e is IOException or HttpListenerException)
            {
                // The client left.
            }
            finally
            {
                http.Response.Close();
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext http)
    {
        var start = new ProcessStartInfo("git", ["http-backend"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in new Dictionary<string, string?>
        {
            ["GIT_PROJECT_ROOT"] = Path.GetDirectoryName(_repository),
            ["GIT_HTTP_EXPORT_ALL"] = "1",
            ["PATH_INFO"] = http.Request.Url!.AbsolutePath.Replace("/r.git", "/" + Path.GetFileName(_repository), StringComparison.Ordinal),
            ["QUERY_STRING"] = http.Request.Url.Query.TrimStart('?'),
            ["REQUEST_METHOD"] = http.Request.HttpMethod,
            ["CONTENT_TYPE"] = http.Request.ContentType,
            ["HTTP_CONTENT_ENCODING"] = http.Request.Headers["Content-Encoding"],
            ["GIT_PROTOCOL"] = http.Request.Headers["Git-Protocol"],
            ["GIT_CONFIG_COUNT"] = "1",
            ["GIT_CONFIG_KEY_0"] = "safe.directory",
            ["GIT_CONFIG_VALUE_0"] = "*",
        })
        {
            start.Environment[name] = value ?? "";
        }
        using var git = Process.Start(start)!;
        await http.Request.InputStream.CopyToAsync(git.StandardInput.BaseStream);
        git.StandardInput.Close();
        using var all = new MemoryStream();
        await git.StandardOutput.BaseStream.CopyToAsync(all);
        await git.WaitForExitAsync();
        var bytes = all.ToArray();
        var end = bytes.AsSpan().IndexOf("\r\n\r\n"u8);
        foreach (var line in Encoding.ASCII.GetString(bytes, 0, Math.Max(end, 0)).Split("\r\n"))
        {
            var (name, value) = line.Split(": ", 2) is [var n, var v] ? (n, v) : (line, "");
            if (name == "Status")
            {
                http.Response.StatusCode = int.Parse(value.AsSpan(0, 3), CultureInfo.InvariantCulture);
            }
            else if (name == "Content-Type")
            {
                http.Response.ContentType = value;
            }
        }
        await http.Response.OutputStream.WriteAsync(bytes.AsMemory(end + 4));
    }
}
