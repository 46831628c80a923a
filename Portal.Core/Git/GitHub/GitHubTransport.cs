using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Portal.Core.Common;

namespace Portal.Core.Git.GitHub;

/// <summary>
/// The way to GitHub's API: answers are bounded, reads are tried again when the server stumbles, both kinds of rate
/// limit are kept until they end, an answer that did not change costs nothing (ETag), and no answer leads to another host.
/// </summary>
internal sealed class GitHubTransport(TimeProvider time) : IDisposable
{
    private const int MostBytes = 16 * 1024 * 1024;
    private const int MostRemembered = 200;
    private const int MostRememberedBytes = 128 * 1024;

    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>What GitHub asks for at least where it names no time: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api.</summary>
    private static readonly TimeSpan LeastWait = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    private readonly SocketsHttpHandler _sockets = new() { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(10), PooledConnectionLifetime = TimeSpan.FromMinutes(5), MaxResponseHeadersLength = 64 };
    private readonly ConcurrentDictionary<string, DateTimeOffset> _limited = new();
    private readonly ConcurrentDictionary<string, Remembered> _remembered = new();

    private readonly ResiliencePipeline<HttpResponseMessage> _retries = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }
        .AddRetry(new HttpRetryStrategyOptions
        {
            MaxRetryAttempts = 2,
            Delay = TimeSpan.FromMilliseconds(500),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            ShouldRetryAfterHeader = false,
            ShouldHandle = outcome => new(outcome.Outcome is { Exception: HttpRequestException } or { Result: { StatusCode: HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout } }),
        }).Build();

    private sealed record Remembered(string Tag, byte[] Body, string? Link, string? MediaType);

    /// <param name="budget">Whose rate limit it is, and whose remembered answers may be used.</param>
    /// <param name="stop">Octokit has no way to hand it on.</param>
    /// <param name="remember">Whether answers may be kept for the next time.</param>
    public HttpMessageHandler Handler(Uri api, string budget, CancellationToken stop, bool remember = true) => new Call(this, api, budget, stop, remember);

    public void Dispose() => _sockets.Dispose();

    /// <summary>When calls of this budget may go on; null: now.</summary>
    public DateTimeOffset? LimitedUntil(string budget) => _limited.TryGetValue(budget, out var until) && until > time.GetUtcNow() ? until : null;

    private sealed class Call(GitHubTransport owner, Uri api, string budget, CancellationToken stop, bool remember) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var url = request.RequestUri!;
            if (url.Scheme != api.Scheme || url.Authority != api.Authority)
            {
                throw new PortalException(Refusal.Unavailable, $"{api.Host} answered with an address at another host, which is not followed.");
            }
            if (owner.LimitedUntil(budget) is { } until)
            {
                throw new PortalException(Refusal.Unavailable, string.Create(CultureInfo.InvariantCulture, $"{api.Host} limits how often Portal may ask; it may again at {until:HH:mm} UTC."));
            }
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stop);
            var key = $"{budget} {url}";
            var remembered = request.Method == HttpMethod.Get ? owner._remembered.GetValueOrDefault(key) : null;
            var body = request.Content is null ? null : await request.Content.ReadAsByteArrayAsync(linked.Token);
            using var invoker = new HttpMessageInvoker(owner._sockets, disposeHandler: false);
            var response = request.Method == HttpMethod.Get
                ? await owner._retries.ExecuteAsync(async token => await invoker.SendAsync(Copy(request, body, remembered), token), linked.Token)
                : await invoker.SendAsync(Copy(request, body, null), linked.Token);
            owner.KeepLimit(budget, response);
            await BoundAsync(response, linked.Token);
            response.RequestMessage = request;
            if (response.StatusCode == HttpStatusCode.NotModified && remembered is not null)
            {
                response.Dispose();
                return Replay(remembered, request);
            }
            if (remember && request.Method == HttpMethod.Get && response is { StatusCode: HttpStatusCode.OK, Headers.ETag: { } tag })
            {
                await owner.RememberAsync(key, tag.ToString(), response, linked.Token);
            }
            return response;
        }

        private static HttpRequestMessage Copy(HttpRequestMessage request, byte[]? body, Remembered? remembered)
        {
            // A request can be sent once; a second try needs its own.
            var copy = new HttpRequestMessage(request.Method, request.RequestUri) { Version = request.Version };
            foreach (var (name, values) in request.Headers)
            {
                copy.Headers.TryAddWithoutValidation(name, values);
            }
            if (body is not null)
            {
                copy.Content = new ByteArrayContent(body);
                foreach (var (name, values) in request.Content!.Headers)
                {
                    copy.Content.Headers.TryAddWithoutValidation(name, values);
                }
            }
            if (remembered is not null)
            {
                copy.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Parse(remembered.Tag));
            }
            return copy;
        }

        private static async Task BoundAsync(HttpResponseMessage response, CancellationToken cancellationToken)
        {
            try
            {
                await response.Content.LoadIntoBufferAsync(MostBytes, cancellationToken);
            }
            catch (HttpRequestException) when (response.Content.Headers.ContentLength > MostBytes)
            {
                throw new PortalException(Refusal.TooLarge, $"The answer is larger than {MostBytes / 1024 / 1024} MB.");
            }
        }

        private static HttpResponseMessage Replay(Remembered remembered, HttpRequestMessage request)
        {
            var response = new HttpResponseMessage(HttpStatusCode.OK) { RequestMessage = request, Content = new ByteArrayContent(remembered.Body) };
            response.Content.Headers.TryAddWithoutValidation("Content-Type", remembered.MediaType);
            if (remembered.Link is not null)
            {
                response.Headers.TryAddWithoutValidation("Link", remembered.Link);
            }
            return response;
        }
    }

    private async Task RememberAsync(string key, string tag, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (body.Length > MostRememberedBytes)
        {
            return;
        }
        if (_remembered.Count >= MostRemembered)
        {
            _remembered.Clear();
        }
        _remembered[key] = new Remembered(tag, body, response.Headers.TryGetValues("Link", out var links) ? string.Join(", ", links) : null, response.Content.Headers.ContentType?.ToString());
    }

    /// <summary>403 and 429 both mean "limited" when a header says so.</summary>
    private void KeepLimit(string budget, HttpResponseMessage response)
    {
        if (response.StatusCode is not (HttpStatusCode.Forbidden or HttpStatusCode.TooManyRequests))
        {
            return;
        }
        var now = time.GetUtcNow();
        DateTimeOffset? until = response.Headers.RetryAfter is { } after ? after.Date ?? now + (after.Delta ?? LeastWait)
            : Header("x-ratelimit-remaining") == "0" && long.TryParse(Header("x-ratelimit-reset"), NumberStyles.None, CultureInfo.InvariantCulture, out var reset) && reset < 253_402_300_799 ? DateTimeOffset.FromUnixTimeSeconds(reset)
            : response.StatusCode == HttpStatusCode.TooManyRequests ? now + LeastWait
            : null;
        if (until is { } end)
        {
            if (_limited.Count >= MostRemembered)
            {
                foreach (var (ended, _) in _limited.Where(l => l.Value <= now))
                {
                    _limited.TryRemove(ended, out _);
                }
            }
            _limited[budget] = end < now + LongestWait ? end : now + LongestWait;
        }

        string? Header(string name) => response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
    }
}
