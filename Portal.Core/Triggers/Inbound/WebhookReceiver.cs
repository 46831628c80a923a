using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git;
using Portal.Core.Git.GitHub;
using Portal.Core.Jobs;
using Portal.Core.Live;
using Portal.Core.Releases;
using Portal.Core.Triggers.Previews;

namespace Portal.Core.Triggers.Inbound;

/// <param name="Secret">Which of the connection's secrets it proved to know.</param>
/// <param name="Headers">To be kept: a few, without proofs.</param>
public sealed record SignedDelivery(WebhookDialect Dialect, WebhookConnection Connection, int Secret, string EventName, string? DeliveryId,
    IReadOnlyDictionary<string, string> Headers, ReadOnlyMemory<byte> Json);

public enum Reception
{
    /// <summary>Stored; the worker decides.</summary>
    Accepted,

    /// <summary>Stored, and of no further meaning.</summary>
    Ignored,

    /// <summary>The sender's greeting.</summary>
    Greeted,

    /// <summary>It came before.</summary>
    Duplicate,

    /// <summary>Something at the host changed; the worker looks what.</summary>
    Noticed,

    /// <summary>Of a repository that no app is made from, or about something that nobody waits for; not stored.</summary>
    Unused,
}

/// <summary>Stores a delivery whose signature was checked. Returns only after the commit.</summary>
public sealed class WebhookReceiver(InboundStore store, WebhookConnections connections, CoalescedSignals signals, IDbContextFactory<PortalDbContext> contexts, JobQueue jobs)
{
    /// <summary>A longer body is not kept: what counts of it is in columns.</summary>
    private const int MaxKeptBody = 256 * 1024;

    /// <summary>Apps that one repository may concern at once.</summary>
    private const int MostApps = 200;

    /// <summary>What changes which repositories there are, what they are called, or whether they may be read.</summary>
    private static readonly string[] Observed = ["installation", "installation_repositories", "repository", "github_app_authorization", "meta"];

    /// <summary>Of a shared connection, what is kept for the apps of its repository; the App's own reports cause more than that.</summary>
    private static readonly string[] Kept = ["push", PullRequestEvent];

    private static readonly string[] Checks = ["check_run", "check_suite", "status"];

    private const string PullRequestEvent = "pull_request";

    private readonly record struct Target(Guid App, Guid Team);

    public async Task<(Reception Reception, Guid Id, int Times)> ReceiveAsync(SignedDelivery delivery, CancellationToken cancellationToken)
    {
        WebhookMeaning meaning;
        try
        {
            meaning = delivery.Dialect.Read(delivery.EventName, delivery.Json);
        }
        catch (JsonException)
        {
            throw new PortalException(Refusal.Invalid, "The body is not a JSON object.");
        }
        var connection = delivery.Connection;
        var (reception, id, times) = connection.TeamId is { } team
            ? await StoreAsync(delivery, meaning, new Target(connection.Id, team))
            : await SharedAsync(delivery, meaning, cancellationToken);
        if (meaning.IsGreeting || !connection.IsVerified)
        {
            await connections.VerifiedAsync(connection, cancellationToken);
            signals.Signal(connection.TeamId is null ? LiveTopics.System : LiveTopics.App, connection.TeamId is null ? Guid.Empty : connection.Id);
        }
        return (meaning.IsGreeting ? Reception.Greeted : reception, id, times);
    }

    private async Task<(Reception, Guid, int)> StoreAsync(SignedDelivery delivery, WebhookMeaning meaning, Target target)
    {
        var key = delivery.DeliveryId ?? "sha256:" + Convert.ToHexStringLower(SHA256.HashData(delivery.Json.Span));
        var isPush = meaning.Pushes.Count > 0;
        // All of them or an error; what was stored of it by then is found again when the sender repeats it.
        var stored = await Task.WhenAll((isPush ? meaning.Pushes : [new PushPayload()]).Select((push, place) => store.StoreAsync(new InboundDelivery(
            target.App, target.Team, place == 0 ? key : $"{key}#{place}", isPush ? "push" : delivery.EventName,
            push.Ref, push.Before, push.After, push.PushedBy, push.Message, place == 0 && delivery.Json.Length <= MaxKeptBody ? delivery.Json : default, Headers(delivery), isPush,
            meaning.IsGreeting ? "the sender's greeting: the connection works" : delivery.EventName == PullRequestEvent && meaning.About?.PullRequest is { } number ? $"pull request {number}: its preview follows, where this app has previews"
            : $"ignored: the event “{delivery.EventName}” is not a push"))));
        var (id, times) = stored[0];
        signals.Signal(LiveTopics.Activity, target.Team);
        if (isPush)
        {
            signals.Wake(Signals.JobsChannel);
        }
        return (times > 1 ? Reception.Duplicate : isPush ? Reception.Accepted : Reception.Ignored, id, times);
    }

    private async Task<(Reception, Guid, int)> SharedAsync(SignedDelivery delivery, WebhookMeaning meaning, CancellationToken cancellationToken)
    {
        var about = meaning.Pushes.Count > 0 ? meaning.Pushes[0] : meaning.About;
        if (Observed.Contains(delivery.EventName))
        {
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            jobs.Enqueue(db, ConnectionSync.JobOf(delivery.Connection.Id, about?.InstallationId));
            await db.SaveChangesAsync(cancellationToken);
            return (Reception.Noticed, Guid.Empty, 1);
        }
        if (about?.RepositoryId is { } checkedIn && Checks.Contains(delivery.EventName))
        {
            return await CheckedAsync(delivery.Connection.Id, checkedIn, cancellationToken);
        }
        if (about?.RepositoryId is not { } repository || !Kept.Contains(delivery.EventName))
        {
            return (Reception.Unused, Guid.Empty, 1);
        }
        List<Target> targets;
        await using (var db = await contexts.CreateDbContextAsync(cancellationToken))
        {
            targets = await db.Set<App>().Where(a => a.ConnectionId == delivery.Connection.Id && a.RepositoryId == repository && a.DeletedAt == null)
                .OrderBy(a => a.Id).Take(MostApps).Select(a => new Target(a.Id, a.TeamId)).ToListAsync(cancellationToken);
        }
        if (delivery.EventName == PullRequestEvent && about.PullRequest is { } number && targets.Count > 0)
        {
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            targets.ForEach(target => jobs.Enqueue(db, PreviewHandler.JobOf(target.App, target.Team, number)));
            await db.SaveChangesAsync(cancellationToken);
        }
        var stored = await Task.WhenAll(targets.Select(target => StoreAsync(delivery, meaning, target)));
        return stored.Length == 0 ? (Reception.Unused, Guid.Empty, 1)
            // A delivery that is new to one of the apps is new.
            : stored.FirstOrDefault(s => s.Item1 != Reception.Duplicate, stored[0]);
    }

    /// <summary>Builds that wait for checks of this repository are looked at; mostly there is none.</summary>
    private async Task<(Reception, Guid, int)> CheckedAsync(Guid connection, long repository, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var waiting = await (from b in db.Set<Build>().AsNoTracking()
                             join a in db.Set<App>() on b.AppId equals a.Id
                             where b.WaitsForChecksSince != null && a.ConnectionId == connection && a.RepositoryId == repository
                             orderby b.Id
                             select b).Take(MostApps).ToListAsync(cancellationToken);
        if (waiting.Count == 0)
        {
            return (Reception.Unused, Guid.Empty, 1);
        }
        waiting.ForEach(build => jobs.Enqueue(db, ReleaseService.ChecksJob(build)));
        await db.SaveChangesAsync(cancellationToken);
        return (Reception.Noticed, Guid.Empty, 1);
    }

    private static string Headers(SignedDelivery delivery) => CoreJson.Write(new PushHeaders(delivery.Dialect.Name,
        delivery.Secret == 0 ? PushHeaders.Current : PushHeaders.Previous,
        delivery.Headers.ToDictionary(h => h.Key, h => RepositoryText.Clean(h.Value, 200))));
}
