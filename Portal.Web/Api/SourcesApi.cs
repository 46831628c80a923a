using Microsoft.AspNetCore.Http.HttpResults;
using Portal.Core.Builds;
using Portal.Core.Builds.Samples;
using Portal.Core.Common;
using Portal.Core.Git.GitHub;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Api;

/// <summary>What is known of code before there is an app of it.</summary>
internal static class SourcesApi
{
    internal sealed record SampleShape(string Id, string Title, string Text);

    /// <param name="Url">The git address: https; or:</param>
    /// <param name="Repository"><c>owner/name</c> of a connected host.</param>
    /// <param name="Connection">Which host; only needed where several have it.</param>
    /// <param name="Token">For an https address that not everybody may read; not kept.</param>
    /// <param name="Branch">The repository's default branch unless told.</param>
    internal sealed record SourceQuestion(string? Url = null, string? Branch = null, string? Directory = null, string? Repository = null, Guid? Connection = null, string? Token = null);

    /// <param name="Plan">What it would be built as; its problem says what is missing.</param>
    internal sealed record SourceShape(string Branch, string Commit, string Message, IReadOnlyList<string> Branches, BuildPlan Plan);

    /// <param name="FullName"><c>owner/name</c>.</param>
    internal sealed record RepositoryShape(string FullName, string Host, Guid Connection, string? Language, bool Private, bool Archived, string? DefaultBranch, DateTimeOffset? PushedAt);

    public static void MapSourcesApi(this IEndpointRouteBuilder api)
    {
        api.MapGet("/samples", ListSamples).WithTags("Apps").WithName("ListSamples").WithSummary("The samples that an app can be made of");
        api.MapGet("/teams/{team}/repositories", ListRepositoriesAsync).WithTags("Apps").WithName("ListRepositories").WithSummary("Repositories of connected hosts that the team may make apps of")
            .WithDescription($"The {RepositoryDirectory.MostRows} that were pushed to last; every word of the search must be part of the name.");
        api.MapPost("/teams/{team}/inspect-source", InspectAsync).WithTags("Apps").WithName("InspectSource").WithSummary("Look at a git address and say what would be built")
            .WithDescription($"Changes nothing. Fetches one commit under tight limits, at most {SourceInspector.PerMinute} times a minute for one person.");
    }

    private static async Task<Ok<ListOf<RepositoryShape>>> ListRepositoriesAsync(string team, string? search, Actor actor, RepositoryDirectory directory, CancellationToken cancellationToken)
    {
        var found = await directory.SearchAsync(actor, team, search, cancellationToken);
        return TypedResults.Ok(new ListOf<RepositoryShape>([.. found.Rows.Select(r => new RepositoryShape(r.FullName, r.Host, r.ConnectionId, r.Language, r.IsPrivate, r.IsArchived, r.DefaultBranch, r.PushedAt))], null));
    }

    private static Ok<ListOf<SampleShape>> ListSamples() =>
        TypedResults.Ok(new ListOf<SampleShape>([.. Sample.All.Select(s => new SampleShape(s.Id, s.Title, s.Text))], null));

    private static async Task<Ok<SourceShape>> InspectAsync(string team, SourceQuestion question, Actor actor, SourceInspector inspector, CancellationToken cancellationToken)
    {
        var found = await inspector.InspectAsync(actor, team, new CodeAddress(question.Url, question.Repository, question.Connection, question.Token), question.Branch, question.Directory, cancellationToken);
        return TypedResults.Ok(new SourceShape(found.Branch, found.Commit, found.Message, found.Branches, found.Plan));
    }
}
