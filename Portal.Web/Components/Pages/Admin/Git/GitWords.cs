using Portal.Core.Git.GitHub;
using Portal.Core.Teams;

namespace Portal.Web.Components.Pages.Admin.Git;

internal static class GitWords
{
    /// <summary>"every team", "shop, pay", "no team yet".</summary>
    public static string Allowed(InstallationView row, IReadOnlyList<Team> teams) =>
        row.Installation.ForEveryTeam ? "every team"
        : row.IsForNobody ? "no team yet"
        : string.Join(", ", teams.Where(t => row.Teams.Contains(t.Id)).Select(t => t.Slug).DefaultIfEmpty(Controls.Words.Count(row.Teams.Count, "team")));
}
