using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Releases;
using Portal.Core.Triggers;
using Portal.Postgres.Tests.Teams;

namespace Portal.Postgres.Tests.Activity;

/// <summary>A team with an app, to which pushes and releases are added at times that the test decides.</summary>
internal sealed class ActivityWorld(TeamsWorld world, Guid team, Actor maintainer, App app, AppEnvironment production) : IAsyncDisposable
{
    public static readonly DateTimeOffset Begin = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private Guid _artifact;

    public TeamsWorld Teams => world;

    public Guid Team => team;

    public Actor Maintainer => maintainer;

    public App App => app;

    public AppEnvironment Production => production;

    public ActivityReader Timeline => new(world.Database);

    public AttentionReader Attentions => new(world.Database, world.Clock);

    private static CancellationToken Now => TeamsWorld.Now;

    public static async Task<ActivityWorld> CreateAsync(SourceKind kind = SourceKind.Portal, DateTimeOffset? verified = null)
    {
        var world = await TeamsWorld.CreateAsync();
        var (team, maintainer) = await world.TeamAsync();
        var app = new App { Id = Guid.NewGuid(), TeamId = team.Id, Slug = "api", SourceKind = kind, WebhookVerifiedAt = verified, CreatedAt = Begin, CreatedBy = null };
        var production = new AppEnvironment { Id = Guid.NewGuid(), AppId = app.Id, TeamId = team.Id, Slug = Addresses.Production, Branch = "main", CreatedAt = Begin };
        await world.Database.AddAsync(app);
        await world.Database.AddAsync(production);
        return new ActivityWorld(world, team.Id, maintainer, app, production);
    }

    public async Task<Push> PushAsync(DateTimeOffset at, PushState state = PushState.Decided, string reason = "deploys", PushSource source = PushSource.Portal, string branch = "main")
    {
        var push = new Push
        {
            Id = Guid.NewGuid(),
            Source = source,
            DeliveryKey = Guid.NewGuid().ToString(),
            AppId = app.Id,
            TeamId = team,
            EventName = "push",
            Ref = $"refs/heads/{branch}",
            After = new string('a', 40),
            PushedBy = "Ada",
            Message = "mend the basket",
            ReceivedAt = at,
            State = state,
        };
        await world.Database.AddAsync(push);
        if (state != PushState.Received)
        {
            await world.Database.AddAsync(new PushDecision { PushId = push.Id, EnvironmentId = state == PushState.Failed ? Guid.Empty : production.Id, Deploys = state == PushState.Decided, Reason = reason, At = at });
        }
        return push;
    }

    public async Task<Release> ReleaseAsync(DateTimeOffset at, int version)
    {
        if (_artifact == Guid.Empty)
        {
            _artifact = Guid.NewGuid();
            var build = new Build
            {
                Id = Guid.NewGuid(),
                AppId = app.Id,
                TeamId = team,
                EnvironmentId = production.Id,
                Number = 1,
                State = BuildState.Succeeded,
                Ref = "refs/heads/main",
                Trigger = DeployTrigger.Push,
                Actor = "Ada",
                QueuedAt = at,
                Steps = [],
            };
            await world.Database.AddAsync(build);
            await world.Database.AddAsync(new Artifact { Id = _artifact, AppId = app.Id, BuildId = build.Id, Commit = new string('a', 40), Location = "x", Bytes = 1, Plan = "{}", CreatedAt = at });
        }
        var release = new Release
        {
            Id = Guid.NewGuid(),
            EnvironmentId = production.Id,
            AppId = app.Id,
            TeamId = team,
            Version = version,
            ArtifactId = _artifact,
            Variables = [],
            SecretKeys = [],
            Commit = new string('a', 40),
            Trigger = ReleaseTrigger.Build,
            Actor = "Ada",
            State = ReleaseState.Live,
            CreatedAt = at,
        };
        await world.Database.AddAsync(release);
        return release;
    }

    public async Task StatusAsync(AppEnvironment environment, Severity severity, string title)
    {
        await using var db = world.Database.CreateDbContext();
        (await db.Set<AppEnvironment>().FindAsync([environment.Id], Now))!.Status = CoreJson.Write(Status.Of(severity, title));
        await db.SaveChangesAsync(Now);
    }

    public async Task<AppEnvironment> EnvironmentAsync(string slug)
    {
        var environment = new AppEnvironment { Id = Guid.NewGuid(), AppId = app.Id, TeamId = team, Slug = slug, Branch = slug, CreatedAt = Begin };
        await world.Database.AddAsync(environment);
        return environment;
    }

    public async Task<IReadOnlyList<ActivityEntry>> AllAsync(ActivityFilter? filter = null, Actor? actor = null) =>
        (await Timeline.ListAsync(actor ?? maintainer, "shop", filter ?? new ActivityFilter(), new PageRequest(limit: 200), Now)).Items;

    public ValueTask DisposeAsync() => world.DisposeAsync();
}
