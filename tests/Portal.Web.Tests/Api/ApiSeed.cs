using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Releases;

namespace Portal.Web.Tests.Api;

/// <summary>What a worker would have made: builds with logs, releases that ran.</summary>
internal static class ApiSeed
{
    public static async Task<(Guid App, Guid Environment)> AppAsync(this ApiHost host, string name)
    {
        var app = new App { Id = Guid.NewGuid(), TeamId = host.TeamId, Slug = name, SourceKind = SourceKind.Portal, CreatedAt = DateTimeOffset.UnixEpoch, CreatedBy = null };
        var environment = new AppEnvironment { Id = Guid.NewGuid(), AppId = app.Id, TeamId = host.TeamId, Slug = "production", Branch = "main", CreatedAt = DateTimeOffset.UnixEpoch };
        await host.Database.AddAsync(app);
        await host.Database.AddAsync(environment);
        return (app.Id, environment.Id);
    }

    public static async Task<Guid> BuildAsync(this ApiHost host, Guid app, Guid environment, int number, BuildState state)
    {
        var build = new Build
        {
            Id = Guid.NewGuid(),
            AppId = app,
            TeamId = host.TeamId,
            EnvironmentId = environment,
            Number = number,
            State = state,
            Ref = "refs/heads/main",
            Commit = new string('a', 40),
            Trigger = DeployTrigger.Push,
            Actor = "Dev",
            QueuedAt = DateTimeOffset.UnixEpoch,
            Steps = [new BuildStep("install", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddSeconds(3))],
            Plan = CoreJson.Write(new BuildPlan { Stack = "Static site", StackId = "static" }),
        };
        await host.Database.AddAsync(build);
        return build.Id;
    }

    /// <summary>Adds log text as the builder does: the chunk and its notice in one transaction.</summary>
    public static async Task LogAsync(this ApiHost host, Guid build, int sequence, string text)
    {
        await using var db = host.Database.CreateDbContext();
        db.Add(new BuildLogChunk { BuildId = build, Sequence = sequence, Text = text, At = DateTimeOffset.UnixEpoch });
        db.Signal(Portal.Core.Live.LiveTopics.BuildLog, build);
        await db.SaveChangesAsync();
    }

    public static async Task EndAsync(this ApiHost host, Guid build, BuildState state)
    {
        await using var db = host.Database.CreateDbContext();
        (await db.Set<Build>().FindAsync(build))!.State = state;
        db.Signal(Portal.Core.Live.LiveTopics.Build, build);
        await db.SaveChangesAsync();
    }

    /// <summary>Two releases, v1 superseded and v2 live, with the secrets of now.</summary>
    public static async Task ReleasesAsync(this ApiHost host, Guid app, Guid environment)
    {
        var build = await host.BuildAsync(app, environment, 1, BuildState.Succeeded);
        var artifact = new Artifact
        {
            Id = Guid.NewGuid(),
            AppId = app,
            BuildId = build,
            Commit = new string('a', 40),
            Location = "x",
            Bytes = 1,
            Plan = CoreJson.Write(new BuildPlan { Stack = "Static site", StackId = "static" }),
            CreatedAt = DateTimeOffset.UnixEpoch,
        };
        await host.Database.AddAsync(artifact);
        var ids = new List<Guid>();
        foreach (var version in new[] { 1, 2 })
        {
            var release = new Release
            {
                Id = Guid.NewGuid(),
                EnvironmentId = environment,
                AppId = app,
                TeamId = host.TeamId,
                Version = version,
                ArtifactId = artifact.Id,
                Variables = new Dictionary<string, string> { ["GREETING"] = $"hello {version}" },
                SecretKeys = ["API_KEY"],
                Commit = artifact.Commit,
                Trigger = ReleaseTrigger.Build,
                Actor = "Dev",
                State = version == 2 ? ReleaseState.Live : ReleaseState.Superseded,
                CreatedAt = DateTimeOffset.UnixEpoch,
                LiveAt = DateTimeOffset.UnixEpoch,
            };
            ids.Add(release.Id);
            await host.Database.AddAsync(release);
        }
        await using var db = host.Database.CreateDbContext();
        var row = (await db.Set<AppEnvironment>().FindAsync(environment))!;
        (row.LastReleaseVersion, row.DesiredReleaseId, row.LiveReleaseId) = (2, ids[1], ids[1]);
        await db.SaveChangesAsync();
    }
}
