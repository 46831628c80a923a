using Portal.Core.Common;

namespace Portal.Core.Apps;

/// <summary>Where things answer. One label per environment, so that one wildcard certificate serves all.</summary>
public sealed class Addresses(PortalOptions options)
{
    public const string Production = "production";

    /// <summary>The environment that previews take their variables from.</summary>
    public const string PreviewTemplate = "previews";

    /// <summary><c>{app}--{team}</c> for production, <c>{env}--{app}--{team}</c> otherwise; at most 58 characters.</summary>
    public static string Label(string team, string app, string environment) =>
        environment == Production ? $"{app}--{team}" : $"{environment}--{app}--{team}";

    public string Of(string team, string app, string environment) =>
        $"{Scheme}://{Label(team, app, environment)}.{options.AppsDomain}";

    public string PushUrl(string team, string app) => $"{options.PublicUrl}/git/{team}/{app}.git";

    public string WebhookUrl(Guid app) => $"{options.PublicUrl}/webhooks/git/{app}";

    public string BuildPage(string team, string app, int number) => $"{options.PublicUrl}/{team}/{app}/builds/{number}";

    private string Scheme => options.PublicUrl.StartsWith("https:", StringComparison.Ordinal) ? "https" : "http";
}
