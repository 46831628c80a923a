using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Triggers;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Api;

internal static class PushesApi
{
    /// <param name="Environment">Null when the push concerned none.</param>
    /// <param name="Reason">Why it deploys or does not.</param>
    internal sealed record DecisionShape(string? Environment, bool Deploys, string Reason, BuildSummary? Build);

    /// <param name="Event">As the sender calls it: "push", "ping", ….</param>
    /// <param name="Times">How often the same delivery came in.</param>
    /// <param name="Decisions">Empty until it is decided.</param>
    internal sealed record PushShape(Guid Id, string App, PushSource Source, string Event, string? Ref, string? Before, string? After, string? PushedBy,
        string? Message, DateTimeOffset ReceivedAt, PushState State, int Times, IReadOnlyList<DecisionShape> Decisions)
    {
        public static PushShape Of(PushView p) => new(p.Id, p.App, p.Source, p.EventName, p.Ref, p.Before, p.After, p.PushedBy, p.Message, p.ReceivedAt, p.State,
            p.Times, [.. p.Decisions.Select(d => new DecisionShape(d.Environment, d.Deploys, d.Reason,
                d is { BuildNumber: { } number, BuildState: { } state } ? new BuildSummary(number, state) : null))]);
    }

    public static void MapPushesApi(this IEndpointRouteBuilder api) =>
        api.MapGet("/teams/{team}/pushes", ListAsync).WithTags("Pushes").WithName("ListPushes")
            .WithSummary("What was pushed, newest first, with the decision per environment and its reason");

    private static async Task<Ok<ListOf<PushShape>>> ListAsync(string team, string? app, [AsParameters] ListQuery list, Actor actor, PushReader reader,
        CancellationToken cancellationToken) =>
        TypedResults.Ok(ListOf<PushShape>.From(await reader.ListAsync(actor, team, app, list.ToRequest(), cancellationToken), PushShape.Of));
}
