using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Triggers;

namespace Portal.Core.Tests.Triggers;

public sealed class DeployDecisionTests
{
    private static readonly string A = new('a', 40);
    private static readonly string B = new('b', 40);
    private static readonly string Zero = new('0', 40);

    private static DeployFacts Facts => new()
    {
        Ref = "refs/heads/main",
        After = A,
        Head = A,
        Branch = "main",
        Rules = [new DeployRule { On = DeployTrigger.Push }],
    };

    [Fact]
    public void A_push_to_the_followed_branch_deploys() => Deploys(Facts, "deploys: branch main, the first time");

    [Fact]
    public void Another_branch_does_not() => Refuses(Facts with { Branch = "stable" }, "not deployed: it follows the branch stable, not main");

    [Fact]
    public void A_tag_of_the_branchs_name_is_not_the_branch() => Refuses(Facts with { Ref = "refs/tags/main" }, "not deployed: it is not deployed by tags");

    [Fact]
    public void Push_to_a_deleted_branch_builds_nothing() => Refuses(Facts with { After = Zero, Head = null }, "not deployed: the branch main was deleted; what runs stays");

    [Fact]
    public void Zeros_of_another_length_are_a_deletion_too() => Refuses(Facts with { After = new string('0', 64), Head = null }, "was deleted");

    [Fact]
    public void A_branch_that_is_gone_meanwhile_builds_nothing() => Refuses(Facts with { Head = null }, "does not exist any more");

    [Fact]
    public void An_old_push_never_overwrites_a_newer_one() => Refuses(Facts with { Head = B }, "not deployed: superseded, a newer push to main came in");

    [Fact]
    public void A_pause_is_given_with_its_reason() => Refuses(Facts with { Paused = "Rolled back to v3 by Ada" }, "automatic deploys are paused (Rolled back to v3 by Ada)");

    [Fact]
    public void A_skip_mark_is_honoured() => Refuses(Facts with { SkipMark = true }, "the commit message asks to skip it");

    [Fact]
    public void An_environment_without_a_push_rule_waits() =>
        Refuses(Facts with { Rules = [new DeployRule { On = DeployTrigger.Manual }] }, "not deployed: it is not deployed by pushes");

    [Theory]
    [InlineData(BuildState.Queued, false)]
    [InlineData(BuildState.Running, false)]
    [InlineData(BuildState.Succeeded, false)]
    [InlineData(BuildState.Failed, true)]
    [InlineData(BuildState.Cancelled, true)]
    public void The_same_commit_is_not_built_twice_unless_it_failed(BuildState state, bool deploys)
    {
        var verdict = DeployDecision.Decide(Facts with { LastBuild = new LastBuild(Guid.NewGuid(), 7, A, state) });
        Assert.Equal(deploys, verdict.Deploys);
        Assert.Equal(!deploys, verdict.Existing is not null);
    }

    [Fact]
    public void Going_back_to_an_earlier_commit_deploys() =>
        Deploys(Facts with { LastBuild = new LastBuild(Guid.NewGuid(), 7, B, BuildState.Succeeded), LiveCommit = B, Changed = ["x"] }, "deploys: branch main");

    [Theory]
    [InlineData("v*", "v1.2", true)]
    [InlineData("v*", "1.2", false)]
    [InlineData("release/*", "release/1", true)]
    [InlineData("release/*", "release/1/2", false)]
    public void A_tag_deploys_by_its_pattern(string pattern, string tag, bool deploys) =>
        Assert.Equal(deploys, DeployDecision.Decide(Facts with { Ref = "refs/tags/" + tag, Rules = [new DeployRule { On = DeployTrigger.Tag, Pattern = pattern }] }).Deploys);

    [Theory]
    [InlineData("", "", "README.md", true)]
    [InlineData("services/api", "", "services/api/x.cs", true)]
    [InlineData("services/api", "", "services/apix/x.cs", false)]
    [InlineData("", "api/**", "api/a/b.cs", true)]
    [InlineData("", "api/**", "docs/a.md", false)]
    [InlineData("", "api", "api/a/b.cs", true)]
    [InlineData("", "**/*.cs", "a/b/c.cs", true)]
    [InlineData("", "**/*.cs", "c.cs", true)]
    [InlineData("", "*.cs", "a/c.cs", false)]
    [InlineData("", "!docs/**", "docs/a.md", false)]
    [InlineData("", "!docs/**", "src/a.cs", true)]
    [InlineData("", "api/**", "api/odd\n\"name\"", true)]
    [InlineData("services/api", "shared/**", "shared/x", true)]
    public void Paths_decide_by_what_changed(string directory, string path, string changed, bool deploys)
    {
        var rule = new DeployRule { On = DeployTrigger.Push, Paths = path.Length == 0 ? [] : [path] };
        Assert.Equal(deploys, DeployDecision.Decide(Facts with { Directory = directory, Rules = [rule], LiveCommit = B, Changed = [changed] }).Deploys);
    }

    [Fact]
    public void A_path_filter_says_what_it_counted() =>
        Refuses(Facts with { Rules = [new DeployRule { On = DeployTrigger.Push, Paths = ["api/**"] }], LiveCommit = B, Changed = ["a", "b", "c"] },
            "not deployed: path filter api/** matched 0 of 3 changed files");

    [Fact]
    public void Without_anything_to_compare_with_everything_counts() =>
        Deploys(Facts with { Rules = [new DeployRule { On = DeployTrigger.Push, Paths = ["api/**"] }], LiveCommit = B, Changed = null }, "history was rewritten");

    [Theory]
    [InlineData("pull_request", "refs/heads/main", "a", "the event “pull_request” is not a push")]
    [InlineData("push", null, "a", "names no branch or tag")]
    [InlineData("push", "refs/heads/../x", "a", "names no branch or tag")]
    [InlineData("push", "refs/heads/gh-readonly-queue/main/pr-1", "a", "merge queue")]
    [InlineData("push", "refs/notes/commits", "a", "neither a branch nor a tag")]
    [InlineData("push", "refs/heads/main", null, "names no commit")]
    public void Some_deliveries_mean_nothing(string name, string? gitRef, string? letter, string said) =>
        Assert.Contains(said, DeployDecision.MeansNothing(name, gitRef, letter is null ? null : new string(letter[0], 40)), StringComparison.Ordinal);

    [Fact]
    public void A_pattern_made_to_be_slow_is_not() =>
        Assert.False(GlobPattern.Matches(string.Concat(Enumerable.Repeat("*a", 60)) + "b", new string('a', 4000)));

    [Theory]
    [InlineData("2026-03-29T00:30:00Z", "2026-03-29T01:10:00Z", "2026-03-29T01:00:00Z")]
    [InlineData("2026-10-25T00:20:00Z", "2026-10-25T00:40:00Z", "2026-10-25T00:30:00Z")]
    [InlineData("2026-10-25T01:20:00Z", "2026-10-25T01:40:00Z", null)]
    public void A_schedule_fires_once_when_the_clocks_change(string from, string to, string? due)
    {
        // 02:30 in Berlin: skipped on 29 March (fires at 03:00 local), twice on 25 October (fires the first time).
        var rule = new DeployRule { On = DeployTrigger.Schedule, Cron = "30 2 * * *", TimeZone = "Europe/Berlin" };
        var culture = System.Globalization.CultureInfo.InvariantCulture;
        Assert.Equal(due is null ? null : DateTimeOffset.Parse(due, culture), ScheduleRunner.LastDue(rule, DateTimeOffset.Parse(from, culture), DateTimeOffset.Parse(to, culture)));
    }

    [Fact]
    public void Missing_heads_are_what_is_elsewhere_than_known_and_not_waited_for()
    {
        var heads = new Dictionary<string, string> { ["refs/heads/main"] = B, ["refs/heads/same"] = A, ["refs/heads/new"] = A, ["refs/heads/waits"] = B, ["refs/heads/gh-readonly-queue/x"] = A };
        var known = new Dictionary<string, string> { ["refs/heads/main"] = A, ["refs/heads/same"] = A, ["refs/heads/waits"] = A, ["refs/heads/gone"] = A };
        Assert.Equal([("refs/heads/main", B), ("refs/heads/new", A), ("refs/heads/gone", Zero)],
            HeadReconciler.Missing(heads, known, new HashSet<(string, string?)> { ("refs/heads/waits", B) }));
    }

    private static void Deploys(DeployFacts facts, string reason)
    {
        var verdict = DeployDecision.Decide(facts);
        Assert.True(verdict.Deploys, verdict.Reason);
        Assert.Contains(reason, verdict.Reason, StringComparison.Ordinal);
    }

    private static void Refuses(DeployFacts facts, string reason)
    {
        var verdict = DeployDecision.Decide(facts);
        Assert.False(verdict.Deploys);
        Assert.Contains(reason, verdict.Reason, StringComparison.Ordinal);
    }
}
