using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git.Hosted;
using Portal.Core.Triggers;

namespace Portal.Worker.Triggers;

/// <summary>
/// Looks after missed pushes: Portal's own repositories every half minute, and only those whose refs changed on disk;
/// outside repositories every <c>Portal:Git:PollSeconds</c>, less often while they cannot be reached.
/// </summary>
internal sealed class HeadLoop(IDbContextFactory<PortalDbContext> contexts, HeadReconciler reconciler, HostedRepositories repositories,
    PortalOptions options, TimeProvider time, ILogger<HeadLoop> logger) : BackgroundService
{
    private const int AtOnce = 4;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<Guid, Look> _looks = new();

    /// <param name="State">Of Portal's own repository: what its refs looked like on disk.</param>
    /// <param name="Source">What it was read with: once that is changed, it is read again at once.</param>
    private sealed record Look(DateTimeOffset Next, int Failures, long State, string Source);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Round, time);
        do
        {
            try
            {
                await RoundAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogWarning(e, "A round over the repositories failed; the next one is in {Round}", Round);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task RoundAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var apps = await db.Set<App>().Where(a => a.DeletedAt == null).Select(a => new { a.Id, a.SourceKind, Source = a.SourceUrl + " " + a.HostKeyGeneration, a.AccessToken }).ToListAsync(cancellationToken);
        foreach (var gone in _looks.Keys.Except(apps.Select(a => a.Id)).ToList())
        {
            _looks.TryRemove(gone, out _);
        }
        await Parallel.ForEachAsync(apps, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (app, token) => await LookAsync(app.Id, app.SourceKind, app.AccessToken is { } opened ? $"{app.Source} {Convert.ToHexString(SHA256.HashData(opened))}" : app.Source, token));
    }

    private async Task LookAsync(Guid app, SourceKind kind, string source, CancellationToken cancellationToken)
    {
        var last = _looks.GetValueOrDefault(app) is { } look && look.Source == source ? look : null;
        var now = time.GetUtcNow();
        var state = kind == SourceKind.Portal ? repositories.StateOf(app) : 0;
        if (kind == SourceKind.Portal ? state == (last?.State ?? 0) : now < last?.Next)
        {
            return;
        }
        try
        {
            var round = await reconciler.ReconcileAsync(app, cancellationToken);
            _looks[app] = new Look(now + Spread(TimeSpan.FromSeconds(options.Git.PollSeconds)), 0, round.LookAgain ? 0 : state, source);
            if (kind != SourceKind.Portal)
            {
                await reconciler.NoteAsync(app, null, cancellationToken);
            }
            if (round.Added > 0)
            {
                logger.LogInformation("Found {Count} pushes of app {App} that nobody told of", round.Added, app);
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            var failures = (last?.Failures ?? 0) + 1;
            var pause = TimeSpan.FromSeconds(Math.Min(LongestPause.TotalSeconds, options.Git.PollSeconds * Math.Pow(2, Math.Min(failures, 10))));
            _looks[app] = new Look(now + Spread(pause), failures, 0, source);
            logger.LogInformation("The repository of app {App} could not be read; trying again in {Pause}: {Problem}", app, pause, e.Message);
            if (kind != SourceKind.Portal && e is PortalException)
            {
                await reconciler.NoteAsync(app, e.Message, cancellationToken);
            }
        }
    }

    /// <summary>± 10 %, so that the looks at many repositories do not fall together.</summary>
    private static TimeSpan Spread(TimeSpan pause) => pause * (0.9 + (Random.Shared.NextDouble() * 0.2));
}
