using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Triggers.Previews;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Api;

/// <summary>Environments of pull requests.</summary>
internal static class PreviewsApi
{
    /// <param name="IdleDays">1–90; null turns previews off.</param>
    internal sealed record PreviewsBody(int? IdleDays);

    /// <param name="Commit">The one that was read: full, or at least its first seven digits.</param>
    internal sealed record ApprovalBody(string? Commit);

    /// <param name="Commit">Newest of the pull request.</param>
    /// <param name="ApprovedCommit">Of a fork: the one that may run.</param>
    internal sealed record PreviewShape(int Number, PreviewState State, string Title, string Author, string Branch, string Commit, bool Fork, string? ApprovedCommit, string? ApprovedBy,
        string? Environment, string? Address, Status? Status, string? Ended, DateTimeOffset ActiveAt, DateTimeOffset CreatedAt)
    {
        public static PreviewShape Of(PreviewView view)
        {
            var p = view.Preview;
            return new PreviewShape(p.Number, p.State, p.Title, p.Author, p.HeadBranch, p.Head, p.IsFork, p.ApprovedCommit, p.ApprovedBy, view.Environment, view.Address, view.Status, p.Ended, p.ActiveAt, p.CreatedAt);
        }
    }

    public static void MapPreviewsApi(this IEndpointRouteBuilder api)
    {
        var previews = api.MapGroup("/teams/{team}/apps/{app}/previews").WithTags("Previews");
        previews.MapGet("", ListAsync).WithName("ListPreviews").WithSummary("The previews of an app's pull requests, newest first, then the last that ended");
        previews.MapPut("", SetAsync).WithName("SetPreviews").WithSummary("Turn previews of pull requests on or off");
        previews.MapPost("/{number:int}/approve", ApproveAsync).WithName("ApprovePreview").WithSummary("Let one commit of a fork run")
            .WithDescription("The pull request's newest commit; a newer one asks again.");
        previews.MapDelete("/{number:int}", RemoveAsync).WithName("RemovePreview").WithSummary("Remove a preview")
            .WithDescription("A new commit of its pull request makes another.");
    }

    private static async Task<Ok<ListOf<PreviewShape>>> ListAsync(string team, string app, Actor actor, PreviewService previews, CancellationToken cancellationToken) =>
        TypedResults.Ok(new ListOf<PreviewShape>([.. (await previews.ListAsync(actor, new AppPath(team, app), cancellationToken)).Select(PreviewShape.Of)], null));

    private static async Task<NoContent> SetAsync(string team, string app, PreviewsBody body, Actor actor, PreviewService previews, CancellationToken cancellationToken)
    {
        await previews.SetAsync(actor, new AppPath(team, app), body.IdleDays, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Accepted> ApproveAsync(string team, string app, int number, ApprovalBody body, Actor actor, PreviewService previews, CancellationToken cancellationToken)
    {
        await previews.ApproveAsync(actor, new AppPath(team, app), number, body.Commit, cancellationToken);
        return TypedResults.Accepted((string?)null);
    }

    private static async Task<Accepted> RemoveAsync(string team, string app, int number, Actor actor, PreviewService previews, CancellationToken cancellationToken)
    {
        await previews.RemoveAsync(actor, new AppPath(team, app), number, cancellationToken);
        return TypedResults.Accepted((string?)null);
    }
}
