using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Portal.Testing.GitHub;

/// <summary>One POST to the app's address: signed over the bytes that are sent, no redirects followed.</summary>
internal sealed class HookSender(DoubleState state) : IDisposable
{
    private const int MostAnswer = 64 * 1024;

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false, MaxConnectionsPerServer = 64 })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public async Task<DoubleDelivery> SendAsync(DoubleDelivery delivery, TimeSpan limit, CancellationToken end)
    {
        string? address;
        string? secret;
        bool form;
        lock (state.Gate)
        {
            (address, secret, form) = (delivery.App.HookUrl, delivery.App.WebhookSecret, delivery.App.HookContentType == "form");
        }
        var body = form ? Encoding.ASCII.GetBytes($"payload={WebUtility.UrlEncode(Encoding.UTF8.GetString(delivery.Payload))}") : delivery.Payload;
        var headers = Headers(delivery, secret, body, form);
        var begun = state.Now;
        var watch = System.Diagnostics.Stopwatch.StartNew();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(end);
        deadline.CancelAfter(limit);
        var ended = delivery with { DeliveredAt = begun, RequestHeaders = headers };
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(body) };
            foreach (var (name, value) in headers)
            {
                if (!request.Headers.TryAddWithoutValidation(name, value))
                {
                    request.Content.Headers.TryAddWithoutValidation(name, value);
                }
            }
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            var text = await ReadAsync(response, deadline.Token);
            var code = (int)response.StatusCode;
            return ended with
            {
                Duration = watch.Elapsed,
                StatusCode = code,
                Status = code is >= 200 and < 300 ? "OK" : $"Invalid HTTP Response: {code}",
                ResponseBody = text,
                ResponseHeaders = response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value)),
            };
        }
        catch (OperationCanceledException)
        {
            return ended with { Duration = watch.Elapsed, StatusCode = 504, Status = "timed out" };
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or IOException or InvalidOperationException)
        {
            return ended with { Duration = watch.Elapsed, StatusCode = 502, Status = "failed to connect to host" };
        }
    }

    public void Dispose() => _http.Dispose();

    private Dictionary<string, string> Headers(DoubleDelivery delivery, string? secret, byte[] body, bool form)
    {
        var headers = new Dictionary<string, string>
        {
            ["Accept"] = "*/*",
            ["User-Agent"] = "GitHub-Hookshot/044aadd",
            ["Content-Type"] = form ? "application/x-www-form-urlencoded" : "application/json",
            ["X-GitHub-Event"] = delivery.Event,
            ["X-GitHub-Delivery"] = delivery.Guid.ToString(),
            ["X-GitHub-Hook-ID"] = delivery.App.HookId.ToString(CultureInfo.InvariantCulture),
            ["X-GitHub-Hook-Installation-Target-ID"] = delivery.App.Id.ToString(CultureInfo.InvariantCulture),
            ["X-GitHub-Hook-Installation-Target-Type"] = "integration",
            ["X-GitHub-Enterprise-Host"] = state.Url.Authority,
            ["X-GitHub-Enterprise-Version"] = GitHubDouble.Version,
        };
        if (!string.IsNullOrEmpty(secret))
        {
            var key = Encoding.UTF8.GetBytes(secret);
            headers["X-Hub-Signature"] = $"sha1={Convert.ToHexStringLower(HMACSHA1.HashData(key, body))}";
            headers["X-Hub-Signature-256"] = $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(key, body))}";
        }
        return headers;
    }

    private static async Task<string> ReadAsync(HttpResponseMessage response, CancellationToken token)
    {
        var buffer = new byte[MostAnswer];
        await using var stream = await response.Content.ReadAsStreamAsync(token);
        var read = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, token);
        return Encoding.UTF8.GetString(buffer, 0, read);
    }
}
