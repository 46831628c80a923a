using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Releases;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Api;

internal static class EnvironmentsApi
{
    /// <param name="Name">1 to 18 of a–z, 0–9 and hyphens.</param>
    /// <param name="Branch">The branch it follows.</param>
    internal sealed record NewEnvironmentBody(string Name, string? Branch = null, IReadOnlyList<DeployRule?>? DeployOn = null);

    /// <param name="Instances">By process type, 0 to 20 each.</param>
    /// <param name="MemoryMb">64 to 8192.</param>
    internal sealed record ChangedScale(IReadOnlyDictionary<string, int>? Instances = null, int? MemoryMb = null);

    /// <summary>What is absent stays as it is.</summary>
    /// <param name="Branch">"" follows the first pushed branch again.</param>
    /// <param name="HealthPath">"" only waits for a connection.</param>
    /// <param name="Port">0 lets Portal choose.</param>
    internal sealed record EnvironmentChangeBody(string? Branch = null, IReadOnlyList<DeployRule?>? DeployOn = null, ChangedScale? Scale = null,
        string? HealthPath = null, int? Port = null, ChangedChecks? Checks = null);

    public static void MapEnvironmentsApi(this IEndpointRouteBuilder api)
    {
        var environments = api.MapGroup("/teams/{team}/apps/{app}/environments").WithTags("Environments");
        environments.MapGet("", ListAsync).WithName("ListEnvironments").WithSummary("The app's environments, oldest first");
        environments.MapPost("", CreateAsync).WithName("CreateEnvironment").WithSummary("Make an environment");
        environments.MapGet("/{env}", GetAsync).WithName("GetEnvironment").WithSummary("An environment: how it is and what runs");
        environments.MapPatch("/{env}", ChangeAsync).WithName("ChangeEnvironment").WithSummary("Change branch, triggers, scale, health path or port")
            .WithDescription("Memory, health path and port make a release; the number of instances changes at once.");
        environments.MapDelete("/{env}", DeleteAsync).WithName("DeleteEnvironment").WithSummary("Delete an environment; production stays with its app");
        environments.MapPost("/{env}/resume", ResumeAsync).WithName("ResumeDeploys").WithSummary("Let pushes deploy again");
        environments.MapPost("/{env}/pause", PauseAsync).WithName("PauseDeploys").WithSummary("Stop pushes from deploying");
        environments.MapPost("/{env}/actions/{id}", ActAsync).WithName("PerformAction").WithSummary("Perform a fix that the status offers")
            .WithDescription("The id is one of the status's actions, such as use-port:3000. One that is not offered any more is refused.");
    }

    private static async Task<Ok<ListOf<EnvironmentShape>>> ListAsync(string team, string app, Actor actor, AppReader reader, CancellationToken cancellationToken)
    {
        // Bounded by the environments that an app may have.
        var view = await reader.GetAsync(actor, new AppPath(team, app), cancellationToken);
        return TypedResults.Ok(new ListOf<EnvironmentShape>([.. view.Environments.Select(EnvironmentShape.Of)], null));
    }

    private static async Task<Created<EnvironmentShape>> CreateAsync(string team, string app, NewEnvironmentBody body, HttpResponse response, Actor actor,
        EnvironmentService environments, AppReader reader, CancellationToken cancellationToken)
    {
        var path = new AppPath(team, app);
        await environments.CreateAsync(actor, path, new NewEnvironment(body.Name, body.Branch, Rules.Checked(body.DeployOn)), cancellationToken);
        return TypedResults.Created($"/api/v1/teams/{team}/apps/{app}/environments/{body.Name}",
            await ShowAsync(path, body.Name, response, actor, reader, cancellationToken));
    }

    private static async Task<Ok<EnvironmentShape>> GetAsync(string team, string app, string env, HttpResponse response, Actor actor, AppReader reader,
        CancellationToken cancellationToken) =>
        TypedResults.Ok(await ShowAsync(new AppPath(team, app), env, response, actor, reader, cancellationToken));

    private static async Task<Ok<EnvironmentShape>> ChangeAsync(string team, string app, string env, EnvironmentChangeBody body,
        [FromHeader(Name = "If-Match")] string? ifMatch, HttpResponse response, Actor actor, EnvironmentService environments, AppReader reader,
        CancellationToken cancellationToken)
    {
        var path = new AppPath(team, app);
        await environments.UpdateAsync(actor, path, env, new EnvironmentChange
        {
            Branch = body.Branch,
            DeployOn = Rules.Checked(body.DeployOn),
            Instances = body.Scale?.Instances,
            MemoryMb = body.Scale?.MemoryMb,
            HealthPath = body.HealthPath,
            FixedPort = body.Port,
            Checks = body.Checks,
            IfVersion = Etag.Expected(ifMatch),
        }, cancellationToken);
        return TypedResults.Ok(await ShowAsync(path, env, response, actor, reader, cancellationToken));
    }

    private static async Task<Accepted> DeleteAsync(string team, string app, string env, Actor actor, EnvironmentService environments,
        CancellationToken cancellationToken)
    {
        await environments.DeleteAsync(actor, new AppPath(team, app), env, env, cancellationToken);
        return TypedResults.Accepted((string?)null);
    }

    private static async Task<Ok<EnvironmentShape>> ResumeAsync(string team, string app, string env, HttpResponse response, Actor actor,
        EnvironmentService environments, AppReader reader, CancellationToken cancellationToken)
    {
        await environments.ResumeAsync(actor, new AppPath(team, app), env, cancellationToken);
        return TypedResults.Ok(await ShowAsync(new AppPath(team, app), env, response, actor, reader, cancellationToken));
    }

    private static async Task<Ok<EnvironmentShape>> PauseAsync(string team, string app, string env, HttpResponse response, Actor actor,
        EnvironmentService environments, AppReader reader, CancellationToken cancellationToken)
    {
        await environments.PauseAsync(actor, new AppPath(team, app), env, cancellationToken);
        return TypedResults.Ok(await ShowAsync(new AppPath(team, app), env, response, actor, reader, cancellationToken));
    }

    private static async Task<Ok<EnvironmentShape>> ActAsync(string team, string app, string env, string id, HttpResponse response, Actor actor,
        StatusFixes fixes, AppReader reader, CancellationToken cancellationToken)
    {
        var path = new AppPath(team, app);
        await fixes.PerformAsync(actor, path, env, id, cancellationToken);
        return TypedResults.Ok(await ShowAsync(path, env, response, actor, reader, cancellationToken));
    }

    private static async Task<EnvironmentShape> ShowAsync(AppPath path, string environment, HttpResponse response, Actor actor, AppReader reader,
        CancellationToken cancellationToken)
    {
        var view = (await reader.GetAsync(actor, path, cancellationToken)).Environments.FirstOrDefault(e => e.Environment.Slug == environment)
            ?? throw PortalException.NotFound("environment of this name");
        Etag.Set(response, view.Environment.Version);
        return EnvironmentShape.Of(view);
    }
}
