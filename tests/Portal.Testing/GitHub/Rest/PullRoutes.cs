using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

/// <summary>Pull requests and the comments on them.</summary>
internal static class PullRoutes
{
    private const string Commenting = "issues|pull_requests";
    private const int LongestBody = 65536;

    public static void Map(RestDoor rest)
    {
        rest.Repository("GET", "/pulls", "pull_requests", Level.Read, List);
        rest.Repository("GET", "/pulls/{number}", "pull_requests", Level.Read, call => Pull(call) is { } pull ? Answer.Ok(call.Shapes.PullRequest(pull, full: true)) : Answer.NotFound());
        rest.Repository("GET", "/issues/{number}/comments", Commenting, Level.Read, call => Pull(call) is not { } pull
            ? Answer.NotFound()
            : call.Page([.. call.Repository.Comments.Where(c => c.Number == pull.Number)], c => call.Shapes.Comment(call.Repository, c)));
        rest.Repository("POST", "/issues/{number}/comments", Commenting, Level.Write, Create);
        rest.Repository("GET", "/issues/comments/{id}", Commenting, Level.Read, call => Found(call, c => Answer.Ok(call.Shapes.Comment(call.Repository, c))));
        rest.Repository("PATCH", "/issues/comments/{id}", Commenting, Level.Write, call => Found(call, c => Update(call, c)));
        rest.Repository("DELETE", "/issues/comments/{id}", Commenting, Level.Write, call => Found(call, c => Delete(call, c)));
    }

    private static Answer List(Call call)
    {
        var state = call.Query("state") ?? "open";
        var found = call.Repository.PullRequests.Where(p =>
            (state == "all" || p.IsOpen == (state == "open"))
            && (call.Query("base") ?? p.BaseBranch) == p.BaseBranch
            && (call.Query("head") is not { } head || !head.Contains(':', StringComparison.Ordinal) || head == $"{p.HeadOwner}:{p.HeadBranch}"));
        var byUpdate = call.Query("sort") == "updated";
        var sorted = found.OrderBy(p => byUpdate ? p.UpdatedAt : p.CreatedAt).ThenBy(p => p.Number);
        return call.Page([.. call.Query("direction") == "asc" ? sorted : sorted.Reverse()], p => call.Shapes.PullRequest(p));
    }

    private static Answer Create(Call call)
    {
        if (Pull(call) is not { } pull)
        {
            return Answer.NotFound();
        }
        if (Objection(call) is { } objection)
        {
            return objection;
        }
        var comment = new DoubleComment(call.State.NextId("comment"), pull.Number, call.Actor, call.Caller.ActingApp, call.Text("body")!, call.State.Now);
        call.Repository.Comments.Add(comment);
        Tell(call, "created", comment);
        return Answer.Created(call.Shapes.Comment(call.Repository, comment));
    }

    private static Answer Update(Call call, DoubleComment comment)
    {
        if (Objection(call) is { } objection)
        {
            return objection;
        }
        var from = comment.Body;
        (comment.Body, comment.UpdatedAt) = (call.Text("body")!, call.State.Now);
        Tell(call, "edited", comment, new JsonObject { ["body"] = new JsonObject { ["from"] = from } });
        return Answer.Ok(call.Shapes.Comment(call.Repository, comment));
    }

    private static Answer Delete(Call call, DoubleComment comment)
    {
        call.Repository.Comments.Remove(comment);
        Tell(call, "deleted", comment);
        return Answer.NoContent();
    }

    private static Answer? Objection(Call call) => call.Text("body") switch
    {
        null => Answer.Error(422, "Invalid request.\n\n\"body\" wasn't supplied."),
        var blank when string.IsNullOrWhiteSpace(blank) => Answer.Invalid("IssueComment", "body", "custom", "Body cannot be blank"),
        { Length: > LongestBody } => Answer.Invalid("IssueComment", "body", "custom", $"body is too long (maximum is {LongestBody} characters)"),
        _ => null,
    };

    private static void Tell(Call call, string action, DoubleComment comment, JsonObject? changes = null)
    {
        var repository = call.Repository;
        var pull = repository.PullRequests.Find(p => p.Number == comment.Number)!;
        var shape = call.Shapes.PullRequest(pull);
        var payload = new JsonObject
        {
            ["issue"] = new JsonObject
            {
                ["url"] = shape["issue_url"]!.DeepClone(),
                ["id"] = pull.Id,
                ["number"] = pull.Number,
                ["title"] = pull.Title,
                ["user"] = shape["user"]!.DeepClone(),
                ["state"] = pull.IsOpen ? "open" : "closed",
                ["pull_request"] = new JsonObject { ["url"] = shape["url"]!.DeepClone(), ["html_url"] = shape["html_url"]!.DeepClone() },
            },
            ["comment"] = call.Shapes.Comment(repository, comment),
        };
        if (changes is not null)
        {
            payload["changes"] = changes;
        }
        call.GitHub.Webhooks.OfRepository("issue_comment", action, repository, call.Actor, payload);
    }

    private static DoublePullRequest? Pull(Call call) => call.Repository.PullRequests.Find(p => p.Number == call.RouteId("number"));

    private static Answer Found(Call call, Func<DoubleComment, Answer> found) =>
        call.Repository.Comments.Find(c => c.Id == call.RouteId("id")) is { } comment ? found(comment) : Answer.NotFound();
}
