using Portal.Core.Git.GitHub;
using Portal.Core.Teams;

namespace Portal.Web.Components.Pages.NewApp;

/// <param name="Created">After the last decision: what was made, and how to push to it.</param>
/// <param name="Repositories">What a connected GitHub offers the team; null for who may not make apps.</param>
/// <param name="MayConnect">The person may connect a host.</param>
public sealed record NewAppModel(Team Team, bool MayCreate, CreatedStep? Created = null, RepositoryChoice? Repositories = null, bool MayConnect = false);

/// <param name="Token">A push token of one hour, shown this once; null when the actor cannot have one.</param>
/// <param name="WebhookSecret">Shown this once.</param>
/// <param name="BuildNumber">The first build, as soon as there is one.</param>
/// <param name="Sample">Title of the sample that was pushed for the person.</param>
public sealed record CreatedStep(Guid AppId, string Slug, string? PushUrl, string? Token, string? WebhookUrl, string? WebhookSecret, string Address, int? BuildNumber = null, string? Sample = null,
    string? Repository = null, DateTimeOffset? WebhookVerifiedAt = null);
