using Portal.Core.Common;

namespace Portal.Web.Components.Pages.TeamDetail;

internal static class RoleWords
{
    public static string Of(TeamRole role) => role.ToString().ToLowerInvariant();
}
