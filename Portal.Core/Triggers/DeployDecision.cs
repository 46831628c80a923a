using System.Globalization;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Git;

namespace Portal.Core.Triggers;

public sealed record LastBuild(Guid Id, int Number, string? Commit, BuildState State);

/// <summary>Everything that counts for whether a push deploys one environment; gathered by <see cref="PushDecider"/>.</summary>
public sealed record DeployFacts
{
    /// <summary>Full ref that the push moved.</summary>
    public required string Ref { get; init; }

    /// <summary>Where the push moved it; zeros: it was deleted.</summary>
    public required string After { get; init; }

    /// <summary>Where git says the ref is now; null: there is no such ref any more.</summary>
    public required string? Head { get; init; }

    /// <summary>The branch that the environment follows.</summary>
    public required string? Branch { get; init; }

    public required IReadOnlyList<DeployRule> Rules { get; init; }

    public string? Paused { get; init; }

    public bool SkipMark { get; init; }

    /// <summary>The environment's newest build.</summary>
    public LastBuild? LastBuild { get; init; }

    /// <summary>Commit of the release that is live.</summary>
    public string? LiveCommit { get; init; }

    /// <summary>Folder of the app in the repository; "" is all of it.</summary>
    public string Directory { get; init; } = "";

    /// <summary>Paths that differ from <see cref="LiveCommit"/>; null when there is nothing to compare with.</summary>
    public IReadOnlyList<string>? Changed { get; init; }
}

/// <param name="Reason">Starts with "deploys" or "not deployed", in plain words; may hold names that outsiders chose.</param>
/// <param name="Existing">The build that has this commit already.</param>
public sealed record DeployVerdict(bool Deploys, string Reason, DeployTrigger Trigger, Guid? Existing = null);

/// <summary>Does this push deploy this environment, and why (not)? Pure.</summary>
public static class DeployDecision
{
    /// <summary>Branches that GitHub's merge queue makes for itself.</summary>
    private const string QueuePrefix = "refs/heads/gh-readonly-queue/";

    /// <summary>What holds for the whole push, whatever the environments are: null, or why it can mean nothing.</summary>
    public static string? MeansNothing(string eventName, string? gitRef, string? after)
    {
        if (eventName != "push")
        {
            return $"not deployed: the event “{eventName}” is not a push";
        }
        if (!RefNames.IsValid(gitRef))
        {
            return "not deployed: the delivery names no branch or tag";
        }
        if (gitRef!.StartsWith(QueuePrefix, StringComparison.Ordinal))
        {
            return "not deployed: this is a branch of the merge queue";
        }
        if (RefNames.Branch(gitRef) is null && RefNames.Tag(gitRef) is null)
        {
            return $"not deployed: {gitRef} is neither a branch nor a tag";
        }
        return !RefNames.IsCommit(after) && !RefNames.IsZero(after) ? "not deployed: the delivery names no commit" : null;
    }

    public static DeployVerdict Decide(DeployFacts facts)
    {
        var branch = RefNames.Branch(facts.Ref);
        var name = branch is not null ? $"branch {branch}" : $"tag {RefNames.Tag(facts.Ref)}";
        var trigger = branch is not null ? DeployTrigger.Push : DeployTrigger.Tag;

        if (Unfollowed(facts, branch) is { } unfollowed)
        {
            return No(trigger, unfollowed);
        }
        if (RefNames.IsZero(facts.After))
        {
            return No(trigger, $"the {name} was deleted; what runs stays");
        }
        if (facts.Paused is { } paused)
        {
            return No(trigger, $"automatic deploys are paused ({paused})");
        }
        if (facts.Head is null)
        {
            return No(trigger, $"the {name} does not exist any more");
        }
        if (facts.Head != facts.After)
        {
            return No(trigger, $"superseded, a newer push to {branch ?? RefNames.Tag(facts.Ref)} came in");
        }
        if (facts.SkipMark)
        {
            return No(trigger, "the commit message asks to skip it");
        }
        if (facts.LastBuild is { } last && last.Commit == facts.After && last.State is BuildState.Queued or BuildState.Running or BuildState.Succeeded)
        {
            return No(trigger, facts.LiveCommit == facts.After
                ? "this commit is live already"
                : string.Create(CultureInfo.InvariantCulture, $"build {last.Number} has this commit already")) with
            { Existing = last.Id };
        }
        return trigger == DeployTrigger.Push ? ByPaths(facts, name) : new DeployVerdict(true, $"deploys: {name}", trigger);
    }

    private static string? Unfollowed(DeployFacts facts, string? branch)
    {
        if (branch is null)
        {
            var tag = RefNames.Tag(facts.Ref)!;
            return facts.Rules.Any(r => r.On == DeployTrigger.Tag && r.Pattern is not null && GlobPattern.Matches(r.Pattern, tag))
                ? null
                : facts.Rules.Any(r => r.On == DeployTrigger.Tag)
                    ? $"the tag {tag} matches none of {string.Join(", ", facts.Rules.Where(r => r.On == DeployTrigger.Tag).Select(r => r.Pattern))}"
                    : "it is not deployed by tags";
        }
        if (facts.Branch != branch)
        {
            return facts.Branch is null ? "it follows no branch yet" : $"it follows the branch {facts.Branch}, not {branch}";
        }
        return facts.Rules.Any(r => r.On == DeployTrigger.Push) ? null : "it is not deployed by pushes";
    }

    private static DeployVerdict ByPaths(DeployFacts facts, string name)
    {
        var rules = facts.Rules.Where(r => r.On == DeployTrigger.Push).ToList();
        if (facts.Changed is not { } changed)
        {
            return new DeployVerdict(true, facts.LiveCommit is null ? $"deploys: {name}, the first time" : $"deploys: {name}, nothing to compare with (history was rewritten)", DeployTrigger.Push);
        }
        if (rules.Any(r => r.Paths.Count == 0) && facts.Directory.Length == 0)
        {
            return new DeployVerdict(true, $"deploys: {name}", DeployTrigger.Push);
        }
        var most = rules.Max(rule => changed.Count(path => Counts(rule, facts.Directory, path)));
        var filter = string.Join(", ", rules.SelectMany(r => r.Paths.Count > 0 ? r.Paths : [facts.Directory + "/**"]).Distinct().Take(5));
        var counted = string.Create(CultureInfo.InvariantCulture, $"path filter {filter} matched {most} of {changed.Count} changed files");
        return most > 0 ? new DeployVerdict(true, $"deploys: {name}, {counted}", DeployTrigger.Push) : No(DeployTrigger.Push, counted);
    }

    private static bool Counts(DeployRule rule, string directory, string path) =>
        rule.Paths.Count > 0 ? GlobPattern.AnyMatches(rule.Paths, path)
        : directory.Length == 0 || path.StartsWith(directory + "/", StringComparison.Ordinal);

    private static DeployVerdict No(DeployTrigger trigger, string why) => new(false, $"not deployed: {why}", trigger);
}
