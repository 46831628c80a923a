using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Core.Builds;
using Portal.Core.Builds.Samples;
using Portal.Core.Common;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Api;

/// <summary>What is known of code before there is an app of it.</summary>
internal static class SourcesApi
{
    internal sealed record SampleShape(string Id, string Title, string Text);

    /// <param name="Url">The git address: https.</param>
    /// <param name="Branch">The repository's default branch unless told.</param>
    internal sealed record SourceQuestion(string? Url, string? Branch = null, string? Directory = null);

    /// <param name="Plan">What it would be built as; its problem says what is missing.</param>
    internal sealed record SourceShape(string Branch, string Commit, string Message, BuildPlan Plan);

    public static void MapSourcesApi(this IEndpointRouteBuilder api)
    {
        api.MapGet("/samples", ListSamples).WithTags("Apps").WithName("ListSamples").WithSummary("The samples that an app can be made of");
        api.MapPost("/teams/{team}/inspect-source", InspectAsync).WithTags("Apps").WithName("InspectSource").WithSummary("Look at a git address and say what would be built")
            .WithDescription($"Changes nothing. Fetches one commit under tight limits, at most {SourceInspector.PerMinute} times a minute for one person.");
    }

    private static Ok<ListOf<SampleShape>> ListSamples() =>
        TypedResults.Ok(new ListOf<SampleShape>([.. Sample.All.Select(s => new SampleShape(s.Id, s.Title, s.Text))], null));

    private static async Task<Ok<SourceShape>> InspectAsync(string team, SourceQuestion question, Actor actor, SourceInspector inspector, CancellationToken cancellationToken)
    {
        var found = await inspector.InspectAsync(actor, team, question.Url, question.Branch, question.Directory, cancellationToken);
        return TypedResults.Ok(new SourceShape(found.Branch, found.Commit, found.Message, found.Plan));
    }
}
