using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Releases;
using Portal.Core.Variables;
using Portal.Web.Components.Pages.AppDetail;

namespace Portal.Web.Components.Pages.Settings;

/// <param name="Plan">Of the newest build that has one: what was detected.</param>
public sealed record SettingsModel(AppView App, EnvironmentView Environment, AppRights Rights, BuildPlan? Plan, string? WebhookUrl, IReadOnlyList<AddOn> AddOns) : IAppModel
{
    public PlanOverrides Overrides => CoreJson.Read<PlanOverrides>(App.App.PlanOverrides) ?? new PlanOverrides();

    /// <summary>Process types that there are, "web" first, with how many of each shall run.</summary>
    public IReadOnlyList<(string Process, int Instances)> Scale
    {
        get
        {
            var set = Environment.Environment.Scale.Instances;
            var names = (Plan?.Processes.Select(p => p.Name) ?? []).Union(set.Keys).DefaultIfEmpty("web").Distinct()
                .OrderBy(n => n == "web" ? 0 : 1).ThenBy(n => n, StringComparer.Ordinal);
            return names.Select(n => (n, set.GetValueOrDefault(n, 1))).ToList();
        }
    }

    /// <summary>The command that detection found for a step, or "" when it found none.</summary>
    public string Detected(string step) => step switch
    {
        "Start" => Plan?.Processes.FirstOrDefault(p => p.Name == "web")?.Text ?? "",
        _ => Plan?.Steps.FirstOrDefault(s => string.Equals(s.Name, step, StringComparison.OrdinalIgnoreCase))?.Text ?? "",
    };
}
