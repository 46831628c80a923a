using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Releases;

namespace Portal.Web.Components.Pages.AppDetail;

/// <summary>States and triggers of builds and releases in the words of the pages.</summary>
public static class ReleaseWords
{
    public static Severity Severity(ReleaseState state) => state switch
    {
        ReleaseState.Live => Portal.Core.Common.Severity.Ok,
        ReleaseState.Pending or ReleaseState.RollingOut => Portal.Core.Common.Severity.Working,
        ReleaseState.Failed => Portal.Core.Common.Severity.Error,
        _ => Portal.Core.Common.Severity.Asleep,
    };

    public static string State(ReleaseState state) => state switch
    {
        ReleaseState.Pending => "Waiting",
        ReleaseState.RollingOut => "Rolling out",
        ReleaseState.Live => "Live",
        ReleaseState.Superseded => "Replaced",
        ReleaseState.Failed => "Did not start",
        _ => "Cancelled",
    };

    public static Severity Severity(BuildState state) => state switch
    {
        BuildState.Succeeded => Portal.Core.Common.Severity.Ok,
        BuildState.Queued or BuildState.Running => Portal.Core.Common.Severity.Working,
        BuildState.Failed => Portal.Core.Common.Severity.Error,
        _ => Portal.Core.Common.Severity.Asleep,
    };

    public static string State(BuildState state) => state switch
    {
        BuildState.Queued => "Queued",
        BuildState.Running => "Building",
        BuildState.Succeeded => "Built",
        BuildState.Failed => "Build failed",
        BuildState.Cancelled => "Cancelled",
        _ => "Superseded",
    };

    public static string Trigger(Release release) => release.Trigger switch
    {
        ReleaseTrigger.Build => "New build",
        ReleaseTrigger.Variables => release.Note ?? "Variables changed",
        ReleaseTrigger.Rollback => $"Back to v{release.FromVersion}",
        ReleaseTrigger.Promote => Capital(release.Note) ?? "Promoted",
        ReleaseTrigger.Settings => release.Note ?? "Settings changed",
        _ => release.Note ?? "Fix",
    };

    public static string Trigger(DeployTrigger trigger) => trigger switch
    {
        DeployTrigger.Push => "Push",
        DeployTrigger.Tag => "Tag",
        DeployTrigger.Schedule => "Schedule",
        DeployTrigger.PullRequest => "Pull request",
        _ => "By hand",
    };

    /// <summary>"refs/heads/main" → "main".</summary>
    public static string Ref(string? full) => full switch
    {
        null => "",
        _ when full.StartsWith("refs/heads/", StringComparison.Ordinal) => full[11..],
        _ when full.StartsWith("refs/tags/", StringComparison.Ordinal) => full[10..],
        _ => full,
    };

    private static string? Capital(string? text) => string.IsNullOrEmpty(text) ? null : char.ToUpperInvariant(text[0]) + text[1..];
}
