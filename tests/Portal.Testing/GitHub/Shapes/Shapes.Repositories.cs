using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

internal sealed partial class Shapes
{
    /// <summary>What <c>installation</c> events say of a repository.</summary>
    public static JsonObject BriefRepository(DoubleRepository repository) => new()
    {
        ["id"] = repository.Id,
        ["node_id"] = repository.NodeId,
        ["name"] = repository.Name,
        ["full_name"] = repository.FullName,
        ["private"] = repository.IsPrivate,
    };

    public JsonObject Repository(DoubleRepository repository)
    {
        var api = Api($"/repos/{repository.FullName}");
        var web = Web(repository.FullName);
        var shape = BriefRepository(repository);
        shape["owner"] = Account(repository.Owner);
        shape["html_url"] = web;
        shape["description"] = null;
        shape["fork"] = repository.Parent is not null;
        shape["url"] = api;
        foreach (var (name, path) in new[]
        {
            ("forks_url", "/forks"), ("keys_url", "/keys{/key_id}"), ("hooks_url", "/hooks"), ("events_url", "/events"), ("branches_url", "/branches{/branch}"),
            ("tags_url", "/tags"), ("git_refs_url", "/git/refs{/sha}"), ("trees_url", "/git/trees{/sha}"), ("statuses_url", "/statuses/{sha}"), ("languages_url", "/languages"),
            ("commits_url", "/commits{/sha}"), ("comments_url", "/comments{/number}"), ("issue_comment_url", "/issues/comments{/number}"), ("contents_url", "/contents/{+path}"),
            ("compare_url", "/compare/{base}...{head}"), ("archive_url", "/{archive_format}{/ref}"), ("issues_url", "/issues{/number}"), ("pulls_url", "/pulls{/number}"),
            ("deployments_url", "/deployments"),
        })
        {
            shape[name] = api + path;
        }
        shape["created_at"] = Time(repository.CreatedAt);
        shape["updated_at"] = Time(repository.UpdatedAt);
        shape["pushed_at"] = Time(repository.PushedAt);
        shape["git_url"] = $"git://{state.Url.Authority}/{repository.FullName}.git";
        shape["ssh_url"] = $"git@{state.Url.Host}:{repository.FullName}.git";
        shape["clone_url"] = $"{web}.git";
        shape["svn_url"] = web;
        shape["homepage"] = null;
        shape["size"] = 0;
        shape["stargazers_count"] = 0;
        shape["watchers_count"] = 0;
        shape["language"] = repository.Language;
        shape["has_issues"] = true;
        shape["has_projects"] = true;
        shape["has_downloads"] = true;
        shape["has_wiki"] = true;
        shape["has_pages"] = false;
        shape["has_discussions"] = false;
        shape["forks_count"] = state.Repositories.Values.Count(r => r.Parent == repository && !r.IsDeleted);
        shape["mirror_url"] = null;
        shape["archived"] = repository.IsArchived;
        shape["disabled"] = false;
        shape["open_issues_count"] = repository.PullRequests.Count(p => p.IsOpen);
        shape["license"] = null;
        shape["allow_forking"] = true;
        shape["is_template"] = false;
        shape["web_commit_signoff_required"] = false;
        shape["topics"] = new JsonArray();
        shape["visibility"] = repository.IsPrivate ? "private" : "public";
        shape["forks"] = shape["forks_count"]!.DeepClone();
        shape["open_issues"] = shape["open_issues_count"]!.DeepClone();
        shape["watchers"] = 0;
        shape["default_branch"] = repository.DefaultBranch;
        return shape;
    }

    /// <summary>In an answer: with what the one who asks may do.</summary>
    public JsonObject Repository(DoubleRepository repository, Caller caller, bool full = false)
    {
        var shape = Repository(repository);
        var level = caller.Level(repository, "contents");
        shape["permissions"] = new JsonObject
        {
            ["admin"] = level >= Level.Admin,
            ["maintain"] = level >= Level.Admin,
            ["push"] = level >= Level.Write,
            ["triage"] = level >= Level.Write,
            ["pull"] = level >= Level.Read,
        };
        if (full)
        {
            shape["network_count"] = 0;
            shape["subscribers_count"] = 0;
            if (repository.Owner.IsOrganization)
            {
                shape["organization"] = Account(repository.Owner);
            }
            if (repository.Parent is { } parent)
            {
                shape["parent"] = Repository(parent);
                shape["source"] = Repository(parent.Parent ?? parent);
            }
        }
        return shape;
    }

    /// <summary>In a push event, where some fields have other types than anywhere else.</summary>
    public JsonObject PushedRepository(DoubleRepository repository)
    {
        var shape = Repository(repository);
        shape["url"] = Web(repository.FullName);
        shape["created_at"] = repository.CreatedAt.ToUnixTimeSeconds();
        shape["pushed_at"] = repository.PushedAt.ToUnixTimeSeconds();
        shape["stargazers"] = 0;
        shape["master_branch"] = repository.DefaultBranch;
        var owner = shape["owner"]!.AsObject();
        owner["name"] = repository.Owner.Login;
        owner["email"] = repository.Owner.IsOrganization ? null : repository.Owner.NoReplyEmail;
        if (repository.Owner.IsOrganization)
        {
            shape["organization"] = repository.Owner.Login;
        }
        return shape;
    }
}
