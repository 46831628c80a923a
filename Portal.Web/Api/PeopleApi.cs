using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Core.Common;
using Portal.Core.Teams;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Api;

/// <summary>Everybody who has an account, for platform admins; and who the caller is.</summary>
internal static class PeopleApi
{
    internal sealed record PersonShape(Guid Id, string Name, string Email, bool PlatformAdmin, bool Auditor, IReadOnlyList<string> Teams,
        DateTimeOffset CreatedAt, DateTimeOffset? LastSeenAt, bool Disabled)
    {
        public static PersonShape Of(PersonRow p) =>
            new(p.Id, p.Name, p.Email, p.IsPlatformAdmin, p.IsAuditor, p.Teams, p.CreatedAt, p.LastSeenAt, p.DisabledAt is not null);
    }

    /// <summary>Both are set: the roles of the platform.</summary>
    internal sealed record RolesBody(bool PlatformAdmin, bool Auditor);

    internal sealed record DisabledBody(bool Disabled);

    /// <param name="Url">Works once, within 15 minutes.</param>
    internal sealed record PasswordLinkShape(string Url);

    internal sealed record MeShape(string Kind, string Name, bool PlatformAdmin, bool Auditor, TokenScope? Scope);

    public static void MapPeopleApi(this IEndpointRouteBuilder api)
    {
        api.MapGet("/me", Me).WithTags("People").WithName("GetMe").WithSummary("Who you are to Portal");
        var people = api.MapGroup("/people").WithTags("People");
        people.MapGet("", ListAsync).WithName("ListPeople").WithSummary("Everybody who has an account, newest first");
        people.MapPut("/{person:guid}/roles", SetRolesAsync).WithName("SetPlatformRoles").WithSummary("Make somebody a platform admin or auditor");
        people.MapPut("/{person:guid}/disabled", SetDisabledAsync).WithName("SetDisabled").WithSummary("Disable an account, or enable it again");
        people.MapPost("/{person:guid}/password-link", PasswordLinkAsync).WithName("CreatePasswordLink").WithSummary("Make a link that sets a new password");
    }

    private static Ok<MeShape> Me(Actor actor) =>
        TypedResults.Ok(new MeShape(actor.Kind.ToString().ToLowerInvariant(), actor.Name, actor.IsPlatformAdmin, actor.IsAuditor, actor.Scope));

    private static async Task<Ok<ListOf<PersonShape>>> ListAsync(string? search, [AsParameters] ListQuery list, Actor actor, PeopleService people, CancellationToken cancellationToken) =>
        TypedResults.Ok(ListOf<PersonShape>.From(await people.ListAsync(actor, search, list.ToRequest(), cancellationToken), PersonShape.Of));

    private static async Task<NoContent> SetRolesAsync(Guid person, RolesBody body, Actor actor, PeopleService people, CancellationToken cancellationToken)
    {
        await people.SetRolesAsync(actor, person, body.PlatformAdmin, body.Auditor, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> SetDisabledAsync(Guid person, DisabledBody body, Actor actor, PeopleService people, CancellationToken cancellationToken)
    {
        await (body.Disabled ? people.DisableAsync(actor, person, cancellationToken) : people.EnableAsync(actor, person, cancellationToken));
        return TypedResults.NoContent();
    }

    private static async Task<Ok<PasswordLinkShape>> PasswordLinkAsync(Guid person, Actor actor, PeopleService people, PortalOptions options, CancellationToken cancellationToken) =>
        TypedResults.Ok(new PasswordLinkShape($"{options.PublicUrl}/link?token={await people.PasswordLinkAsync(actor, person, cancellationToken)}"));
}
