using Portal.Core.Releases;

namespace Portal.Web.Components.Pages.AppDetail;

/// <summary>What every page of an app knows: the app with its environments, and the one that is looked at.</summary>
public interface IAppModel
{
    AppView App { get; }

    EnvironmentView Environment { get; }

    /// <summary>What the person may do here. Hiding a button is a courtesy; the services ask again.</summary>
    AppRights Rights { get; }
}
