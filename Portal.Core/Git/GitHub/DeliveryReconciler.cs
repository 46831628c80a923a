using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Octokit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Live;

namespace Portal.Core.Git.GitHub;

/// <summary>
/// GitHub sends a delivery once and never again by itself. So Portal reads the App's list of deliveries, finds those that
/// no attempt brought in, and asks for them again; what is older than GitHub's own memory is said, and the branches are
/// compared anyway.
/// </summary>
internal sealed class DeliveryReconciler(IDbContextFactory<PortalDbContext> contexts, GitHubCalls calls, TimeProvider time) : IJobHandler
{
    private const int MostPages = 50;
    private const int MostPerRound = 100;

    /// <summary>A delivery that failed so often is not asked for again: something about it is wrong.</summary>
    private const int MostAttempts = 5;

    /// <summary>One that is under way has no answer yet, and it is listed by the time it was sent.</summary>
    private static readonly TimeSpan UnderWay = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Overlap = TimeSpan.FromMinutes(3);

    /// <summary>How long deliveries can be asked for again: https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromDays(3);

    public string Kind => JobKinds.GitDeliveries;

    public static JobRequest JobOf(Guid connection) => new(JobKinds.GitDeliveries, connection.ToString()) { Lane = $"git-deliveries:{connection}", MaxAttempts = 5 };

    /// <summary>One attempt, as listed: https://docs.github.com/rest/apps/webhooks#list-deliveries-for-an-app-webhook.</summary>
    internal sealed class Attempt
    {
        public long Id { get; set; }

        public string Guid { get; set; } = "";

        public DateTimeOffset DeliveredAt { get; set; }

        public int StatusCode { get; set; }
    }

    public Task RunAsync(JobContext context, CancellationToken cancellationToken) => LookAsync(System.Guid.Parse(context.Job.Key), cancellationToken);

    public Task GiveUpAsync(PortalDbContext db, Job job, string reason, CancellationToken cancellationToken) => Task.CompletedTask;

    internal async Task LookAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var connection = await db.Set<GitConnection>().SingleOrDefaultAsync(c => c.Id == id, cancellationToken);
        if (connection is not { WebhookSecret: not null })
        {
            return;
        }
        var now = time.GetUtcNow();
        var known = connection.DeliveredUpTo ?? connection.CreatedAt;
        if (now - known > Window)
        {
            // What GitHub forgot meanwhile cannot be asked for; every branch is compared all the same.
            (connection.GapFrom, connection.GapTo) = (known, now - Window);
            known = now - Window;
        }
        List<Attempt> attempts;
        bool whole;
        try
        {
            (attempts, whole) = await ListAsync(connection, known - Overlap, cancellationToken);
        }
        catch (PortalException e) when (e.Refusal == Refusal.NotFound)
        {
            // The App has no webhook any more.
            return;
        }
        var missing = Missing(attempts, now);
        foreach (var attempt in missing.Ask.Take(MostPerRound))
        {
            await calls.AsAppAsync(connection, client => client.Connection.Post(new Uri($"app/hook/deliveries/{attempt.Id.ToString(CultureInfo.InvariantCulture)}/attempts", UriKind.Relative)), cancellationToken);
        }
        // What was not listed may be missing: then nothing is promised beyond what was known before.
        connection.DeliveredUpTo = whole ? missing.UpTo : known;
        connection.Redelivered += Math.Min(missing.Ask.Count, MostPerRound);
        connection.LostDeliveries = missing.GivenUp;
        db.Signal(LiveTopics.System, System.Guid.Empty);
        await db.SaveAsync(cancellationToken);
    }

    /// <param name="Ask">The newest attempt of each delivery that shall be sent again.</param>
    /// <param name="UpTo">Everything that was sent before has come in, or was given up.</param>
    internal sealed record Result(IReadOnlyList<Attempt> Ask, int GivenUp, DateTimeOffset UpTo);

    internal static Result Missing(IReadOnlyList<Attempt> attempts, DateTimeOffset now)
    {
        var ask = new List<Attempt>();
        var (givenUp, upTo) = (0, now - UnderWay);
        foreach (var delivery in attempts.GroupBy(a => a.Guid))
        {
            if (delivery.Any(a => a.StatusCode is >= 200 and < 300))
            {
                continue;
            }
            var (first, last) = (delivery.Min(a => a.DeliveredAt), delivery.MaxBy(a => a.DeliveredAt)!);
            if (delivery.Count() >= MostAttempts)
            {
                givenUp++;
                continue;
            }
            upTo = first < upTo ? first : upTo;
            if (now - last.DeliveredAt >= UnderWay)
            {
                ask.Add(last);
            }
        }
        return new Result([.. ask.OrderBy(a => a.DeliveredAt)], givenUp, upTo);
    }

    /// <summary>Newest first, back to a time.</summary>
    /// <returns>False with them when there are more than are read at once.</returns>
    private async Task<(List<Attempt> Attempts, bool Whole)> ListAsync(GitConnection connection, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var all = new List<Attempt>();
        var next = new Uri($"app/hook/deliveries?per_page={GitHubCalls.PageSize}", UriKind.Relative);
        for (var page = 0; page < MostPages && next is not null; page++)
        {
            var address = next;
            var response = await calls.AsAppAsync(connection, client => client.Connection.Get<List<Attempt>>(address, null, "application/vnd.github+json", cancellationToken), cancellationToken);
            all.AddRange(response.Body.Where(a => a.DeliveredAt >= since));
            next = response.Body.Count == 0 || response.Body[^1].DeliveredAt < since ? null : response.HttpResponse.ApiInfo.GetNextPageUrl();
        }
        return (all, next is null);
    }
}
