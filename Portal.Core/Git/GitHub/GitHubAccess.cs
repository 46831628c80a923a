using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Data;

namespace Portal.Core.Git.GitHub;

/// <summary>Whether an app may still read the repository that it was made from: GitHub's word and the admin's, both asked each time.</summary>
internal static class GitHubAccess
{
    /// <exception cref="PortalException">A sentence for the app's developers.</exception>
    public static async Task<(GitConnection Connection, long Installation, long Repository)> DemandAsync(PortalDbContext db, Guid appId, CancellationToken cancellationToken)
    {
        // Read anew: a repository that was transferred has another installation by now.
        var row = await (from a in db.Set<App>()
                         join c in db.Set<GitConnection>() on a.ConnectionId equals c.Id
                         where a.Id == appId
                         join i in db.Set<GitInstallation>() on new { ConnectionId = (Guid?)c.Id, a.InstallationId } equals new { ConnectionId = (Guid?)i.ConnectionId, InstallationId = (long?)i.InstallationId } into installations
                         from i in installations.DefaultIfEmpty()
                         join r in db.Set<GitRepository>() on new { ConnectionId = (Guid?)c.Id, a.RepositoryId } equals new { ConnectionId = (Guid?)r.ConnectionId, RepositoryId = (long?)r.RepositoryId } into repositories
                         from r in repositories.DefaultIfEmpty()
                         let allowed = i != null && (i.ForEveryTeam || db.Set<GitInstallationTeam>().Any(t => t.ConnectionId == i.ConnectionId && t.InstallationId == i.InstallationId && t.TeamId == a.TeamId))
                         select new { Connection = c, Installation = i, Repository = r, Allowed = allowed, a.SourceUrl }).AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        if (row?.Installation is not { } installation)
        {
            throw new PortalException(Refusal.NotFound, "The connection to GitHub that this app was made with is gone.");
        }
        if ((GitHubWords.Problem(row.Connection, installation)
            ?? (row.Repository is null ? GitHubWords.NotCovered(row.Connection, installation, GitHubWords.NameOf(row.SourceUrl)) : null)
            ?? (row.Allowed ? null : $"The repositories of {installation.Account} are not for this team any more; a platform admin decides that under Admin → Git connections.")) is { } problem)
        {
            throw new PortalException(Refusal.Denied, problem);
        }
        return (row.Connection, installation.InstallationId, row.Repository!.RepositoryId);
    }

    /// <summary>What its developers should know of a repository that can be read all the same; null: nothing.</summary>
    public static async Task<string?> RemarkAsync(PortalDbContext db, Guid appId, CancellationToken cancellationToken)
    {
        var archived = await (from a in db.Set<App>()
                              join r in db.Set<GitRepository>() on new { a.ConnectionId, a.RepositoryId } equals new { ConnectionId = (Guid?)r.ConnectionId, RepositoryId = (long?)r.RepositoryId }
                              where a.Id == appId && r.IsArchived
                              select r.FullName).SingleOrDefaultAsync(cancellationToken);
        return archived is null ? null : $"{archived} is archived: nothing can be pushed to it until an owner unarchives it. What runs goes on.";
    }

    public static async Task<string?> ProblemAsync(PortalDbContext db, Guid appId, CancellationToken cancellationToken)
    {
        try
        {
            await DemandAsync(db, appId, cancellationToken);
            return await RemarkAsync(db, appId, cancellationToken);
        }
        catch (PortalException e)
        {
            return RepositoryText.Clean(e.Message, 600);
        }
    }
}

internal static class GitHubWords
{
    /// <summary>Why nothing of an installation can be read; null while it can.</summary>
    public static string? Problem(GitConnection connection, GitInstallation installation) =>
        installation.RemovedAt is not null ? $"The App was uninstalled from {installation.Account} at {Host(connection)}. Install it there again: {connection.InstallUrl}"
        : installation.SuspendedAt is not null ? $"The App is suspended for {installation.Account} at {Host(connection)}; an owner of {installation.Account} can resume it there."
        : null;

    public static string NotCovered(GitConnection connection, GitInstallation installation, string repository) =>
        $"The App does not cover {repository} any more: it was deleted at {Host(connection)}, or taken from the App's list. An owner of {installation.Account} can add it there.";

    public static string CloneUrl(GitConnection connection, string fullName) => $"{connection.WebUrl}/{fullName}.git";

    /// <summary><c>owner/name</c> of a clone address.</summary>
    public static string NameOf(string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address) ? address.AbsolutePath.Trim('/') is var path && path.EndsWith(".git", StringComparison.Ordinal) ? path[..^4] : path : "the repository";

    private static string Host(GitConnection connection) => new Uri(connection.WebUrl).Host;
}
