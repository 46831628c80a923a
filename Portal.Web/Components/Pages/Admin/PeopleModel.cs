using Portal.Core.Access;
using Portal.Core.Common;
using Portal.Core.Teams;

namespace Portal.Web.Components.Pages.Admin;

public sealed record PeopleModel(Page<PersonRow> People, IReadOnlyList<TeamRow> Teams, bool MayChange, Guid? Me)
{
    public static async Task<PeopleModel> ReadAsync(Actor actor, string? search, string? after, PeopleService people, TeamReader teams, CancellationToken cancellationToken) =>
        new(await people.ListAsync(actor, search, new PageRequest(after, 50), cancellationToken), await teams.ListAsync(actor, cancellationToken),
            AccessPolicy.Allows(actor, Permission.ManagePeople, Resource.Platform), actor.UserId);

    /// <summary>The role of the platform as one choice.</summary>
    public static string RoleOf(PersonRow person) => person.IsPlatformAdmin ? "admin" : person.IsAuditor ? "auditor" : "person";
}
