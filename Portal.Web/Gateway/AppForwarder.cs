using System.Net;
using Portal.Core.Common;
using Yarp.ReverseProxy.Forwarder;

namespace Portal.Web.Gateway;

/// <summary>Sends one request to one instance, and to another when the first cannot be reached.</summary>
internal sealed class AppForwarder(IHttpForwarder forwarder, PortalOptions options) : IDisposable
{
    private const int MostAttempts = 3;

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler
    {
        UseCookies = false,
        UseProxy = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        EnableMultipleHttp2Connections = true,
        // The caller's trace headers pass as they came.
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(2),
        // Below the five seconds after which Node and others hang up: a request sent into a closing connection is lost.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(4),
    });

    private readonly ForwarderRequestConfig _config = new()
    {
        // Between two bytes, in either direction: long enough for quiet streams, short enough to give up on the dead.
        ActivityTimeout = TimeSpan.FromSeconds(options.Limits.AppIdleSeconds),
        Version = HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
    };

    /// <returns>
    /// None: answered. Request: no instance could be reached, or the one that was did not answer. Anything else: it broke on the way.
    /// </returns>
    public async ValueTask<ForwarderError> SendAsync(HttpContext context, AppRoute route)
    {
        RequestCleaning.Clean(context);
        var failed = 0UL;
        for (var attempt = 1; ; attempt++)
        {
            var (target, index) = route.Pick(failed);
            if (target is null)
            {
                return ForwarderError.Request;
            }
            target.Enter();
            ForwarderError error;
            try
            {
                error = await forwarder.SendAsync(context, target.Prefix, _client, _config, KeepHost.Instance, CancellationToken.None);
            }
            finally
            {
                target.Leave();
            }
            if (error == ForwarderError.None || context.Response.HasStarted || context.RequestAborted.IsCancellationRequested || !NotReceived(context, error))
            {
                return error;
            }
            failed |= index < 64 ? 1UL << index : 0;
            if (attempt == MostAttempts)
            {
                return ForwarderError.Request;
            }
            context.Response.Clear();
            context.Features.Set<IForwarderErrorFeature>(null);
        }
    }

    public void Dispose() => _client.Dispose();

    /// <summary>May it be sent again? When no connection came about, the body is still unread; when one broke, only what changes nothing and has no body.</summary>
    private static bool NotReceived(HttpContext context, ForwarderError error)
    {
        if (error is not ForwarderError.Request)
        {
            return false;
        }
        var exception = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        return exception is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError }
            || (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
               && context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true };
    }

    /// <summary>The app sees the name it was asked by, not that of the machine it runs on.</summary>
    private sealed class KeepHost : HttpTransformer
    {
        public static readonly KeepHost Instance = new();

        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            proxyRequest.Headers.Host = httpContext.Request.Host.Value;
        }
    }
}
