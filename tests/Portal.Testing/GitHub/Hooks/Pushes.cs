using System.Text.Json.Nodes;

namespace Portal.Testing.GitHub;

/// <summary>What follows a change of references, whoever made it and through which door.</summary>
internal sealed class Pushes(DoubleState state, Shapes shapes, Webhooks webhooks, PullRequestWatch pullRequests)
{
    private const int MostCommits = 2048;

    /// <summary>Compares with what was before. The caller holds the repository's <see cref="BareRepository.Writing"/>.</summary>
    public async Task AnnounceAsync(DoubleRepository repository, IReadOnlyDictionary<string, string> before, DoubleAccount pusher)
    {
        var after = await repository.Git.RefsAsync();
        var changes = after.Where(r => before.GetValueOrDefault(r.Key) != r.Value).Select(r => new RefChange(r.Key, before.GetValueOrDefault(r.Key) ?? RefChange.Nothing, r.Value))
            .Concat(before.Where(r => !after.ContainsKey(r.Key)).Select(r => new RefChange(r.Key, r.Value, RefChange.Nothing)))
            .OrderBy(c => c.Ref, StringComparer.Ordinal).ToList();
        if (changes.Count == 0)
        {
            return;
        }
        lock (state.Gate)
        {
            repository.PushedAt = state.Now;
        }
        await ChooseDefaultAsync(repository, after);
        foreach (var change in Webhooks.Told(changes))
        {
            await PushAsync(repository, change, after, pusher);
        }
        await pullRequests.PushedAsync(repository, [.. changes.Where(c => !c.IsTag)], pusher);
    }

    /// <summary>The first branch that comes is the default one, whatever it is called.</summary>
    private async Task ChooseDefaultAsync(DoubleRepository repository, IReadOnlyDictionary<string, string> after)
    {
        if (!after.ContainsKey($"refs/heads/{repository.DefaultBranch}") && after.Keys.FirstOrDefault(r => r.StartsWith("refs/heads/", StringComparison.Ordinal)) is { } first)
        {
            await repository.Git.SetHeadAsync(first["refs/heads/".Length..]);
            lock (state.Gate)
            {
                repository.DefaultBranch = first["refs/heads/".Length..];
            }
        }
    }

    private async Task PushAsync(DoubleRepository repository, RefChange change, IReadOnlyDictionary<string, string> after, DoubleAccount pusher)
    {
        var git = repository.Git;
        var head = change.Deleted ? null : await git.CommitAsync(change.After);
        var forced = !change.Created && !change.Deleted && !change.IsTag && !await git.IsAncestorAsync(change.Before, change.After);
        IReadOnlyList<GitCommit> commits = [];
        if (!change.Deleted && !change.IsTag)
        {
            // Of a new branch: what no other branch has.
            string[] without = change.Created
                ? [.. after.Where(r => r.Key != change.Ref && r.Key.StartsWith("refs/heads/", StringComparison.Ordinal)).Select(r => r.Value).Distinct()]
                : [change.Before];
            commits = await git.CommitsAsync(MostCommits, [change.After, .. without is [] ? without : ["--not", .. without]]);
        }
        lock (state.Gate)
        {
            webhooks.OfRepository("push", null, repository, pusher, Payload(repository, change, forced, head, commits, after, pusher));
            if (change.Created || change.Deleted)
            {
                webhooks.OfRepository(change.Created ? "create" : "delete", null, repository, pusher, RefPayload(repository, change));
            }
            if (!change.IsTag && !change.Deleted)
            {
                RequestSuites(repository, change, pusher);
            }
        }
    }

    private JsonObject Payload(
        DoubleRepository repository, RefChange change, bool forced, GitCommit? head, IReadOnlyList<GitCommit> commits, IReadOnlyDictionary<string, string> after, DoubleAccount pusher) => new()
        {
            ["ref"] = change.Ref,
            ["before"] = change.Before,
            ["after"] = change.After,
            ["repository"] = shapes.PushedRepository(repository),
            ["pusher"] = new JsonObject { ["name"] = pusher.Login, ["email"] = pusher.Kind == AccountKind.Bot ? null : pusher.NoReplyEmail },
            ["created"] = change.Created,
            ["deleted"] = change.Deleted,
            ["forced"] = forced,
            ["base_ref"] = change.Created ? after.FirstOrDefault(r => r.Key != change.Ref && r.Value == change.After && r.Key.StartsWith("refs/heads/", StringComparison.Ordinal)).Key : null,
            ["compare"] = shapes.Web(change.Created
            ? $"{repository.FullName}/commit/{change.After[..12]}"
            : $"{repository.FullName}/compare/{change.Before[..12]}...{change.After[..12]}"),
            ["commits"] = new JsonArray([.. commits.Select(c => shapes.PushedCommit(repository, c))]),
            ["head_commit"] = head is null ? null : shapes.PushedCommit(repository, head),
        };

    private static JsonObject RefPayload(DoubleRepository repository, RefChange change)
    {
        var payload = new JsonObject { ["ref"] = change.ShortName, ["ref_type"] = change.IsTag ? "tag" : "branch", ["pusher_type"] = "user" };
        if (change.Created)
        {
            payload["master_branch"] = repository.DefaultBranch;
            payload["description"] = null;
        }
        return payload;
    }

    /// <summary>GitHub opens a suite for each app that may write checks, and asks it for its runs.</summary>
    private void RequestSuites(DoubleRepository repository, RefChange change, DoubleAccount pusher)
    {
        foreach (var installation in state.Installations.Values.Where(i => !i.IsSuspended && i.Covers(repository) && Caller.Granted(i.Permissions, "checks") >= Level.Write).ToList())
        {
            var suite = new DoubleCheckSuite(state.NextId("suite"), installation.App, change.After, change.ShortName, state.Now) { Before = change.Before };
            repository.CheckSuites.Add(suite);
            webhooks.OfRepository("check_suite", "requested", repository, pusher, new JsonObject { ["check_suite"] = shapes.CheckSuite(repository, suite) }, to: [installation]);
        }
    }
}
