using Portal.Core.Access;
using Portal.Core.Common;
using Portal.Core.Teams;

namespace Portal.Web.Components.Pages.TeamDetail;

/// <summary>What the page of a team shows; invitations, requests and tokens only to those who may manage it.</summary>
public sealed record TeamModel(
    TeamRow Team, IReadOnlyList<MemberRow> Members, IReadOnlyList<InvitationRow> Invitations, IReadOnlyList<JoinRequestRow> Requests,
    IReadOnlyList<TokenRow> Tokens, bool MayManage, Guid? Me)
{
    public static async Task<TeamModel> ReadAsync(Actor actor, string slug, TeamReader teams, TokenService tokens, CancellationToken cancellationToken)
    {
        var team = await teams.FindAsync(actor, slug, cancellationToken);
        var members = await teams.MembersAsync(actor, team.Id, cancellationToken);
        if (!AccessPolicy.Allows(actor, Permission.ManageTeam, Resource.Team(team.Id)))
        {
            return new TeamModel(team, members, [], [], [], false, actor.UserId);
        }
        return new TeamModel(team, members,
            await teams.InvitationsAsync(actor, team.Id, cancellationToken),
            await teams.JoinRequestsAsync(actor, team.Id, cancellationToken),
            await tokens.ListOfTeamAsync(actor, team.Id, cancellationToken),
            true, actor.UserId);
    }

    public bool IsMember => Members.Any(m => m.UserId == Me);

    /// <summary>"3 members, 1 waits to join".</summary>
    public string Summary => string.Join(", ", new[]
    {
        Controls.Words.Count(Members.Count, "member"),
        Requests.Count == 0 ? null : Requests.Count == 1 ? "1 person waits to join" : $"{Requests.Count} people wait to join",
        Invitations.Count == 0 ? null : Controls.Words.Count(Invitations.Count, "open invitation"),
    }.Where(part => part is not null));
}
