using System.Diagnostics.Metrics;
using Portal.Core.Common;
using Yarp.ReverseProxy.Forwarder;

namespace Portal.Web.Gateway;

/// <summary>
/// What this gateway measures, over all apps: one number per app would be as many as there are apps, and pages have those
/// from the traffic minutes.
/// </summary>
internal sealed class GatewayMetrics
{
    private readonly Counter<long> _requests;
    private readonly Histogram<double> _duration;

    public GatewayMetrics(IMeterFactory meters, HostTableHolder table)
    {
        var meter = meters.Create(Telemetry.Name);
        _requests = meter.CreateCounter<long>("portal.gateway.requests", "{request}", "Requests to apps by how they ended.");
        _duration = meter.CreateHistogram("portal.gateway.request.duration", "s", "From a request's arrival until its answer was passed on; streams are left out.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30] });
        meter.CreateObservableUpDownCounter("portal.gateway.active_requests", () => table.InFlight().Active, "{request}", "Requests, streams and web sockets under way.");
        meter.CreateObservableUpDownCounter("portal.gateway.held_requests", () => table.InFlight().Held, "{request}", "Those of them that a replaced route had sent: older instances wait for them.");
    }

    /// <summary>Answered with a page of the gateway's own, no instance was asked.</summary>
    public void Refused(string outcome) => _requests.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    /// <param name="took">Null for streams and web sockets.</param>
    public void Forwarded(string outcome, TimeSpan? took)
    {
        _requests.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
        if (took is { } duration)
        {
            _duration.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));
        }
    }
}

/// <summary>How a request to an app ended.</summary>
internal static class Outcomes
{
    public const string Unknown = "unknown_address";
    public const string NotServing = "not_serving";
    public const string Busy = "busy";
    public const string TooLarge = "too_large";

    /// <summary>Whoever asked went away before the answer.</summary>
    public const string Gone = "client_gone";

    public static string Of(ForwarderError error, int status) => error switch
    {
        ForwarderError.None => status switch { < 400 => "ok", < 500 => "client_error", _ => "app_error" },
        ForwarderError.RequestTimedOut => "timeout",
        ForwarderError.RequestBodyClient when status == StatusCodes.Status413PayloadTooLarge => TooLarge,
        _ => "no_answer",
    };
}
