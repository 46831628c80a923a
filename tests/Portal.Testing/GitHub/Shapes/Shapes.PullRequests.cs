using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

internal sealed partial class Shapes
{
    /// <param name="full">Alone rather than in a list: with what GitHub works out only then.</param>
    public JsonObject PullRequest(DoublePullRequest pull, bool full = false)
    {
        var repository = pull.Repository;
        var api = Api($"/repos/{repository.FullName}");
        var web = Web($"{repository.FullName}/pull/{pull.Number}");
        var shape = new JsonObject
        {
            ["url"] = $"{api}/pulls/{pull.Number}",
            ["id"] = pull.Id,
            ["node_id"] = NodeId("PR", pull.Id),
            ["html_url"] = web,
            ["diff_url"] = $"{web}.diff",
            ["patch_url"] = $"{web}.patch",
            ["issue_url"] = $"{api}/issues/{pull.Number}",
            ["number"] = pull.Number,
            ["state"] = pull.IsOpen ? "open" : "closed",
            ["locked"] = false,
            ["title"] = pull.Title,
            ["user"] = Account(pull.Author),
            ["body"] = null,
            ["created_at"] = Time(pull.CreatedAt),
            ["updated_at"] = Time(pull.UpdatedAt),
            ["closed_at"] = Time(pull.ClosedAt),
            ["merged_at"] = Time(pull.MergedAt),
            ["merge_commit_sha"] = pull.MergeSha,
            ["assignee"] = null,
            ["assignees"] = new JsonArray(),
            ["requested_reviewers"] = new JsonArray(),
            ["requested_teams"] = new JsonArray(),
            ["labels"] = new JsonArray([.. pull.Labels.Select(Label)]),
            ["milestone"] = null,
            ["draft"] = pull.Draft,
            ["commits_url"] = $"{api}/pulls/{pull.Number}/commits",
            ["comments_url"] = $"{api}/issues/{pull.Number}/comments",
            ["statuses_url"] = $"{api}/statuses/{pull.HeadSha}",
            ["head"] = Side(pull.HeadOwner, pull.HeadBranch, pull.HeadSha, pull.Head),
            ["base"] = Side(repository.Owner.Login, pull.BaseBranch, pull.BaseSha, repository),
            ["author_association"] = Association(pull.Author, repository),
            ["auto_merge"] = null,
            ["active_lock_reason"] = null,
        };
        if (full)
        {
            shape["merged"] = pull.IsMerged;
            shape["mergeable"] = pull.IsOpen ? pull.MergeSha is not null : null;
            shape["mergeable_state"] = pull.IsOpen ? pull.MergeSha is null ? "dirty" : "clean" : "unknown";
            shape["merged_by"] = AccountOrNull(pull.MergedBy);
            shape["comments"] = repository.Comments.Count(c => c.Number == pull.Number);
            shape["review_comments"] = 0;
            shape["maintainer_can_modify"] = false;
            shape["commits"] = 1;
            shape["additions"] = 1;
            shape["deletions"] = 0;
            shape["changed_files"] = 1;
        }
        return shape;
    }

    public JsonObject Comment(DoubleRepository repository, DoubleComment comment) => new()
    {
        ["url"] = Api($"/repos/{repository.FullName}/issues/comments/{comment.Id}"),
        ["html_url"] = Web($"{repository.FullName}/pull/{comment.Number}#issuecomment-{comment.Id}"),
        ["issue_url"] = Api($"/repos/{repository.FullName}/issues/{comment.Number}"),
        ["id"] = comment.Id,
        ["node_id"] = NodeId("IC", comment.Id),
        ["user"] = Account(comment.Author),
        ["created_at"] = Time(comment.CreatedAt),
        ["updated_at"] = Time(comment.UpdatedAt),
        ["author_association"] = Association(comment.Author, repository),
        ["body"] = comment.Body,
        ["performed_via_github_app"] = comment.App is null ? null : App(comment.App),
    };

    public static JsonObject Label(string name) => new() { ["id"] = 1, ["name"] = name, ["color"] = "ededed", ["default"] = false, ["description"] = null };

    private static string Association(DoubleAccount author, DoubleRepository repository) =>
        author == repository.Owner ? "OWNER" : author.BelongsTo(repository.Owner) ? "MEMBER" : "NONE";

    private JsonObject Side(string owner, string branch, string sha, DoubleRepository? repository) => new()
    {
        ["label"] = $"{owner}:{branch}",
        ["ref"] = branch,
        ["sha"] = sha,
        ["user"] = AccountOrNull(state.Account(owner)),
        ["repo"] = repository is null || repository.IsDeleted ? null : Repository(repository),
    };
}
