using Portal.Core.Releases;
using Portal.Core.Variables;
using Portal.Web.Components.Pages.AppDetail;

namespace Portal.Web.Components.Pages.Variables;

public sealed record VariablesModel(AppView App, EnvironmentView Environment, AppRights Rights, IReadOnlyList<VariableView> All) : IAppModel
{
    public IReadOnlyList<VariableView> Matching(string? search) => string.IsNullOrWhiteSpace(search)
        ? All
        : All.Where(v => v.Key.Contains(search.Trim(), StringComparison.OrdinalIgnoreCase)).ToList();

    /// <summary>What saving will lead to, said before it is done.</summary>
    public string Consequence(VariableUse use) => Environment.Live is null && Environment.Desired is null
        ? "It is used from the first deploy on."
        : use == VariableUse.Run
            ? "Saving makes a new release with it; the present one serves until that answers."
            : "Saving builds again with it, then releases.";
}
