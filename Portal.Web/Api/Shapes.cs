using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Releases;

namespace Portal.Web.Api;

/// <param name="Kind">Portal's own repository, or any git address.</param>
/// <param name="Branch">What production follows; null until the first push.</param>
/// <param name="Directory">The folder of the repository that is this app; "" is all of it.</param>
/// <param name="Problem">Why an outside repository could not be read when it was last looked at; null while it can.</param>
internal sealed record SourceShape(SourceKind Kind, string? Url, string? Branch, string Directory, string? Problem);

/// <param name="Secret">Shown this once, when it was just made; otherwise null.</param>
/// <param name="VerifiedAt">When a delivery first came in with a good proof, or the host's greeting last did; null: none yet.</param>
internal sealed record WebhookShape(string Url, string? Secret, DateTimeOffset? VerifiedAt);

/// <param name="Version">1 is v1.</param>
internal sealed record ReleaseSummary(int Version, ReleaseState State, string Commit, string? Message, string Actor, DateTimeOffset CreatedAt)
{
    public static ReleaseSummary? Of(Release? release) => release is null ? null
        : new ReleaseSummary(release.Version, release.State, release.Commit, release.Message, release.Actor, release.CreatedAt);
}

internal sealed record BuildSummary(int Number, BuildState State);

/// <param name="Reason">Why pushes do not deploy now; null while they do.</param>
internal sealed record AutoDeployShape(bool Paused, string? Reason);

/// <param name="Instances">By process type; a type that is absent has one.</param>
/// <param name="MemoryMb">Limit of one instance in MiB.</param>
internal sealed record ScaleShape(IReadOnlyDictionary<string, int> Instances, int MemoryMb);

/// <param name="Release">What the address leads to; null before the first one is live.</param>
/// <param name="NextRelease">What is being rolled out, or failed to be; null when that is the live one.</param>
internal sealed record EnvironmentShape(string Name, EnvironmentKind Kind, string Address, string? Branch, IReadOnlyList<DeployRule> DeployOn, CheckRule? WaitForChecks, ScaleShape Scale,
    string? HealthPath, int? Port, AutoDeployShape AutoDeploy, Status Status, ReleaseSummary? Release, ReleaseSummary? NextRelease,
    BuildSummary? LastBuild, DateTimeOffset CreatedAt)
{
    public static EnvironmentShape Of(EnvironmentView view)
    {
        var e = view.Environment;
        return new EnvironmentShape(e.Slug, e.Kind, view.Address, e.Branch, e.DeployOn, e.WaitForChecks, new ScaleShape(e.Scale.Instances, e.Scale.MemoryMb), e.HealthPath, e.FixedPort,
            new AutoDeployShape(e.AutoDeployPaused is not null, e.AutoDeployPaused), view.Status, ReleaseSummary.Of(view.Live),
            view.Desired?.Id == view.Live?.Id ? null : ReleaseSummary.Of(view.Desired),
            view.LastBuild is { } b ? new BuildSummary(b.Number, b.State) : null, e.CreatedAt);
    }
}

/// <param name="PushUrl">Where to push, for Portal's own repository.</param>
/// <param name="DeployKey">The public key to add at the git host, for an ssh address.</param>
/// <param name="Build">What was set over the detected build; null when nothing was.</param>
internal sealed record AppShape(Guid Id, string Name, string Team, SourceShape Source, string? PushUrl, WebhookShape? Webhook, string? DeployKey,
    PlanOverrides? Build, IReadOnlyList<EnvironmentShape> Environments, DateTimeOffset CreatedAt)
{
    public static AppShape Of(AppView view, Addresses addresses, string? webhookSecret = null)
    {
        var app = view.App;
        return new AppShape(app.Id, app.Slug, view.Team.Slug,
            new SourceShape(app.SourceKind, app.SourceUrl, view.Environments.FirstOrDefault(e => e.Environment.Slug == Addresses.Production)?.Environment.Branch, app.Directory, app.SourceProblem),
            app.SourceKind == SourceKind.Portal ? addresses.PushUrl(view.Team.Slug, app.Slug) : null,
            app.SourceKind == SourceKind.Git ? new WebhookShape(addresses.WebhookUrl(app.Id), webhookSecret, app.WebhookVerifiedAt) : null,
            app.DeployKeyPublic, CoreJson.Read<PlanOverrides>(app.PlanOverrides),
            [.. view.Environments.Select(EnvironmentShape.Of)], app.CreatedAt);
    }
}

/// <summary>A row of a team's apps: production at a glance.</summary>
internal sealed record AppRowShape(Guid Id, string Name, SourceShape Source, string Address, Status Status, int? Release, string? Commit, string? Message,
    string? ReleasedBy, DateTimeOffset? ReleasedAt, BuildSummary? LastBuild)
{
    public static AppRowShape Of(AppRow row) => new(row.App.Id, row.App.Slug, new SourceShape(row.App.SourceKind, row.App.SourceUrl, null, row.App.Directory, row.App.SourceProblem),
        row.Address, row.Status, row.Version, row.Commit, row.Message, row.ReleasedBy, row.ReleasedAt,
        row is { LastBuildNumber: { } number, LastBuildState: { } state } ? new BuildSummary(number, state) : null);
}

/// <param name="Failure">What happened and what to do, when it failed.</param>
/// <param name="Plan">What was found and how it is built; only when one build is asked for.</param>
internal sealed record BuildShape(int Number, BuildState State, string Environment, string Ref, string? Commit, string? Message, string? Author,
    DeployTrigger Trigger, string Actor, string? Reason, Status? Failure, IReadOnlyList<BuildStep> Steps, BuildPlan? Plan,
    DateTimeOffset QueuedAt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt)
{
    public static BuildShape Of(BuildView view, bool withPlan)
    {
        var b = view.Build;
        return new BuildShape(b.Number, b.State, view.Environment, b.Ref, b.Commit, b.Message, b.Author, b.Trigger, b.Actor, view.Failure?.AsText() ?? b.Reason, view.Failure, b.Steps,
            withPlan ? view.Plan : null, b.QueuedAt, b.StartedAt, b.EndedAt);
    }
}

/// <param name="FromVersion">The version gone back to, or promoted from.</param>
/// <param name="Note">What changed, in words.</param>
/// <param name="Reason">Why it failed or was cancelled.</param>
/// <param name="Variables">The plain run variables as they were; only when one release is asked for.</param>
/// <param name="SecretKeys">The names of its secrets, whose values stay current.</param>
internal sealed record ReleaseShape(int Version, ReleaseState State, string Commit, string? Message, ReleaseTrigger Trigger, string Actor, string? Reason,
    Status? Failure, string? Note, int? FromVersion, DateTimeOffset CreatedAt, DateTimeOffset? LiveAt, DateTimeOffset? EndedAt,
    IReadOnlyDictionary<string, string>? Variables, IReadOnlyList<string>? SecretKeys)
{
    public static ReleaseShape Of(Release r, bool whole)
    {
        var failure = CoreJson.Read<Status>(r.Failure);
        return new ReleaseShape(r.Version, r.State, r.Commit, r.Message, r.Trigger, r.Actor, failure?.AsText() ?? r.Reason,
            failure, r.Note, r.FromVersion, r.CreatedAt, r.LiveAt, r.EndedAt, whole ? r.Variables : null, whole ? r.SecretKeys : null);
    }
}
