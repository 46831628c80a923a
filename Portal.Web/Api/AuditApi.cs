using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Portal.Core.Audit;
using Portal.Core.Common;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Api;

internal static class AuditApi
{
    /// <param name="Number">Its place in the chain; null while it is not sealed, which takes a few seconds.</param>
    /// <param name="Before">The changed fields as they were; never a secret's value.</param>
    /// <param name="Outcome">"done" or "refused".</param>
    internal sealed record EntryShape(Guid Id, long? Number, DateTimeOffset At, ActorKind ActorKind, string Actor, Guid? UserId, string? Address, string Action,
        string? Team, string? App, string Target, JsonElement? Before, JsonElement? After, string Outcome)
    {
        public static EntryShape Of(AuditRow row) => new(row.Id, row.Number, row.At, row.ActorKind, row.ActorName, row.UserId, row.Address, row.Action, row.Team,
            row.App, row.Target, Json(row.Before), Json(row.After), row.Outcome);

        /// <summary>A tampered row need not hold JSON; it is then shown as the text it is.</summary>
        private static JsonElement? Json(string? text)
        {
            if (text is null)
            {
                return null;
            }
            try
            {
                return JsonElement.Parse(text);
            }
            catch (JsonException)
            {
                return JsonSerializer.SerializeToElement(text);
            }
        }
    }

    /// <param name="Number">How many entries were sealed.</param>
    /// <param name="Hash">The chain's hash there: 64 hexadecimal digits.</param>
    internal sealed record CheckpointShape(long Number, string Hash, DateTimeOffset? At = null);

    internal readonly record struct Query(
        [property: FromQuery(Name = "who")] string? Who,
        [property: FromQuery(Name = "action")] string? Action,
        [property: FromQuery(Name = "team")] string? Team,
        [property: FromQuery(Name = "app")] string? App,
        [property: FromQuery(Name = "outcome")] string? Outcome,
        [property: FromQuery(Name = "from")] DateTimeOffset? From,
        [property: FromQuery(Name = "to")] DateTimeOffset? To,
        [property: FromQuery(Name = "search")] string? Search)
    {
        public AuditFilter ToFilter()
        {
            if (App is { Length: > 0 } && string.IsNullOrEmpty(Team))
            {
                throw PortalException.Invalid("app", "Name the app's team too, as “team”.");
            }
            var text = new[] { Who, Action, Team, App, Outcome, Search };
            if (text.Any(t => t is { Length: > 200 } || t?.Contains('\0', StringComparison.Ordinal) == true))
            {
                throw new PortalException(Refusal.Invalid, "A filter has at most 200 characters.");
            }
            return new AuditFilter { Who = Who, Action = Action, Team = Team is "" ? null : Team, App = App, Outcome = Outcome, From = From, To = To, Search = Search };
        }
    }

    public static void MapAuditApi(this IEndpointRouteBuilder api)
    {
        var audit = api.MapGroup("/audit").WithTags("Audit");
        audit.MapGet("", ListAsync).WithName("ListAudit").WithSummary("The trail, newest first")
            .WithDescription("Everything for admins and auditors; with “team” also for the team's maintainers. “action” takes a whole one or its beginning: release.rollback, release.");
        audit.MapGet("/verify", VerifyAsync).WithName("VerifyAudit").WithSummary("Check that nothing in the trail was changed");
        audit.MapPost("/verify", VerifyAgainstAsync).WithName("VerifyAuditAgainst").WithSummary("Check the trail against a checkpoint that was kept elsewhere");
        audit.MapGet("/checkpoint", CheckpointAsync).WithName("GetAuditCheckpoint").WithSummary("How far the chain is now, to keep elsewhere");
        audit.MapGet("/export", ExportAsync).WithName("ExportAudit").WithSummary("The sealed trail, one JSON object a line, oldest first")
            .WithDescription("The lines alone are enough to verify it. after=n continues an earlier export.")
            .Produces<AuditExportLine>(StatusCodes.Status200OK, "application/x-ndjson");
    }

    private static async Task<Ok<ListOf<EntryShape>>> ListAsync([AsParameters] Query query, [AsParameters] ListQuery list, Actor actor, AuditReader reader,
        CancellationToken cancellationToken) =>
        TypedResults.Ok(ListOf<EntryShape>.From(await reader.ListAsync(actor, query.ToFilter(), list.ToRequest(), cancellationToken), EntryShape.Of));

    private static async Task<Ok<AuditVerdict>> VerifyAsync(Actor actor, AuditVerifier verifier, CancellationToken cancellationToken) =>
        TypedResults.Ok(await verifier.VerifyAsync(actor, null, cancellationToken));

    private static async Task<Ok<AuditVerdict>> VerifyAgainstAsync(CheckpointShape body, Actor actor, AuditVerifier verifier, CancellationToken cancellationToken)
    {
        if (body.Number < 0)
        {
            throw PortalException.Invalid("number", "“number” must be 0 or more.");
        }
        if (body.Hash.Length != 64 || !body.Hash.All(char.IsAsciiHexDigit))
        {
            throw PortalException.Invalid("hash", "“hash” must be 64 hexadecimal digits, as the checkpoint gave them.");
        }
        var kept = new AuditCheckpoint { Number = body.Number, Hash = Convert.FromHexString(body.Hash), At = body.At ?? DateTimeOffset.UnixEpoch };
        return TypedResults.Ok(await verifier.VerifyAsync(actor, kept, cancellationToken));
    }

    private static async Task<Ok<CheckpointShape>> CheckpointAsync(Actor actor, AuditVerifier verifier, CancellationToken cancellationToken)
    {
        var checkpoint = await verifier.CheckpointAsync(actor, cancellationToken);
        return TypedResults.Ok(new CheckpointShape(checkpoint.Number, Convert.ToHexStringLower(checkpoint.Hash), checkpoint.At));
    }

    private static async Task ExportAsync(HttpContext context, Actor actor, AuditExporter exporter, long after = 0, CancellationToken cancellationToken = default)
    {
        var lines = await exporter.ExportAsync(actor, after, cancellationToken);
        context.Response.ContentType = "application/x-ndjson";
        context.Response.Headers.ContentDisposition = "attachment; filename=\"portal-audit.ndjson\"";
        await foreach (var line in lines.WithCancellation(cancellationToken))
        {
            await context.Response.WriteAsync(JsonSerializer.Serialize(line, ApiJson.Options) + "\n", cancellationToken);
        }
    }
}
