using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Core.Common;
using Portal.Core.Teams;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Api;

/// <summary>Who is in a team, who is invited, and who asks to join.</summary>
internal static class MembersApi
{
    internal sealed record MemberShape(Guid Id, string Name, string Email, TeamRole Role, DateTimeOffset Since, bool Disabled)
    {
        public static MemberShape Of(MemberRow row) => new(row.UserId, row.Name, row.Email, row.Role, row.Since, row.Disabled);
    }

    /// <param name="Email">Of somebody who has an account; others are invited.</param>
    internal sealed record NewMemberBody(string Email, TeamRole Role = TeamRole.Developer);

    internal sealed record RoleBody(TeamRole Role);

    /// <param name="Url">The link to hand over; shown this once, afterwards null.</param>
    internal sealed record InvitationShape(Guid Id, TeamRole Role, string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, string? Url)
    {
        public static InvitationShape Of(InvitationRow row, string? url = null) => new(row.Id, row.Role, row.CreatedBy, row.CreatedAt, row.ExpiresAt, url);
    }

    internal sealed record NewInvitationBody(TeamRole Role = TeamRole.Developer);

    internal sealed record JoinRequestShape(Guid Id, string Name, string Email, DateTimeOffset AskedAt);

    /// <param name="Role">Given when accepted.</param>
    internal sealed record AnswerBody(bool Accept, TeamRole Role = TeamRole.Developer);

    public static void MapMembersApi(this IEndpointRouteBuilder api)
    {
        var members = api.MapGroup("/teams/{team}/members").WithTags("Teams");
        members.MapGet("", ListAsync).WithName("ListMembers").WithSummary("Members, maintainers first");
        members.MapPost("", AddAsync).WithName("AddMember").WithSummary("Add somebody who has an account");
        members.MapPatch("/{person:guid}", ChangeAsync).WithName("ChangeMember").WithSummary("Change a member's role");
        members.MapDelete("/{person:guid}", RemoveAsync).WithName("RemoveMember").WithSummary("Remove a member, or leave");

        var invitations = api.MapGroup("/teams/{team}/invitations").WithTags("Teams");
        invitations.MapGet("", ListInvitationsAsync).WithName("ListInvitations").WithSummary("Invitations that still work");
        invitations.MapPost("", InviteAsync).WithName("CreateInvitation").WithSummary("Make an invitation link")
            .WithDescription("For one person and seven days. The link is shown this once.");
        invitations.MapDelete("/{id:guid}", RevokeAsync).WithName("RevokeInvitation").WithSummary("Revoke an invitation");

        var requests = api.MapGroup("/teams/{team}/join-requests").WithTags("Teams");
        requests.MapGet("", ListRequestsAsync).WithName("ListJoinRequests").WithSummary("Who asks to join");
        requests.MapPost("", AskAsync).WithName("AskToJoin").WithSummary("Ask to join a team")
            .WithDescription("Answers the same whether or not there is such a team.");
        requests.MapPost("/{id:guid}/answer", AnswerAsync).WithName("AnswerJoinRequest").WithSummary("Accept or decline a request");
    }

    private static async Task<Ok<ListOf<MemberShape>>> ListAsync(string team, Actor actor, TeamReader reader, CancellationToken cancellationToken)
    {
        var row = await reader.FindAsync(actor, team, cancellationToken);
        return TypedResults.Ok(new ListOf<MemberShape>([.. (await reader.MembersAsync(actor, row.Id, cancellationToken)).Select(MemberShape.Of)], null));
    }

    private static async Task<Created<MemberShape>> AddAsync(string team, NewMemberBody body, Actor actor, TeamReader reader, MemberService members, CancellationToken cancellationToken)
    {
        var row = await reader.FindAsync(actor, team, cancellationToken);
        var added = await members.AddAsync(actor, row.Id, body.Email, body.Role, cancellationToken);
        return TypedResults.Created($"/api/v1/teams/{team}/members/{added.UserId}", MemberShape.Of(added));
    }

    private static async Task<NoContent> ChangeAsync(string team, Guid person, RoleBody body, Actor actor, TeamReader reader, MemberService members, CancellationToken cancellationToken)
    {
        var row = await reader.FindAsync(actor, team, cancellationToken);
        await members.ChangeAsync(actor, row.Id, person, body.Role, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> RemoveAsync(string team, Guid person, Actor actor, TeamReader reader, MemberService members, CancellationToken cancellationToken)
    {
        var row = await reader.FindAsync(actor, team, cancellationToken);
        await members.RemoveAsync(actor, row.Id, person, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<ListOf<InvitationShape>>> ListInvitationsAsync(string team, Actor actor, TeamReader reader, CancellationToken cancellationToken)
    {
        var row = await reader.FindAsync(actor, team, cancellationToken);
        return TypedResults.Ok(new ListOf<InvitationShape>([.. (await reader.InvitationsAsync(actor, row.Id, cancellationToken)).Select(i => InvitationShape.Of(i))], null));
    }

    private static async Task<Created<InvitationShape>> InviteAsync(string team, NewInvitationBody body, Actor actor, TeamReader reader, InvitationService invitations,
        PortalOptions options, CancellationToken cancellationToken)
    {
        var row = await reader.FindAsync(actor, team, cancellationToken);
        var made = await invitations.CreateAsync(actor, row.Id, body.Role, cancellationToken);
        return TypedResults.Created($"/api/v1/teams/{team}/invitations/{made.Invitation.Id}", InvitationShape.Of(made.Invitation, $"{options.PublicUrl}/join/{made.Token}"));
    }

    private static async Task<NoContent> RevokeAsync(string team, Guid id, Actor actor, TeamReader reader, InvitationService invitations, CancellationToken cancellationToken)
    {
        var row = await reader.FindAsync(actor, team, cancellationToken);
        await invitations.RevokeAsync(actor, row.Id, id, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<ListOf<JoinRequestShape>>> ListRequestsAsync(string team, Actor actor, TeamReader reader, CancellationToken cancellationToken)
    {
        var row = await reader.FindAsync(actor, team, cancellationToken);
        var waiting = await reader.JoinRequestsAsync(actor, row.Id, cancellationToken);
        return TypedResults.Ok(new ListOf<JoinRequestShape>([.. waiting.Select(r => new JoinRequestShape(r.Id, r.Name, r.Email, r.AskedAt))], null));
    }

    private static async Task<Accepted> AskAsync(string team, Actor actor, JoinRequestService requests, CancellationToken cancellationToken)
    {
        await requests.AskAsync(actor, team, cancellationToken);
        return TypedResults.Accepted((string?)null);
    }

    private static async Task<NoContent> AnswerAsync(string team, Guid id, AnswerBody body, Actor actor, TeamReader reader, JoinRequestService requests, CancellationToken cancellationToken)
    {
        var row = await reader.FindAsync(actor, team, cancellationToken);
        await requests.AnswerAsync(actor, row.Id, id, body.Accept, body.Role, cancellationToken);
        return TypedResults.NoContent();
    }
}
