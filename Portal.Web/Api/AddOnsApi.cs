using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Variables;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Api;

internal static class AddOnsApi
{
    /// <param name="Kind">"postgresql".</param>
    internal sealed record NewAddOnBody(string Kind = AddOnService.PostgreSql);

    /// <param name="Variable">The variable that tells the app where it is; its value is a secret.</param>
    /// <param name="Reason">Why it could not be made or removed.</param>
    internal sealed record AddOnShape(Guid Id, string Kind, AddOnState State, string Variable, string? Reason, DateTimeOffset CreatedAt, string CreatedBy)
    {
        public static AddOnShape Of(AddOn a) => new(a.Id, a.Kind, a.State, a.VariableKey, a.Reason, a.CreatedAt, a.CreatedBy);
    }

    public static void MapAddOnsApi(this IEndpointRouteBuilder api)
    {
        var addOns = api.MapGroup("/teams/{team}/apps/{app}/environments/{env}/addons").WithTags("Add-ons");
        addOns.MapGet("", ListAsync).WithName("ListAddOns").WithSummary("The databases the environment is bound to");
        addOns.MapPost("", CreateAsync).WithName("CreateAddOn").WithSummary("Make a database and bind the environment to it")
            .WithDescription("It is made in the background; then its variable is set and a release follows.");
        addOns.MapDelete("/{id:guid}", RemoveAsync).WithName("RemoveAddOn").WithSummary("Remove a database with all its data")
            .WithDescription("With “confirm” it must be the app's name, as people type it.");
    }

    private static async Task<Ok<ListOf<AddOnShape>>> ListAsync(string team, string app, string env, Actor actor, AddOnService addOns,
        CancellationToken cancellationToken) =>
        TypedResults.Ok(new ListOf<AddOnShape>([.. (await addOns.ListAsync(actor, new AppPath(team, app), env, cancellationToken)).Select(AddOnShape.Of)], null));

    private static async Task<Accepted<AddOnShape>> CreateAsync(string team, string app, string env, NewAddOnBody body, Actor actor, AddOnService addOns,
        CancellationToken cancellationToken)
    {
        var made = await addOns.CreateAsync(actor, new AppPath(team, app), env, body.Kind, cancellationToken);
        return TypedResults.Accepted($"/api/v1/teams/{team}/apps/{app}/environments/{env}/addons", AddOnShape.Of(made));
    }

    private static async Task<Accepted> RemoveAsync(string team, string app, string env, Guid id, string? confirm, Actor actor, AddOnService addOns,
        CancellationToken cancellationToken)
    {
        await addOns.RemoveAsync(actor, new AppPath(team, app), env, id, confirm ?? app, cancellationToken);
        return TypedResults.Accepted((string?)null);
    }
}
