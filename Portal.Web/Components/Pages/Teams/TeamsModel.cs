using Portal.Core.Access;
using Portal.Core.Common;
using Portal.Core.Teams;

namespace Portal.Web.Components.Pages.Teams;

/// <summary>The teams that somebody has a part in, their own first; admins and auditors see the others below.</summary>
public sealed record TeamsModel(IReadOnlyList<TeamRow> Mine, IReadOnlyList<TeamRow> Others, bool MayCreate, Guid? Me)
{
    public static async Task<TeamsModel> ReadAsync(Actor actor, TeamReader teams, CancellationToken cancellationToken)
    {
        var all = await teams.ListAsync(actor, cancellationToken);
        return new TeamsModel([.. all.Where(t => t.Role is not null)], [.. all.Where(t => t.Role is null)],
            AccessPolicy.Allows(actor, Permission.CreateTeam, Resource.Platform), actor.UserId);
    }

    /// <summary>Those whose name holds the text.</summary>
    public TeamsModel Matching(string? text) => string.IsNullOrWhiteSpace(text) ? this : this with
    {
        Mine = [.. Mine.Where(t => Matches(t, text.Trim()))],
        Others = [.. Others.Where(t => Matches(t, text.Trim()))],
    };

    private static bool Matches(TeamRow team, string text) =>
        team.Name.Contains(text, StringComparison.OrdinalIgnoreCase) || team.Slug.Contains(text, StringComparison.OrdinalIgnoreCase);
}
