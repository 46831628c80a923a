using Portal.Core.Common;
using Portal.Core.Releases;
using Portal.Core.Triggers;
using Portal.Web.Components.Pages.AppDetail;

namespace Portal.Web.Components.Pages.Pushes;

/// <summary>One delivery: how it came, what it meant, what came of it.</summary>
public sealed record PushModel(AppView App, EnvironmentView Environment, AppRights Rights, PushDetail Detail) : IAppModel
{
    public PushView Push => Detail.Push;

    public string Title => Push.EventName != "push" ? $"Delivery “{Push.EventName}”"
        : Push.Ref is null ? "Push" : $"Push to {ReleaseWords.Ref(Push.Ref)}";

    public (Severity Severity, string Word) State => Push.State switch
    {
        PushState.Received => (Severity.Working, "Being decided"),
        PushState.Failed => (Severity.Error, "Failed"),
        _ when Push.EventName != "push" => (Severity.Asleep, "Kept, no push"),
        _ when Push.Decisions.Any(d => d.Deploys) => (Severity.Ok, "Deployed"),
        _ => (Severity.Asleep, "Not deployed"),
    };

    /// <summary>"A webhook of GitHub, signed with the current secret".</summary>
    public string Came => Push.Source switch
    {
        PushSource.Portal => "By git push to Portal's own repository",
        PushSource.Reconciler => "No push told of it: Portal found the commit in the repository",
        _ => $"By a webhook{(Detail.Host is { } host ? $" in {host}'s form" : "")}, proved with the {(Detail.UsedPreviousSecret ? "previous" : "current")} secret",
    };

    public bool CanDecideAgain => Rights.Deploy && Push.EventName == "push" && Push.State != PushState.Received;
}
