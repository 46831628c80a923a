using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

internal sealed partial class Shapes
{
    /// <summary>A commit in a push event.</summary>
    public JsonObject PushedCommit(DoubleRepository repository, GitCommit commit, bool distinct = true) => new()
    {
        ["id"] = commit.Sha,
        ["tree_id"] = commit.Tree,
        ["distinct"] = distinct,
        ["message"] = commit.Message,
        ["timestamp"] = commit.CommittedAt,
        ["url"] = Web($"{repository.FullName}/commit/{commit.Sha}"),
        ["author"] = Signature(commit.AuthorName, commit.AuthorEmail),
        ["committer"] = Signature(commit.CommitterName, commit.CommitterEmail),
        ["added"] = List(commit.Added),
        ["removed"] = List(commit.Removed),
        ["modified"] = List(commit.Modified),
    };

    public JsonObject Commit(DoubleRepository repository, GitCommit commit)
    {
        var api = Api($"/repos/{repository.FullName}");
        return new JsonObject
        {
            ["sha"] = commit.Sha,
            ["node_id"] = $"C_{commit.Sha[..20]}",
            ["commit"] = new JsonObject
            {
                ["author"] = new JsonObject { ["name"] = commit.AuthorName, ["email"] = commit.AuthorEmail, ["date"] = Utc(commit.AuthoredAt) },
                ["committer"] = new JsonObject { ["name"] = commit.CommitterName, ["email"] = commit.CommitterEmail, ["date"] = Utc(commit.CommittedAt) },
                ["message"] = commit.Message,
                ["tree"] = new JsonObject { ["sha"] = commit.Tree, ["url"] = $"{api}/git/trees/{commit.Tree}" },
                ["url"] = $"{api}/git/commits/{commit.Sha}",
                ["comment_count"] = 0,
                ["verification"] = new JsonObject { ["verified"] = false, ["reason"] = "unsigned", ["signature"] = null, ["payload"] = null },
            },
            ["url"] = $"{api}/commits/{commit.Sha}",
            ["html_url"] = Web($"{repository.FullName}/commit/{commit.Sha}"),
            ["comments_url"] = $"{api}/commits/{commit.Sha}/comments",
            ["author"] = AccountOrNull(ByEmail(commit.AuthorEmail)),
            ["committer"] = AccountOrNull(ByEmail(commit.CommitterEmail)),
            ["parents"] = new JsonArray([.. commit.Parents.Select(p => new JsonObject
            {
                ["sha"] = p,
                ["url"] = $"{api}/commits/{p}",
                ["html_url"] = Web($"{repository.FullName}/commit/{p}"),
            })]),
        };
    }

    /// <summary>A branch in a list: its commit by name only.</summary>
    public JsonObject Branch(DoubleRepository repository, string name, string sha) => new()
    {
        ["name"] = name,
        ["commit"] = new JsonObject { ["sha"] = sha, ["url"] = Api($"/repos/{repository.FullName}/commits/{sha}") },
        ["protected"] = false,
    };

    private static string Utc(string iso) => Time(DateTimeOffset.Parse(iso, System.Globalization.CultureInfo.InvariantCulture));

    private JsonObject Signature(string name, string email)
    {
        var shape = new JsonObject { ["name"] = name, ["email"] = email };
        if (ByEmail(email) is { } account)
        {
            shape["username"] = account.Login;
        }
        else if (email == "noreply@github.com")
        {
            shape["username"] = "web-flow";
        }
        return shape;
    }

    private DoubleAccount? ByEmail(string email) =>
        state.Accounts.Find(a => !a.IsOrganization && (string.Equals(a.NoReplyEmail, email, StringComparison.OrdinalIgnoreCase) || string.Equals(a.Email, email, StringComparison.OrdinalIgnoreCase)));
}
