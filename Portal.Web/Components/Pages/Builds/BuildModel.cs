using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Releases;
using Portal.Web.Components.Controls;
using Portal.Web.Components.Pages.AppDetail;

namespace Portal.Web.Components.Pages.Builds;

/// <summary>A build from the push to the live release.</summary>
/// <param name="Release">What it became; null when it was not released (yet).</param>
public sealed record BuildModel(AppView App, EnvironmentView Environment, AppRights Rights, BuildView View, Release? Release, LogDocument Log, BuildLogReader Reader) : IAppModel
{
    public Build Build => View.Build;

    public bool IsRunning => Build.State is BuildState.Queued or BuildState.Running;

    /// <summary>The build itself, and its release while that is under way or failed.</summary>
    public (Severity Severity, string Word) State => Release switch
    {
        { State: ReleaseState.Live } => (Severity.Ok, $"Live as v{Release.Version}"),
        { State: ReleaseState.Pending or ReleaseState.RollingOut } => (Severity.Working, $"Rolling out v{Release.Version}"),
        { State: ReleaseState.Failed } => (Severity.Error, $"Built, but v{Release.Version} did not start"),
        { } release => (Severity.Asleep, $"v{release.Version}: {ReleaseWords.State(release.State).ToLowerInvariant()}"),
        _ => (ReleaseWords.Severity(Build.State), ReleaseWords.State(Build.State)),
    };

    /// <summary>What went wrong, with what to do: of the build, else of the release it became.</summary>
    public Status? Failure => View.Failure
        ?? CoreJson.Read<Status>(Release?.Failure)
        ?? (Build.State == BuildState.Failed ? Status.Of(Severity.Error, "The build failed", Build.Reason ?? "") : null);

    public IReadOnlyList<WaterfallStep> Waterfall
    {
        get
        {
            var steps = new List<WaterfallStep>
            {
                new("Queued", Build is { State: BuildState.Queued } ? Severity.Working : Severity.Ok, Build.QueuedAt, Build.StartedAt ?? Build.EndedAt),
            };
            for (var i = 0; i < Build.Steps.Count; i++)
            {
                var step = Build.Steps[i];
                var isLast = i == Build.Steps.Count - 1;
                var ended = step.EndedAt ?? (isLast ? Build.EndedAt : Build.Steps[i + 1].StartedAt);
                steps.Add(new WaterfallStep(StepWords.Title(step.Name), Tone(ended, isLast && Build.State is BuildState.Failed), step.StartedAt, ended));
            }

            if (IsRunning && Build.Steps.Count == 0)
            {
                steps.Add(new WaterfallStep("Build", Build.StartedAt is null ? Severity.Asleep : Severity.Working, Build.StartedAt, null));
            }

            if (Release is not null)
            {
                var failed = Release.State is ReleaseState.Failed;
                var started = Release.RolloutAt ?? Release.LiveAt ?? (failed ? Release.EndedAt : null);
                steps.Add(new WaterfallStep("Release", Tone(started, failed: false), Release.CreatedAt, started));
                steps.Add(new WaterfallStep("Live", Tone(Release.LiveAt ?? Release.EndedAt, failed), Release.RolloutAt, Release.LiveAt ?? Release.EndedAt));
            }
            else if (Build.State is BuildState.Queued or BuildState.Running)
            {
                steps.Add(new WaterfallStep("Release", Severity.Asleep, null, null));
                steps.Add(new WaterfallStep("Live", Severity.Asleep, null, null));
            }

            return steps;
        }
    }

    public IReadOnlyList<LogStep> LogSteps => Waterfall.Select(s => new LogStep(s.Name, s.Severity, s.From, s.To)).ToList();

    public string? EndOfLog => Build.EndedAt is not { } ended ? null
        : $"{ReleaseWords.State(Build.State)} after {Words.Duration(ended - (Build.StartedAt ?? Build.QueuedAt))}.{(Build.Reason is { } reason ? " " + reason : "")}";

    private static Severity Tone(DateTimeOffset? ended, bool failed) =>
        failed ? Severity.Error : ended is null ? Severity.Working : Severity.Ok;
}
