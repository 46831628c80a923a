using System.Globalization;
using System.Text.RegularExpressions;
using Portal.Testing;

namespace Portal.Benchmarks;

internal sealed record WrkResult(double RequestsPerSecond, string Errors);

/// <summary>The load generator wrk.</summary>
internal static partial class Wrk
{
    public static async Task<WrkResult> RunAsync(Uri url, string host, int seconds, int connections = 32, string? script = null)
    {
        var result = (await Cli.RunAsync("wrk", ["-t1", $"-c{connections}", $"-d{seconds}s", "-H", $"Host: {host}", .. script is null ? Array.Empty<string>() : ["-s", script], url.ToString()],
            timeout: TimeSpan.FromSeconds(seconds + 20))).Expect();
        var rate = Rate().Match(result.Output);
        return new WrkResult(double.Parse(rate.Groups[1].Value, CultureInfo.InvariantCulture), Errors().Match(result.Output).Value.Trim());
    }

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex Rate();

    [GeneratedRegex(@"(Socket errors|Non-2xx).*")]
    private static partial Regex Errors();
}
