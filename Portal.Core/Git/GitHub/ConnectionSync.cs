using Microsoft.EntityFrameworkCore;
using Octokit;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Live;

namespace Portal.Core.Git.GitHub;

/// <summary>
/// Observes what GitHub says of a connection: its installations, what they cover, and what became of the repositories of
/// apps. Told only that something may have changed, never what: a lost or reordered event costs time, not truth.
/// </summary>
internal sealed class ConnectionSync(IDbContextFactory<PortalDbContext> contexts, GitHubCalls calls, GitHubTokens tokens, AuditTrail audit, TimeProvider time) : IJobHandler
{
    private const int MostInstallations = 1_000;
    private const int MostRepositories = 50_000;

    public static readonly Actor Machine = Actor.Machine("GitHub");

    public string Kind => JobKinds.GitSync;

    /// <param name="installation">Only this one; null: all of the connection.</param>
    public static JobRequest JobOf(Guid connection, long? installation = null) =>
        new(JobKinds.GitSync, installation is null ? connection.ToString() : $"{connection}/{installation}") { Lane = $"git-sync:{connection}", MaxAttempts = 8, TimeLimit = TimeSpan.FromMinutes(10) };

    public async Task RunAsync(JobContext context, CancellationToken cancellationToken)
    {
        var parts = context.Job.Key.Split('/', 2);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var connection = await db.Set<GitConnection>().AsNoTracking().SingleOrDefaultAsync(c => c.Id == Guid.Parse(parts[0]), cancellationToken);
        if (connection is null)
        {
            return;
        }
        try
        {
            if (parts.Length == 2)
            {
                await OneAsync(connection, long.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture), cancellationToken);
            }
            else
            {
                await AllAsync(connection, cancellationToken);
            }
            await NoteAsync(connection.Id, null, whole: parts.Length == 1, cancellationToken);
        }
        catch (PortalException e)
        {
            await NoteAsync(connection.Id, e.Message, whole: false, cancellationToken);
            if (e.Refusal == Refusal.Unavailable)
            {
                throw;
            }
        }
    }

    public Task GiveUpAsync(PortalDbContext db, Job job, string reason, CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task AllAsync(GitConnection connection, CancellationToken cancellationToken)
    {
        var app = await calls.AsAppAsync(connection, client => client.GitHubApps.GetCurrent(), cancellationToken);
        var installed = await calls.AsAppAsync(connection, client => client.GitHubApps.GetAllInstallationsForCurrent(
            new ApiOptions { PageSize = GitHubCalls.PageSize, PageCount = MostInstallations / GitHubCalls.PageSize }), cancellationToken);
        await using (var db = await contexts.CreateDbContextAsync(cancellationToken))
        {
            var now = time.GetUtcNow();
            var row = await db.Set<GitConnection>().SingleAsync(c => c.Id == connection.Id, cancellationToken);
            row.Name = RepositoryText.Clean(app.Name, 100);
            row.Slug = RepositoryText.Clean(app.Slug ?? app.Name, 100);
            row.Owner = RepositoryText.Clean(app.Owner?.Login ?? row.Owner, 100);
            var known = await db.Set<GitInstallation>().Where(i => i.ConnectionId == connection.Id).ToDictionaryAsync(i => i.InstallationId, cancellationToken);
            foreach (var installation in installed)
            {
                Keep(db, connection, known.GetValueOrDefault(installation.Id), installation);
            }
            foreach (var gone in known.Values.Where(k => k.RemovedAt is null && installed.All(i => i.Id != k.InstallationId)))
            {
                gone.RemovedAt = now;
                audit.Record(db, Machine, "git-connection.uninstalled", $"{row.Name} {gone.Account}");
            }
            await db.SaveAsync(cancellationToken);
        }
        PortalException? failure = null;
        foreach (var installation in installed)
        {
            try
            {
                await ListAsync(connection, installation.Id, cancellationToken);
            }
            catch (PortalException e)
            {
                // One account's trouble is not that of the others.
                failure ??= e;
            }
        }
        await FollowAsync(connection, cancellationToken);
        if (failure is not null)
        {
            throw failure;
        }
    }

    private async Task OneAsync(GitConnection connection, long id, CancellationToken cancellationToken)
    {
        Installation? installation = null;
        try
        {
            installation = await calls.AsAppAsync(connection, client => client.GitHubApps.GetInstallationForCurrent(id), cancellationToken);
        }
        catch (PortalException e) when (e.Refusal == Refusal.NotFound)
        {
            // Uninstalled.
        }
        await using (var db = await contexts.CreateDbContextAsync(cancellationToken))
        {
            var known = await db.Set<GitInstallation>().SingleOrDefaultAsync(i => i.ConnectionId == connection.Id && i.InstallationId == id, cancellationToken);
            if (installation is not null)
            {
                Keep(db, connection, known, installation);
            }
            else if (known is { RemovedAt: null })
            {
                known.RemovedAt = time.GetUtcNow();
                audit.Record(db, Machine, "git-connection.uninstalled", $"{connection.Name} {known.Account}");
            }
            db.Signal(LiveTopics.System, Guid.Empty);
            await db.SaveAsync(cancellationToken);
        }
        if (installation is not null)
        {
            await ListAsync(connection, id, cancellationToken);
        }
        await FollowAsync(connection, cancellationToken);
    }

    private void Keep(PortalDbContext db, GitConnection connection, GitInstallation? known, Installation installation)
    {
        var account = RepositoryText.Clean(installation.Account.Login, 100);
        if (known is null)
        {
            known = new GitInstallation { ConnectionId = connection.Id, InstallationId = installation.Id, Account = account, AccountId = installation.Account.Id };
            db.Add(known);
            audit.Record(db, Machine, "git-connection.installed", $"{connection.Name} {account}");
        }
        known.Account = account;
        known.AccountId = installation.Account.Id;
        known.IsOrganization = installation.TargetType.StringValue == "Organization";
        known.AllRepositories = installation.RepositorySelection.StringValue == "all";
        known.SuspendedAt = installation.SuspendedAt;
        known.RemovedAt = null;
    }

    private async Task ListAsync(GitConnection connection, long installation, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await db.Set<GitInstallation>().SingleAsync(i => i.ConnectionId == connection.Id && i.InstallationId == installation, cancellationToken);
        if (!row.IsUsable)
        {
            return;
        }
        var round = time.GetUtcNow();
        var token = await tokens.MintAsync(connection, installation, null, GitHubUse.List, cancellationToken);
        var pages = await calls.WithTokenAsync(connection, installation, token.Value, client => client.GitHubApps.Installation.GetAllRepositoriesForCurrent(
            new ApiOptions { PageSize = GitHubCalls.PageSize, PageCount = MostRepositories / GitHubCalls.PageSize }), cancellationToken);
        var listed = pages.Repositories.DistinctBy(r => r.Id).ToList();
        var ids = listed.Select(r => r.Id).ToList();
        var known = await db.Set<GitRepository>().Where(r => r.ConnectionId == connection.Id && ids.Contains(r.RepositoryId)).ToDictionaryAsync(r => r.RepositoryId, cancellationToken);
        foreach (var repository in listed)
        {
            if (!known.TryGetValue(repository.Id, out var kept))
            {
                kept = new GitRepository { ConnectionId = connection.Id, RepositoryId = repository.Id, InstallationId = installation, FullName = "" };
                db.Add(kept);
            }
            kept.InstallationId = installation;
            kept.FullName = RepositoryText.Clean(repository.FullName, 200);
            kept.DefaultBranch = repository.DefaultBranch is { } branch && SourceRules.BranchProblem(branch) is null ? branch : null;
            kept.Language = repository.Language is { } language ? RepositoryText.Clean(language, 60) : null;
            kept.IsPrivate = repository.Private;
            kept.IsArchived = repository.Archived;
            kept.PushedAt = repository.PushedAt;
            kept.SeenAt = round;
        }
        row.ListedAt = round;
        db.Signal(LiveTopics.System, Guid.Empty);
        await db.SaveAsync(cancellationToken);
        if (listed.Count < MostRepositories)
        {
            await db.Set<GitRepository>().Where(r => r.ConnectionId == connection.Id && r.InstallationId == installation && r.SeenAt < round).ExecuteDeleteAsync(cancellationToken);
        }
    }

    /// <summary>Apps keep up with their repositories: a new name or owner is followed, a loss is said.</summary>
    private async Task FollowAsync(GitConnection connection, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await (from app in db.Set<App>()
                          where app.ConnectionId == connection.Id && app.DeletedAt == null
                          join r in db.Set<GitRepository>() on new { app.ConnectionId, app.RepositoryId } equals new { ConnectionId = (Guid?)r.ConnectionId, RepositoryId = (long?)r.RepositoryId } into repositories
                          from r in repositories.DefaultIfEmpty()
                          select new { App = app, Repository = r }).ToListAsync(cancellationToken);
        foreach (var row in rows.Where(r => r.Repository is not null))
        {
            var (app, url) = (row.App, GitHubWords.CloneUrl(connection, row.Repository!.FullName));
            if (app.SourceUrl == url && app.InstallationId == row.Repository.InstallationId)
            {
                continue;
            }
            audit.Record(db, Machine, "app.source-moved", app.Slug, app.TeamId, app.Id, before: new { app.SourceUrl }, after: new { SourceUrl = url });
            (app.SourceUrl, app.InstallationId) = (url, row.Repository.InstallationId);
            db.Signal(LiveTopics.App, app.Id);
        }
        await db.SaveAsync(cancellationToken);
        foreach (var app in rows.Select(r => r.App))
        {
            var problem = await GitHubAccess.ProblemAsync(db, app.Id, cancellationToken);
            // What is well again is found so by the next look at the branches.
            if (problem is not null && await db.Set<App>().Where(a => a.Id == app.Id && a.SourceProblem != problem).ExecuteUpdateAsync(set => set.SetProperty(a => a.SourceProblem, problem), cancellationToken) > 0)
            {
                db.Signal(LiveTopics.App, app.Id);
            }
        }
        await db.SaveAsync(cancellationToken);
    }

    private async Task NoteAsync(Guid connection, string? problem, bool whole, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await db.Set<GitConnection>().SingleOrDefaultAsync(c => c.Id == connection, cancellationToken);
        if (row is null)
        {
            return;
        }
        row.Problem = problem is null ? null : RepositoryText.Clean(problem, 600);
        // Looks at one account must not put off the look at all of them.
        row.CheckedAt = whole ? time.GetUtcNow() : row.CheckedAt;
        db.Signal(LiveTopics.System, Guid.Empty);
        await db.SaveAsync(cancellationToken);
    }
}
