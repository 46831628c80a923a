using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Releases;
using Portal.Core.Teams;
using Portal.Core.Triggers;
using Portal.Web.Components.Pages.AppDetail;

namespace Portal.Web.Tests.Pages;

/// <summary>Rows as the services return them, with what a test does not mind filled in.</summary>
internal static class Given
{
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 14, 2, 11, TimeSpan.Zero);

    public static readonly Team Team = new() { Id = Guid.NewGuid(), Slug = "acme", Name = "Acme", CreatedAt = Now };

    public static readonly AppRights AllRights = new(true, true, true, true);

    public static Core.Apps.App App(string slug = "shop") =>
        new() { Id = Guid.NewGuid(), TeamId = Team.Id, Slug = slug, SourceKind = SourceKind.Portal, CreatedAt = Now, CreatedBy = null };

    public static AppEnvironment Environment(string slug = "production") =>
        new() { Id = Guid.NewGuid(), AppId = Guid.NewGuid(), TeamId = Team.Id, Slug = slug, CreatedAt = Now };

    public static EnvironmentView View(string slug = "production", Release? live = null, Build? build = null, Status? status = null) =>
        new(Environment(slug), $"http://{slug}.test", status ?? Status.Of(Severity.Ok, "Running"), live, live, build);

    public static AppView AppView(params EnvironmentView[] environments) => new(Team, App(), environments);

    public static AppRow Row(string slug, Status status) =>
        new(App(slug), $"http://{slug}.test", status, 1, "abc", "message", "Ada", Now, BuildState.Succeeded, 1, Guid.NewGuid(), null);

    public static Release Release(int version, int minutesAgo = 0, ReleaseState state = ReleaseState.Superseded, Guid? build = null, bool wasLive = true,
        Dictionary<string, string>? variables = null, List<string>? secrets = null, string commit = "0123456789") => new()
        {
            Id = Guid.NewGuid(),
            EnvironmentId = Guid.NewGuid(),
            AppId = Guid.NewGuid(),
            TeamId = Team.Id,
            Version = version,
            ArtifactId = Guid.NewGuid(),
            Variables = variables ?? [],
            SecretKeys = secrets ?? [],
            Commit = commit,
            Trigger = ReleaseTrigger.Build,
            Actor = "Ada",
            BuildId = build,
            State = state,
            CreatedAt = Now.AddMinutes(-minutesAgo),
            LiveAt = wasLive ? Now.AddMinutes(-minutesAgo).AddSeconds(5) : null,
        };

    public static Build Build(int number, BuildState state = BuildState.Succeeded, int minutesAgo = 0, params BuildStep[] steps) => new()
    {
        Id = Guid.NewGuid(),
        AppId = Guid.NewGuid(),
        TeamId = Team.Id,
        EnvironmentId = Guid.NewGuid(),
        Number = number,
        State = state,
        Ref = "refs/heads/main",
        Trigger = DeployTrigger.Push,
        Actor = "Ada",
        QueuedAt = Now.AddMinutes(-minutesAgo),
        StartedAt = state == BuildState.Queued ? null : Now.AddMinutes(-minutesAgo).AddSeconds(1),
        EndedAt = state is BuildState.Queued or BuildState.Running ? null : Now.AddMinutes(-minutesAgo).AddSeconds(21),
        Steps = [.. steps],
    };

    public static PushView Push(int minutesAgo, params DecisionView[] decisions) =>
        new(Guid.NewGuid(), "shop", PushSource.Portal, "push", "refs/heads/main", "a", "b", "Ada", "Fix the basket", Now.AddMinutes(-minutesAgo),
            decisions.Length == 0 ? PushState.Received : PushState.Decided, 1, decisions);
}
