using Microsoft.AspNetCore.Components;
using MudBlazor;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Live;
using Portal.Core.Releases;
using Portal.Web.Components.Live;

namespace Portal.Web.Components.Pages.AppDetail;

/// <summary>A page of one app in one environment: production unless <c>?env=</c> says otherwise.</summary>
public abstract class AppPage<TModel> : LivePage<TModel>
    where TModel : class, IAppModel
{
    [Parameter]
    public string TeamSlug { get; set; } = "";

    [Parameter]
    public string AppSlug { get; set; } = "";

    [SupplyParameterFromQuery]
    public string? Env { get; set; }

    [Inject]
    protected AppReader Apps { get; set; } = null!;

    [Inject]
    protected IDialogService Dialogs { get; set; } = null!;

    [Inject]
    private BuildService Builds { get; set; } = null!;

    protected AppPath Path => new(TeamSlug, AppSlug);

    protected string EnvironmentName => string.IsNullOrEmpty(Env) ? Addresses.Production : Env;

    /// <summary>Whether what previews start with has something to show here: it never runs.</summary>
    protected virtual bool ShowsTemplate => false;

    protected override string Address => $"{TeamSlug}/{AppSlug}?{Env}";

    /// <summary>The app and the environment that the address names.</summary>
    protected async Task<(AppView App, EnvironmentView Environment, AppRights Rights)> FindAsync(Actor actor, CancellationToken cancellationToken)
    {
        var app = await Apps.GetAsync(actor, Path, cancellationToken);
        var environment = app.Environments.FirstOrDefault(e => e.Environment.Slug == EnvironmentName)
            ?? (ShowsTemplate && app.PreviewTemplate?.Environment.Slug == EnvironmentName ? app.PreviewTemplate : null)
            ?? throw PortalException.NotFound($"environment “{EnvironmentName}”");
        return (app, environment, AppRights.Of(actor, app));
    }

    protected override IEnumerable<(string Topic, Guid Key)> Follows(TModel model) =>
        model.App.Environments.Select(e => (LiveTopics.Environment, e.Environment.Id))
            .Concat(model.App.Environments.Where(e => e.LastBuild is { State: BuildState.Queued or BuildState.Running }).Select(e => (LiveTopics.Build, e.LastBuild!.Id)))
            .Append((LiveTopics.App, model.App.App.Id));

    /// <summary>"Deploy": asks what, then leads to the build.</summary>
    protected async Task DeployAsync()
    {
        if (Model is null || await DeployDialog.AskAsync(Dialogs, Model.App, Model.Environment) is not { } choice)
        {
            return;
        }

        Build? build = null;
        if (await ActAsync(null, async (actor, ct) => build = await Builds.DeployAsync(actor, Path, EnvironmentName, choice.Branch, choice.Commit, ct)))
        {
            Navigation.NavigateTo($"/{TeamSlug}/{AppSlug}/builds/{build!.Number}");
        }
    }
}
