using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Portal.Core.Common;
using Portal.Core.Teams;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Api;

internal static class TeamsApi
{
    /// <param name="Name">Part of the addresses of its apps; never changes.</param>
    /// <param name="Role">The caller's own; null for an admin or auditor who is no member.</param>
    internal sealed record TeamShape(Guid Id, string Name, string DisplayName, int Members, TeamRole? Role, DateTimeOffset CreatedAt)
    {
        public static TeamShape Of(TeamRow row) => new(row.Id, row.Slug, row.Name, row.Members, row.Role, row.CreatedAt);
    }

    /// <param name="Name">1 to 18 of a–z, 0–9 and hyphens.</param>
    /// <param name="DisplayName">As people read it; the name unless told.</param>
    internal sealed record NewTeamBody(string Name, string? DisplayName = null);

    internal sealed record TeamChangeBody(string? Name = null, string? DisplayName = null);

    public static void MapTeamsApi(this IEndpointRouteBuilder api)
    {
        var teams = api.MapGroup("/teams").WithTags("Teams");
        teams.MapGet("", ListAsync).WithName("ListTeams").WithSummary("The teams you have a part in, by name");
        teams.MapPost("", CreateAsync).WithName("CreateTeam").WithSummary("Make a team and become its maintainer");
        teams.MapGet("/{team}", GetAsync).WithName("GetTeam").WithSummary("A team");
        teams.MapPatch("/{team}", ChangeAsync).WithName("ChangeTeam").WithSummary("Change a team's display name");
        teams.MapDelete("/{team}", DeleteAsync).WithName("DeleteTeam").WithSummary("Delete a team that has no apps");
    }

    private static async Task<Ok<ListOf<TeamShape>>> ListAsync(Actor actor, TeamReader reader, CancellationToken cancellationToken) =>
        TypedResults.Ok(new ListOf<TeamShape>([.. (await reader.ListAsync(actor, cancellationToken)).Select(TeamShape.Of)], null));

    private static async Task<Created<TeamShape>> CreateAsync(NewTeamBody body, HttpResponse response, Actor actor, TeamService teams, TeamReader reader, CancellationToken cancellationToken)
    {
        var made = await teams.CreateAsync(actor, body.Name, body.DisplayName, cancellationToken);
        Etag.Set(response, made.Version);
        var row = new TeamRow(made.Id, made.Slug, made.Name, 1, TeamRole.Maintainer, made.CreatedAt, made.Version);
        if (actor.IsPlatformAdmin || actor.IsAuditor)
        {
            // Made by the installation's token it has no member.
            row = await reader.FindAsync(actor, made.Slug, cancellationToken);
        }
        return TypedResults.Created($"/api/v1/teams/{made.Slug}", TeamShape.Of(row));
    }

    private static async Task<Ok<TeamShape>> GetAsync(string team, HttpResponse response, Actor actor, TeamReader reader, CancellationToken cancellationToken)
    {
        var row = await reader.FindAsync(actor, team, cancellationToken);
        Etag.Set(response, row.Version);
        return TypedResults.Ok(TeamShape.Of(row));
    }

    private static async Task<Ok<TeamShape>> ChangeAsync(string team, TeamChangeBody body, [FromHeader(Name = "If-Match")] string? ifMatch, HttpResponse response,
        Actor actor, TeamService teams, TeamReader reader, CancellationToken cancellationToken)
    {
        var row = await reader.FindAsync(actor, team, cancellationToken);
        if (body.Name is not null && body.Name != row.Slug)
        {
            throw PortalException.Invalid("name", "A team's name is part of the addresses of its apps and never changes; “displayName” may.");
        }
        await teams.RenameAsync(actor, row.Id, body.DisplayName ?? row.Name, Etag.Expected(ifMatch), cancellationToken);
        return await GetAsync(team, response, actor, reader, cancellationToken);
    }

    /// <remarks>A program names the team in the address; typing the name again is for people.</remarks>
    private static async Task<NoContent> DeleteAsync(string team, Actor actor, TeamService teams, TeamReader reader, CancellationToken cancellationToken)
    {
        var row = await reader.FindAsync(actor, team, cancellationToken);
        await teams.DeleteAsync(actor, row.Id, row.Slug, cancellationToken);
        return TypedResults.NoContent();
    }
}
