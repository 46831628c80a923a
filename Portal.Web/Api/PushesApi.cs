using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Core.Apps;
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

    /// <param name="DeliveryId">What the sender calls it.</param>
    /// <param name="Host">The kind of git host that sent it; null when it came by git push or was found.</param>
    /// <param name="UsedPreviousSecret">The sender does not know the newest secret yet.</param>
    /// <param name="Headers">Without signatures and tokens.</param>
    /// <param name="Body">As text, the app's secrets hidden; null when none was kept.</param>
    internal sealed record PushDetailShape(PushShape Push, string DeliveryId, string? Host, bool UsedPreviousSecret, IReadOnlyDictionary<string, string> Headers, string? Body, bool BodyIsCut);

    public static void MapPushesApi(this IEndpointRouteBuilder api)
    {
        api.MapGet("/teams/{team}/pushes", ListAsync).WithTags("Pushes").WithName("ListPushes")
            .WithSummary("What was pushed, newest first, with the decision per environment and its reason");
        api.MapGet("/teams/{team}/pushes/completeness", CompleteAsync).WithTags("Pushes").WithName("GetCompleteness")
            .WithSummary("Up to when no push can be missing, and which repositories could not be looked at");
        var pushes = api.MapGroup("/teams/{team}/apps/{app}/pushes/{push:guid}").WithTags("Pushes");
        pushes.MapGet("", GetAsync).WithName("GetPush").WithSummary("One push as it came in: headers, body, decisions");
        pushes.MapPost("/decide", DecideAsync).WithName("DecidePush").WithSummary("Decide it again, by today's rules")
            .WithDescription("For a push that failed, or was not deployed for a reason that is gone. A build that it made already is not made twice.");
    }

    private static async Task<Ok<ListOf<PushShape>>> ListAsync(string team, string? app, [AsParameters] ListQuery list, Actor actor, PushReader reader,
        CancellationToken cancellationToken) =>
        TypedResults.Ok(ListOf<PushShape>.From(await reader.ListAsync(actor, team, app, list.ToRequest(), cancellationToken), PushShape.Of));

    private static async Task<Ok<Completeness>> CompleteAsync(string team, Actor actor, CompletenessReader reader, CancellationToken cancellationToken) =>
        TypedResults.Ok(await reader.ReadAsync(actor, team, cancellationToken));

    private static async Task<Ok<PushDetailShape>> GetAsync(string team, string app, Guid push, Actor actor, PushReader reader, CancellationToken cancellationToken)
    {
        var detail = await reader.GetAsync(actor, new AppPath(team, app), push, cancellationToken);
        return TypedResults.Ok(new PushDetailShape(PushShape.Of(detail.Push), detail.DeliveryKey, detail.Host, detail.UsedPreviousSecret, detail.Headers, detail.Body, detail.BodyIsCut));
    }

    private static async Task<Accepted> DecideAsync(string team, string app, Guid push, Actor actor, PushService service, CancellationToken cancellationToken)
    {
        await service.DecideAgainAsync(actor, new AppPath(team, app), push, cancellationToken);
        return TypedResults.Accepted((string?)null);
    }
}
