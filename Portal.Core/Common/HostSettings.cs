using Microsoft.Extensions.Configuration;
using Npgsql;

namespace Portal.Core.Common;

/// <summary>What both hosts read of their configuration at start, with everything that is wrong with it.</summary>
public static class HostSettings
{
    public static PortalOptions Read(IConfiguration configuration, ICollection<string> problems)
    {
        // The launcher's contract names a few more than the hosts need; builds have settings of their own.
        var options = SettingsReader.Read<PortalOptions>(configuration.GetSection(PortalOptions.Section), problems, "Build", "RunDirectory", "DatabaseRole");
        foreach (var problem in options.Problems())
        {
            problems.Add(problem);
        }
        CheckConnection(configuration, "Portal", required: true, problems);
        CheckConnection(configuration, "AddOns", required: false, problems);
        if (configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 } endpoint
            && !(Uri.TryCreate(endpoint, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
        {
            problems.Add("OTEL_EXPORTER_OTLP_ENDPOINT must be an address such as http://localhost:4317.");
        }
        if (configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] is { Length: > 0 } protocol && protocol is not ("grpc" or "http/protobuf"))
        {
            problems.Add("OTEL_EXPORTER_OTLP_PROTOCOL must be grpc or http/protobuf.");
        }
        return options;
    }

    private static void CheckConnection(IConfiguration configuration, string name, bool required, ICollection<string> problems)
    {
        var value = configuration.GetConnectionString(name);
        if (string.IsNullOrWhiteSpace(value))
        {
            if (required)
            {
                problems.Add($"ConnectionStrings:{name} must name the database.");
            }
            return;
        }
        try
        {
            if (string.IsNullOrWhiteSpace(new NpgsqlConnectionStringBuilder(value).Host))
            {
                problems.Add($"ConnectionStrings:{name} must name the database's host.");
            }
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            problems.Add($"ConnectionStrings:{name} must be like Host=…;Database=…;Username=….");
        }
    }
}
