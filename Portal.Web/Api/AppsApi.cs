using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Releases;
using Portal.Core.Triggers;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Api;

internal static class AppsApi
{
    /// <param name="Url">The git address, when the kind is git.</param>
    /// <param name="Sample">Id of a sample that comes into Portal's own repository as its first push.</param>
    /// <param name="Repository"><c>owner/name</c>, when the kind is gitHub.</param>
    /// <param name="Connection">Which connected GitHub; only needed where several have it.</param>
    /// <param name="Token">When the kind is git and not everybody may read the https address: an access token, for trying things out.</param>
    internal sealed record NewSource(SourceKind Kind, string? Url = null, string? Branch = null, string? Directory = null, string? Sample = null, string? Repository = null, Guid? Connection = null, string? Token = null);

    /// <param name="Name">Part of its address; 1 to 18 of a–z, 0–9 and hyphens.</param>
    /// <param name="Source">Portal's own repository unless told.</param>
    /// <param name="DeployOn">When production deploys; on every push unless told.</param>
    /// <param name="Build">What to set over the detected build.</param>
    internal sealed record NewAppBody(string Name, NewSource? Source = null, IReadOnlyList<DeployRule?>? DeployOn = null, PlanOverrides? Build = null);

    /// <param name="Token">An access token for the https address; "" removes it.</param>
    internal sealed record ChangedSource(string? Url = null, string? Directory = null, string? Token = null);

    /// <summary>What is absent stays as it is.</summary>
    internal sealed record AppChangeBody(ChangedSource? Source = null, PlanOverrides? Build = null);

    public static void MapAppsApi(this IEndpointRouteBuilder api)
    {
        var apps = api.MapGroup("/teams/{team}/apps").WithTags("Apps");
        apps.MapGet("", ListAsync).WithName("ListApps").WithSummary("The team's apps, by name");
        apps.MapPost("", CreateAsync).WithName("CreateApp").WithSummary("Make an app")
            .WithDescription("Answers where to push, or the webhook with its secret, which is shown this once.");
        apps.MapGet("/{app}", GetAsync).WithName("GetApp").WithSummary("An app with its environments");
        apps.MapPatch("/{app}", ChangeAsync).WithName("ChangeApp").WithSummary("Change where an app's code is or how it is built");
        apps.MapDelete("/{app}", DeleteAsync).WithName("DeleteApp").WithSummary("Delete an app and everything of it")
            .WithDescription("It is gone for every reader at once; its instances and files follow in the background.");
        apps.MapPost("/{app}/webhook-secret", RotateAsync).WithName("RotateWebhookSecret").WithSummary("Make a new webhook secret")
            .WithDescription("The new one is shown this once. The one before it is accepted for another 24 hours, so that both sides need not change in the same second; making one more ends that.");
        apps.MapPost("/{app}/host-key", TrustHostKeyAsync).WithName("TrustNewHostKey").WithSummary("Trust the git host's new ssh key")
            .WithDescription("The key that was recorded is forgotten, and the one that the host shows next is trusted. Make sure first that the host's owners changed it.");
    }

    private static async Task<Ok<ListOf<AppRowShape>>> ListAsync(string team, string? search, [AsParameters] ListQuery list, Actor actor, AppReader reader,
        CancellationToken cancellationToken) =>
        TypedResults.Ok(ListOf<AppRowShape>.From(await reader.ListAsync(actor, team, search, list.ToRequest(), cancellationToken), AppRowShape.Of));

    private static async Task<Created<AppShape>> CreateAsync(string team, NewAppBody body, HttpResponse response, Actor actor, AppService apps, SampleService samples,
        AppReader reader, Addresses addresses, CancellationToken cancellationToken)
    {
        var source = body.Source ?? new NewSource(SourceKind.Portal);
        var wanted = new NewApp(body.Name, source.Kind, source.Url, source.Branch, source.Directory,
            Rules.Checked(body.DeployOn), body.Build is null ? null : CoreJson.Write(body.Build), source.Repository, source.Connection, source.Token);
        var created = source.Sample is null
            ? await apps.CreateAsync(actor, team, wanted, cancellationToken)
            : await samples.CreateAsync(actor, team, source.Sample, wanted, cancellationToken);
        var view = await reader.GetAsync(actor, new AppPath(team, created.App.Slug), cancellationToken);
        Etag.Set(response, view.App.Version);
        return TypedResults.Created($"/api/v1/teams/{team}/apps/{created.App.Slug}", AppShape.Of(view, addresses, created.WebhookSecret));
    }

    private static async Task<Ok<AppShape>> GetAsync(string team, string app, HttpResponse response, Actor actor, AppReader reader, Addresses addresses,
        CancellationToken cancellationToken)
    {
        var view = await reader.GetAsync(actor, new AppPath(team, app), cancellationToken);
        Etag.Set(response, view.App.Version);
        return TypedResults.Ok(AppShape.Of(view, addresses));
    }

    private static async Task<Ok<AppShape>> ChangeAsync(string team, string app, AppChangeBody body, [FromHeader(Name = "If-Match")] string? ifMatch,
        HttpResponse response, Actor actor, AppService apps, AppReader reader, Addresses addresses, CancellationToken cancellationToken)
    {
        await apps.UpdateAsync(actor, new AppPath(team, app), new AppChange(body.Source?.Url, body.Source?.Directory,
            body.Build is null ? null : CoreJson.Write(body.Build), Etag.Expected(ifMatch), body.Source?.Token), cancellationToken);
        return await GetAsync(team, app, response, actor, reader, addresses, cancellationToken);
    }

    /// <remarks>A program names the app in the address; typing the name again is for people.</remarks>
    private static async Task<Accepted> DeleteAsync(string team, string app, Actor actor, AppService apps, CancellationToken cancellationToken)
    {
        await apps.DeleteAsync(actor, new AppPath(team, app), app, cancellationToken);
        return TypedResults.Accepted((string?)null);
    }

    private static async Task<NoContent> TrustHostKeyAsync(string team, string app, Actor actor, AppService apps, CancellationToken cancellationToken)
    {
        await apps.TrustNewHostKeyAsync(actor, new AppPath(team, app), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<WebhookShape>> RotateAsync(string team, string app, Actor actor, AppService apps, AppReader reader, Addresses addresses,
        CancellationToken cancellationToken)
    {
        var path = new AppPath(team, app);
        var secret = await apps.RotateWebhookSecretAsync(actor, path, cancellationToken);
        var view = await reader.GetAsync(actor, path, cancellationToken);
        return TypedResults.Ok(new WebhookShape(addresses.WebhookUrl(view.App.Id), secret, view.App.WebhookVerifiedAt));
    }
}

internal static class Rules
{
    /// <summary>JSON can put null where a rule or a path belongs, which the reader of records does not refuse.</summary>
    public static IReadOnlyList<DeployRule>? Checked(IReadOnlyList<DeployRule?>? rules)
    {
        if (rules is not null && rules.Any(r => r is null || r.Paths.Any(p => p is null)))
        {
            throw PortalException.Invalid("deployOn", "“deployOn” is a list of rules such as {\"on\":\"push\",\"paths\":[\"api/**\"]}.");
        }
        return rules?.OfType<DeployRule>().ToList();
    }
}
