using Portal.Core.Apps;
using Portal.Core.Releases;
using Portal.Web.Components.Controls;
using Portal.Web.Components.Pages.AppDetail;
using Severity = Portal.Core.Common.Severity;

namespace Portal.Web.Components.Pages.Logs;

/// <summary>An environment's output: a window of lines that follows the end.</summary>
public sealed record LogsModel(AppView App, EnvironmentView Environment, AppRights Rights, LogDocument Log, IReadOnlyList<string> Instances, long Last) : IAppModel
{
    public static LogLine Line(AppLogLine line) =>
        new(line.Id, line.Text, line.At, Source: line.Instance, Severity: line.IsError ? Severity.Warning : null);

    /// <summary>From the query string to what is asked for; nonsense asks for nothing special.</summary>
    public static AppLogFilter Filter(string? text, string? instance, string? release, string? level, string? span, DateTimeOffset now) => new()
    {
        Text = text,
        Instance = instance,
        Release = int.TryParse(release?.TrimStart('v'), out var version) ? version : null,
        ErrorsOnly = level == "error",
        Since = span switch
        {
            "15m" => now.AddMinutes(-15),
            "1h" => now.AddHours(-1),
            "24h" => now.AddHours(-24),
            _ => null,
        },
    };
}
