using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Api;

internal static class BuildsApi
{
    /// <param name="Ref">A branch, or a full ref such as <c>refs/tags/v1</c>; the environment's branch unless told.</param>
    /// <param name="Commit">7 to 64 hexadecimal digits; the head of the ref unless told.</param>
    internal sealed record DeployBody(string Environment, string? Ref = null, string? Commit = null);

    public static void MapBuildsApi(this IEndpointRouteBuilder api)
    {
        var app = api.MapGroup("/teams/{team}/apps/{app}").WithTags("Builds");
        app.MapPost("/deploys", DeployAsync).WithName("Deploy").WithSummary("Build a branch, tag or commit and release it")
            .WithDescription("Answers at once; Location is the build's address.");
        app.MapGet("/builds", ListAsync).WithName("ListBuilds").WithSummary("The app's builds, newest first");
        app.MapGet("/builds/{number:int}", GetAsync).WithName("GetBuild").WithSummary("A build with its steps and plan");
        app.MapPost("/builds/{number:int}/cancel", CancelAsync).WithName("CancelBuild").WithSummary("Stop a build that waits or runs");
        app.MapGet("/builds/{number:int}/log", BuildLog.WriteAsync).WithName("GetBuildLog").WithSummary("A build's log as text")
            .WithDescription("With follow=true it is streamed until the build ends.").Produces<string>(StatusCodes.Status200OK, "text/plain");
    }

    private static async Task<Accepted<BuildShape>> DeployAsync(string team, string app, DeployBody body, Actor actor, BuildService builds, BuildReader reader,
        CancellationToken cancellationToken)
    {
        var path = new AppPath(team, app);
        var build = await builds.DeployAsync(actor, path, body.Environment, body.Ref, body.Commit, cancellationToken);
        return TypedResults.Accepted($"/api/v1/teams/{team}/apps/{app}/builds/{build.Number}",
            BuildShape.Of(await reader.GetAsync(actor, path, build.Number, cancellationToken), withPlan: true));
    }

    private static async Task<Ok<ListOf<BuildShape>>> ListAsync(string team, string app, string? environment, [AsParameters] ListQuery list, Actor actor,
        BuildReader reader, CancellationToken cancellationToken) =>
        TypedResults.Ok(ListOf<BuildShape>.From(await reader.ListAsync(actor, new AppPath(team, app), environment, list.ToRequest(), cancellationToken),
            view => BuildShape.Of(view, withPlan: false)));

    private static async Task<Ok<BuildShape>> GetAsync(string team, string app, int number, Actor actor, BuildReader reader, CancellationToken cancellationToken) =>
        TypedResults.Ok(BuildShape.Of(await reader.GetAsync(actor, new AppPath(team, app), number, cancellationToken), withPlan: true));

    private static async Task<Accepted<BuildShape>> CancelAsync(string team, string app, int number, Actor actor, BuildService builds, BuildReader reader,
        CancellationToken cancellationToken)
    {
        var path = new AppPath(team, app);
        await builds.CancelAsync(actor, path, number, cancellationToken);
        return TypedResults.Accepted($"/api/v1/teams/{team}/apps/{app}/builds/{number}",
            BuildShape.Of(await reader.GetAsync(actor, path, number, cancellationToken), withPlan: true));
    }
}
