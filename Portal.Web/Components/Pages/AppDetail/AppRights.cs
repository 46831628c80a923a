using Portal.Core.Access;
using Portal.Core.Common;
using Portal.Core.Releases;

namespace Portal.Web.Components.Pages.AppDetail;

public sealed record AppRights(bool Deploy, bool Edit, bool Variables, bool Delete)
{
    public static AppRights Of(Actor actor, AppView app)
    {
        var resource = Resource.App(app.Team.Id, app.App.Id);
        return new AppRights(
            AccessPolicy.Allows(actor, Permission.Deploy, resource),
            AccessPolicy.Allows(actor, Permission.EditApp, resource),
            AccessPolicy.Allows(actor, Permission.EditVariables, resource),
            AccessPolicy.Allows(actor, Permission.DeleteApp, resource));
    }
}
