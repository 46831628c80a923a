using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Releases;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Api;

internal static class ReleasesApi
{
    /// <param name="To">The environment that shall run it.</param>
    internal sealed record PromoteBody(string To);

    public static void MapReleasesApi(this IEndpointRouteBuilder api)
    {
        var releases = api.MapGroup("/teams/{team}/apps/{app}/environments/{env}/releases").WithTags("Releases");
        releases.MapGet("", ListAsync).WithName("ListReleases").WithSummary("The environment's releases, newest first");
        releases.MapGet("/{version}", GetAsync).WithName("GetRelease").WithSummary("A release with its variables");
        releases.MapPost("/{version}/rollback", RollBackAsync).WithName("RollBack").WithSummary("Run this release again, as a new one")
            .WithDescription("The address names the release to go back to: its code and variables return, secrets stay current, and pushes do not deploy until resumed.");
        releases.MapPost("/{version}/promote", PromoteAsync).WithName("PromoteRelease").WithSummary("Run this release's code in another environment")
            .WithDescription("With the other environment's variables; nothing is built.");
        releases.MapPost("/{version}/cancel", CancelAsync).WithName("CancelRelease").WithSummary("Stop a roll-out; what was live keeps serving");
    }

    private static async Task<Ok<ListOf<ReleaseShape>>> ListAsync(string team, string app, string env, [AsParameters] ListQuery list, Actor actor,
        ReleaseReader reader, CancellationToken cancellationToken) =>
        TypedResults.Ok(ListOf<ReleaseShape>.From(await reader.ListAsync(actor, new AppPath(team, app), env, list.ToRequest(), cancellationToken),
            release => ReleaseShape.Of(release, whole: false)));

    private static async Task<Ok<ReleaseShape>> GetAsync(string team, string app, string env, string version, Actor actor, ReleaseReader reader,
        CancellationToken cancellationToken) =>
        TypedResults.Ok(ReleaseShape.Of(await reader.GetAsync(actor, new AppPath(team, app), env, Number(version), cancellationToken), whole: true));

    private static async Task<Created<ReleaseShape>> RollBackAsync(string team, string app, string env, string version, Actor actor, ReleaseService releases,
        CancellationToken cancellationToken) =>
        Made(team, app, env, await releases.RollBackAsync(actor, new AppPath(team, app), env, Number(version), cancellationToken));

    private static async Task<Created<ReleaseShape>> PromoteAsync(string team, string app, string env, string version, PromoteBody body, Actor actor,
        ReleaseService releases, CancellationToken cancellationToken) =>
        Made(team, app, body.To, await releases.PromoteAsync(actor, new AppPath(team, app), env, Number(version), body.To, cancellationToken));

    private static async Task<Ok<ReleaseShape>> CancelAsync(string team, string app, string env, string version, Actor actor, ReleaseService releases,
        CancellationToken cancellationToken) =>
        TypedResults.Ok(ReleaseShape.Of(await releases.CancelAsync(actor, new AppPath(team, app), env, Number(version), cancellationToken), whole: true));

    private static Created<ReleaseShape> Made(string team, string app, string env, Release release) =>
        TypedResults.Created($"/api/v1/teams/{team}/apps/{app}/environments/{env}/releases/{release.Version}", ReleaseShape.Of(release, whole: true));

    /// <summary>People write v12, programs 12; both are meant.</summary>
    private static int Number(string version) =>
        int.TryParse(version.AsSpan(version.StartsWith('v') ? 1 : 0), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number)
            ? number : throw PortalException.NotFound("release of this version");
}
