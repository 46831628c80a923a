using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Git;
using Portal.Core.Git.GitHub;
using Portal.Core.Git.Hosted;
using Portal.Core.Live;

namespace Portal.Core.Triggers;

/// <summary>
/// Compares the heads of a repository with those that Portal has dealt with, and takes note of what is missing: a push
/// whose hook was lost, a webhook that never came. So a lost wake-up costs time, never a deploy.
/// </summary>
public sealed class HeadReconciler(IDbContextFactory<PortalDbContext> contexts, IGitHosts hosts, PushReceiver receiver, TimeProvider time)
{
    /// <summary>New pushes of one round; what is more comes in the next one.</summary>
    private const int MaxPerRound = 100;

    /// <summary>How long a push to Portal's own repository may take from git's hand into the database.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<(Guid App, string Ref, string Commit), DateTimeOffset> _firstSeen = new();

    /// <summary>Pushes that it made, and whether differences remain that need another look.</summary>
    public sealed record Round(int Added, bool LookAgain);

    public async Task<Round> ReconcileAsync(Guid appId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var app = await db.Set<App>().AsNoTracking().SingleOrDefaultAsync(a => a.Id == appId && a.DeletedAt == null, cancellationToken);
        if (app is null)
        {
            return new Round(0, false);
        }
        var (host, source) = hosts.For(app, toLook: true);
        var asked = time.GetUtcNow();
        var heads = (await host.HeadsAsync(source, cancellationToken)).ToDictionary(h => h.Ref, h => h.Commit);
        var defaultBranch = await host.DefaultBranchAsync(source, cancellationToken);

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await db.LockAsync<App>(app.Id, cancellationToken) is null)
        {
            return new Round(0, false);
        }
        var now = time.GetUtcNow();
        var known = await db.Set<KnownHead>().AsNoTracking().Where(h => h.AppId == app.Id).ToDictionaryAsync(h => h.Ref, h => h.Commit, cancellationToken);
        var waiting = (await db.Set<Push>().Where(p => p.AppId == app.Id && p.State == PushState.Received && p.Ref != null)
            .Select(p => new { p.Ref, p.After }).ToListAsync(cancellationToken)).Select(p => (p.Ref!, p.After)).ToHashSet();
        if (defaultBranch is not null)
        {
            await receiver.FollowFirstBranchAsync(db, app, Actor.Machine("git"), [new RefUpdate("", heads.GetValueOrDefault(RefNames.Branches + defaultBranch, ""), RefNames.Branches + defaultBranch)], cancellationToken);
        }
        // Chosen here and not by the database, which does not know yet of a branch that was followed just now.
        var followed = (await db.Set<AppEnvironment>().Where(e => e.AppId == app.Id && e.DeletedAt == null).ToListAsync(cancellationToken))
            .Where(e => e.Branch is not null).Select(e => RefNames.Branches + e.Branch).ToHashSet();

        var (added, lookAgain) = (0, false);
        foreach (var (name, commit) in Missing(heads, known, waiting))
        {
            if (IsFresh(app, name, commit, now) || added == MaxPerRound)
            {
                lookAgain = true;
                continue;
            }
            // The first look at a repository starts what is followed; its whole past is only noted.
            if (followed.Contains(name) || (known.Count > 0 && heads.ContainsKey(name)))
            {
                receiver.Add(db, app, PushSource.Reconciler, new RefUpdate(known.GetValueOrDefault(name, Zeros(commit)), commit, name), null);
                added++;
            }
            KnownHeads.Set(db, app.Id, name, RefNames.IsZero(commit) ? null : commit, now);
        }
        if (app.SourceKind != SourceKind.Portal && !lookAgain)
        {
            // A row of its own: the app's would be a new version of it, under the hands of whoever edits it.
            db.Defer($"insert into head_checks (app_id, at) values ({app.Id}, {asked}) on conflict (app_id) do update set at = excluded.at");
        }
        await db.SaveAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new Round(added, lookAgain);
    }

    /// <summary>Keeps why an app's repository cannot be read, where its developers see it; null when it can be again.</summary>
    public async Task NoteAsync(Guid appId, string? problem, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var text = problem is null ? await GitHubAccess.RemarkAsync(db, appId, cancellationToken) : RepositoryText.Clean(problem, 600);
        if (await db.Set<App>().Where(a => a.Id == appId && a.SourceProblem != text).ExecuteUpdateAsync(set => set.SetProperty(a => a.SourceProblem, text), cancellationToken) > 0)
        {
            db.Signal(LiveTopics.App, appId);
            await db.SaveAsync(cancellationToken);
        }
    }

    /// <summary>Refs that are elsewhere than known and of which no push waits; zeros for those that are gone.</summary>
    internal static IEnumerable<(string Ref, string Commit)> Missing(IReadOnlyDictionary<string, string> heads, IReadOnlyDictionary<string, string> known, IReadOnlySet<(string, string?)> waiting)
    {
        foreach (var (name, commit) in heads)
        {
            if (known.GetValueOrDefault(name) != commit && !waiting.Contains((name, commit)) && DeployDecision.MeansNothing("push", name, commit) is null)
            {
                yield return (name, commit);
            }
        }
        foreach (var (name, commit) in known)
        {
            if (!heads.ContainsKey(name) && !waiting.Any(w => w.Item1 == name && RefNames.IsZero(w.Item2)))
            {
                yield return (name, Zeros(commit));
            }
        }
    }

    private bool IsFresh(App app, string name, string commit, DateTimeOffset now)
    {
        if (app.SourceKind != SourceKind.Portal)
        {
            return false;
        }
        if (_firstSeen.Count > 10_000)
        {
            _firstSeen.Clear();
        }
        var since = _firstSeen.GetOrAdd((app.Id, name, commit), now);
        if (now - since < Grace)
        {
            return true;
        }
        _firstSeen.TryRemove((app.Id, name, commit), out _);
        return false;
    }

    private static string Zeros(string like) => new('0', like.Length);
}
