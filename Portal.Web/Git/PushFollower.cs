using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Git;
using Portal.Core.Live;
using Portal.Core.Releases;
using Portal.Core.Triggers;

namespace Portal.Web.Git;

/// <summary>
/// Tells the pusher what becomes of a push, line by line, until it is live or it is plain why not. Only reads: a pusher
/// who leaves changes nothing.
/// </summary>
internal sealed class PushFollower(PushProgress progress, LiveFeed feed, Addresses addresses, PortalOptions options, TimeProvider time, ILogger<PushFollower> logger)
{
    public async Task FollowAsync(FoundApp found, IReadOnlyList<Push> pushes, PacketStream to, CancellationToken gone)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(gone);
        limit.CancelAfter(TimeSpan.FromSeconds(options.Limits.BuildSeconds + options.Limits.StartSeconds + 600));
        try
        {
            await to.SayAsync("\n", limit.Token);
            await FollowAsync(found, pushes, new Story(to, feed, time), limit.Token);
            await to.SayAsync("\n", limit.Token);
        }
        catch (OperationCanceledException) when (!gone.IsCancellationRequested)
        {
            await to.SayAsync("This takes long; watch it on the page above.\n", gone);
        }
        catch (OperationCanceledException)
        {
            // The pusher left.
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            logger.LogWarning(e, "The push of app {App} goes on, but can no longer be followed", found.App.Id);
            await to.SayAsync("Portal goes on with your push but cannot show it here; watch it on the app's page.\n", gone);
        }
    }

    private async Task FollowAsync(FoundApp found, IReadOnlyList<Push> pushes, Story story, CancellationToken cancellationToken)
    {
        await story.SayAsync($"Portal received {Names(pushes)}.\n", cancellationToken);
        var ids = pushes.Select(p => p.Id).ToList();
        var decisions = await story.UntilAsync([(LiveTopics.Activity, found.Team.Id)], () => progress.DecisionsAsync(ids, cancellationToken), cancellationToken);
        foreach (var decision in decisions.Where(d => d.BuildId is null))
        {
            await story.SayAsync(decision.Environment is null ? $"{Sentence(decision.Reason)}\n" : $"{decision.Environment}: {decision.Reason}\n", cancellationToken);
        }
        var builds = decisions.Where(d => d.BuildId is not null).ToList();
        foreach (var decision in builds)
        {
            var build = await progress.BuildAsync(decision.BuildId!.Value, cancellationToken);
            await story.SayAsync($"Build {build.Number} for {decision.Environment}: {addresses.BuildPage(found.Team.Slug, found.App.Slug, build.Number)}\n", cancellationToken);
        }
        foreach (var decision in builds)
        {
            await FollowBuildAsync(found, decision, story, cancellationToken);
        }
    }

    private async Task FollowBuildAsync(FoundApp found, DecidedFor decision, Story story, CancellationToken cancellationToken)
    {
        var id = decision.BuildId!.Value;
        var next = 0;
        var announced = false;
        var end = await story.UntilAsync([(LiveTopics.Build, id), (LiveTopics.BuildLog, id), (LiveTopics.Environment, decision.EnvironmentId)], async () =>
        {
            var build = await progress.BuildAsync(id, cancellationToken);
            IReadOnlyList<BuildLogChunk> chunks;
            do
            {
                chunks = await progress.LogAsync(id, next, cancellationToken);
                foreach (var chunk in chunks)
                {
                    await story.SayAsync(TerminalText.Of(chunk.Text), cancellationToken);
                    next = chunk.Sequence + 1;
                }
            }
            while (chunks.Count > 0);
            if (build.Release is { State: ReleaseState.Pending or ReleaseState.RollingOut } release && !announced)
            {
                announced = true;
                await story.SayAsync($"-----> Starting v{release.Version} in {decision.Environment}\n", cancellationToken);
            }
            return build.HasEnded ? build : null;
        }, cancellationToken);
        await story.SayAsync(Ending(found, decision.Environment!, end), cancellationToken);
    }

    private string Ending(FoundApp found, string environment, BuildProgress end)
    {
        var page = addresses.BuildPage(found.Team.Slug, found.App.Slug, end.Number);
        return (end.State, end.Release) switch
        {
            (BuildState.Succeeded, { State: ReleaseState.Live or ReleaseState.Superseded } release) =>
                $"\nv{release.Version} is live{(end.HasWeb ? $" at {addresses.Of(found.Team.Slug, found.App.Slug, environment)}" : ", without an address: it has no process named web")}\n",
            (BuildState.Succeeded, { } release) =>
                Failed($"v{release.Version} did not go live", release.Reason, CoreJson.Read<Status>(release.Failure), page),
            (BuildState.Succeeded, null) => $"\nBuild {end.Number} succeeded and was not released: {end.Reason}\n",
            (BuildState.Superseded or BuildState.Cancelled, _) => $"\nBuild {end.Number} was stopped: {end.Reason}\n",
            _ => Failed($"Build {end.Number} failed", end.Reason, end.Failure, page),
        };
    }

    private static string Failed(string what, string? reason, Status? failure, string page)
    {
        var lines = new List<string> { "", failure?.Title ?? (reason is null ? what + "." : $"{what}: {reason}") };
        lines.AddRange(new[] { failure?.Detail, failure?.Next, $"More: {page}" }.Where(line => !string.IsNullOrWhiteSpace(line))!);
        return string.Join('\n', lines.Select(TerminalText.Plain)) + "\n";
    }

    private static string Names(IReadOnlyList<Push> pushes) => string.Join(", ", pushes.Take(10)
        .Select(p => (RefNames.Branch(p.Ref) ?? RefNames.Tag(p.Ref)) + (RefNames.IsZero(p.After) ? " (deleted)" : $" at {p.After![..7]}")))
        + (pushes.Count > 10 ? $" and {pushes.Count - 10} more" : "");

    private static string Sentence(string reason) => reason.Length == 0 ? "" : char.ToUpperInvariant(reason[0]) + reason[1..] + (reason.EndsWith('.') ? "" : ".");
}
