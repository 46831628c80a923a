using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Portal.Core.Common;

/// <summary>
/// Traces, metrics and logs of a host by OpenTelemetry. They leave the process only when
/// <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says where to; without it no trace is even started.
/// </summary>
public static class Telemetry
{
    public const string Name = "Portal";

    public static readonly ActivitySource Activities = new(Name);

    public static readonly Meter Meter = new(Name);

    public static IServiceCollection AddPortalTelemetry(this IServiceCollection services, string service, IConfiguration configuration,
        Action<TracerProviderBuilder>? traces = null, Action<MeterProviderBuilder>? metrics = null)
    {
        var export = !string.IsNullOrWhiteSpace(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(service, serviceVersion: typeof(Telemetry).Assembly.GetName().Version?.ToString(3)))
            .WithMetrics(builder =>
            {
                builder.AddMeter(Name).AddMeter("Npgsql").AddRuntimeInstrumentation();
                metrics?.Invoke(builder);
                if (export)
                {
                    builder.AddHttpClientInstrumentation().AddOtlpExporter();
                }
            });
        if (export)
        {
            telemetry.WithTracing(builder =>
            {
                builder.AddSource(Name).AddNpgsql().AddHttpClientInstrumentation(client => client.EnrichWithHttpRequestMessage = NameOnlyHost);
                traces?.Invoke(builder);
                builder.AddOtlpExporter();
            });
            telemetry.WithLogging(builder => builder.AddOtlpExporter());
        }
        return services;
    }

    /// <summary>The rest of an address may hold what is nobody else's business: an app's path, a repository's token.</summary>
    private static void NameOnlyHost(Activity activity, HttpRequestMessage request) =>
        activity.SetTag("url.full", request.RequestUri?.GetLeftPart(UriPartial.Authority));
}
