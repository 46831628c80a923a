using System.Text.Json;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Git;
using Portal.Core.Git.GitHub;
using Portal.Core.Releases;
using Portal.Core.Triggers.Checks;
using Portal.Core.Triggers.Previews;
using Portal.Core.Triggers.Reports;

namespace Portal.Core.Tests.GitHub;

/// <summary>What is decided and said without asking anybody.</summary>
public sealed class GitHubWordsTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly ReportWords.Place Shop = new("shop", "web", "production", "https://web--shop.apps.example.org", "https://portal.example.org", false);

    [Theory]
    [InlineData("https://github.com", "https://api.github.com/")]
    [InlineData("https://acme.ghe.com", "https://api.acme.ghe.com/")]
    [InlineData("https://github.example.com:8443", "https://github.example.com:8443/api/v3/")]
    public void The_api_of_each_kind_of_GitHub(string web, string api) => Assert.Equal(api, GitHubAddress.Api(web).ToString());

    [Theory]
    [InlineData("https://github.com", "https://portal.example.org", true)]
    [InlineData("https://github.com", "http://localhost:8080", false)]
    [InlineData("https://github.com", "http://10.1.2.3", false)]
    [InlineData("https://github.com", "http://[fd00::1]:8080", false)]
    [InlineData("https://github.com", "http://portal", false)]
    [InlineData("https://github.com", "https://portal.corp.internal", false)]
    [InlineData("https://github.example.com", "http://10.1.2.3", true)]
    [InlineData("https://github.example.com", "http://localhost:8080", false)]
    public void A_host_reaches_what_is_known_where_it_stands(string web, string portal, bool reaches) => Assert.Equal(reaches, GitHubAddress.CanReach(web, portal));

    [Theory]
    [InlineData(null)]
    [InlineData("github.com")]
    [InlineData("http://github.example.com")]
    [InlineData("https://github.example.com/acme")]
    [InlineData("https://me:secret@github.example.com")]
    [InlineData("javascript:alert(1)")]
    public void A_server_s_address_is_an_address_alone(string? address) => Assert.NotNull(GitHubAddress.Problem(address, new GitOptions()));

    [Fact]
    public void The_manifest_asks_for_the_least_and_knows_a_host_that_cannot_reach_Portal()
    {
        var id = Guid.NewGuid();
        var manifest = JsonDocument.Parse(GitHubManifest.Write("https://portal.example.org", id, webhook: true)).RootElement;
        Assert.Equal("""{"contents":"read","metadata":"read","checks":"write","deployments":"write","statuses":"write","pull_requests":"write","emails":"read"}""", manifest.GetProperty("default_permissions").GetRawText());
        Assert.Equal($"https://portal.example.org/webhooks/git/{id}", manifest.GetProperty("hook_attributes").GetProperty("url").GetString());
        Assert.False(manifest.GetProperty("public").GetBoolean());

        var local = JsonDocument.Parse(GitHubManifest.Write("http://localhost:8080", id, webhook: false)).RootElement;
        Assert.False(local.TryGetProperty("hook_attributes", out _) || local.TryGetProperty("default_events", out _));
        Assert.True(GitHubManifest.NameFor("https://a-very-long-host-name.of-a-company.example.org").Length <= GitHubManifest.MaxName);
    }

    [Fact]
    public void A_delivery_without_any_success_is_asked_for_again_until_it_is_hopeless()
    {
        DeliveryReconciler.Attempt Attempt(long id, string guid, int minutesAgo, int status) => new() { Id = id, Guid = guid, DeliveredAt = Now.AddMinutes(-minutesAgo), StatusCode = status };
        var result = DeliveryReconciler.Missing(
        [
            Attempt(1, "came", 9, 503), Attempt(2, "came", 5, 202),
            Attempt(3, "lost", 8, 502), Attempt(4, "lost", 4, 0),
            Attempt(5, "under way", 0, 0),
            .. Enumerable.Range(0, 5).Select(i => Attempt(10 + i, "hopeless", 30 - i, 500)),
        ], Now);
        Assert.Equal([4], result.Ask.Select(a => a.Id));
        Assert.Equal(1, result.GivenUp);
        Assert.Equal(Now.AddMinutes(-8), result.UpTo);
    }

    public static TheoryData<string[], string[], int, bool, string?> Verdicts => new()
    {
        { [], [], 0, true, "Built; released when the commit's checks passed." },
        { [], [], 3, false, null },
        { [], ["test+"], 0, false, null },
        { [], ["test+", "lint?"], 0, true, "Built; released when “lint” passed." },
        { [], ["test-", "lint?"], 0, false, "Built, but not released: “test” failed on this commit." },
        { ["test"], ["test+", "lint-"], 0, false, null },
        { ["test"], ["lint+"], 60, true, "Built; released when “test” passed." },
        { ["TEST"], ["test+"], 0, false, null },
        { ["test"], [], 361, false, "Built, but not released: “test” did not end within 6 hours. Deploy it by hand to release it all the same." },
    };

    [Theory]
    [MemberData(nameof(Verdicts))]
    public void A_commit_is_released_when_others_have_checked_it(string[] names, string[] checks, int minutes, bool waits, string? reason)
    {
        var verdict = CheckVerdict.Of(new CheckRule(names), [.. checks.Select(c => new CommitCheck(c[..^1], c[^1] switch { '+' => CheckOutcome.Passed, '-' => CheckOutcome.Failed, _ => CheckOutcome.Pending }))],
            TimeSpan.FromMinutes(minutes));
        Assert.Equal(new CheckVerdict(waits, reason), verdict);
    }

    [Fact]
    public void A_failure_is_reported_in_Portal_s_words_and_cannot_break_out_of_them()
    {
        var failure = new Status(Severity.Error, "v2 did not start: <img src=x> @octocat", "It ended at once.", "Mend `server.js`", ["```", "Error: [link](javascript:x)", "````"], []);
        var build = BuildOf(BuildState.Succeeded);
        var check = ReportWords.Of(Shop, build, ReleaseOf(ReleaseState.Failed, failure))!;
        Assert.Equal(("portal: shop/web", ReportState.Failure, "https://portal.example.org/shop/web/builds/7"), (check.Name, check.State, check.Link));
        Assert.Contains(@"\<img src=x\> @" + "\u200b" + "octocat", check.Summary, StringComparison.Ordinal);
        Assert.Contains("`````text\n```\nError: [link](javascript:x)\n````\n`````", check.Summary, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BuildState.Queued, null, ReportState.Queued)]
    [InlineData(BuildState.Running, null, ReportState.InProgress)]
    [InlineData(BuildState.Failed, null, ReportState.Failure)]
    [InlineData(BuildState.Superseded, null, ReportState.Cancelled)]
    [InlineData(BuildState.Succeeded, null, ReportState.InProgress)]
    [InlineData(BuildState.Succeeded, ReleaseState.RollingOut, ReportState.InProgress)]
    [InlineData(BuildState.Succeeded, ReleaseState.Live, ReportState.Success)]
    [InlineData(BuildState.Succeeded, ReleaseState.Superseded, ReportState.Success)]
    [InlineData(BuildState.Succeeded, ReleaseState.Cancelled, ReportState.Cancelled)]
    public void A_check_follows_build_and_release(BuildState build, ReleaseState? release, ReportState said) =>
        Assert.Equal(said, ReportWords.Of(Shop, BuildOf(build), release is { } state ? ReleaseOf(state) : null)!.State);

    [Theory]
    [InlineData(ReleaseState.Pending, ReportState.Queued)]
    [InlineData(ReleaseState.RollingOut, ReportState.InProgress)]
    [InlineData(ReleaseState.Live, ReportState.Success)]
    [InlineData(ReleaseState.Failed, ReportState.Failure)]
    [InlineData(ReleaseState.Superseded, ReportState.Inactive)]
    public void A_deployment_follows_its_release(ReleaseState release, ReportState said)
    {
        var deployment = ReportWords.Of(Shop, ReleaseOf(release), 7);
        Assert.Equal((said, "production – web", true, false), (deployment.State, deployment.Environment, deployment.IsProduction, deployment.IsTransient));
    }

    [Theory]
    [InlineData(PreviewState.Waiting, null, null, Severity.Asleep, "has to [approve it](https://portal.example.org/shop/web)", false)]
    [InlineData(PreviewState.Active, "a", null, Severity.Ok, "Commit `aaaaaaa` is live.", true)]
    [InlineData(PreviewState.Active, "a", null, Severity.Asleep, "Commit `aaaaaaa` is live.", true)]
    [InlineData(PreviewState.Active, "b", null, Severity.Ok, "Commit `aaaaaaa` is being built. What answers is `bbbbbbb`.", true)]
    [InlineData(PreviewState.Active, null, "npm ci failed", Severity.Error, "Commit `aaaaaaa`: npm ci failed.", false)]
    [InlineData(PreviewState.Active, "a", null, Severity.Error, "Commit `aaaaaaa`: How it is. What answers is `aaaaaaa`.", true)]
    [InlineData(PreviewState.Removed, null, null, Severity.Ok, "Closed. A new commit makes it again.", false)]
    [InlineData(PreviewState.Refused, null, null, Severity.Ok, "Closed.", false)]
    public void The_comment_says_how_the_preview_is(PreviewState state, string? live, string? failure, Severity severity, string said, bool answers)
    {
        var preview = new Preview
        {
            Id = Guid.NewGuid(),
            AppId = Guid.NewGuid(),
            TeamId = Guid.NewGuid(),
            Number = 3,
            Title = "An idea",
            Author = "mallory",
            HeadBranch = "idea",
            Head = new string('a', 40),
            CreatedAt = Now,
            State = state,
            Ended = "Closed.",
        };
        const string address = "https://pr-3--web--shop.apps.example.org";
        var text = PreviewWords.Comment(preview, "shop/web", address, "https://portal.example.org/shop/web", live is null ? null : new string(live[0], 40), failure, Status.Of(severity, "How it is"));
        Assert.StartsWith(PreviewWords.Marker(preview), text, StringComparison.Ordinal);
        Assert.Contains(said, text, StringComparison.Ordinal);
        Assert.Equal(answers, text.Contains(address, StringComparison.Ordinal));
    }

    [Fact]
    public void Text_of_others_stays_text()
    {
        Assert.Equal(@"\[x\](y) \*\*b\*\* \# \<b\> \&amp; \`c\`", MarkdownText.Escape("[x](y) **b** # <b> &amp; `c`"));
        Assert.Equal("```text\na\n```", MarkdownText.Fenced("a"));
    }

    private static Build BuildOf(BuildState state) => new()
    {
        Id = Guid.NewGuid(),
        AppId = Guid.NewGuid(),
        TeamId = Guid.NewGuid(),
        EnvironmentId = Guid.NewGuid(),
        Number = 7,
        State = state,
        Commit = new string('a', 40),
        Ref = "refs/heads/main",
        Trigger = DeployTrigger.Push,
        Actor = "ada",
        QueuedAt = Now,
    };

    private static Release ReleaseOf(ReleaseState state, Status? failure = null) => new()
    {
        Id = Guid.NewGuid(),
        EnvironmentId = Guid.NewGuid(),
        AppId = Guid.NewGuid(),
        TeamId = Guid.NewGuid(),
        Version = 2,
        ArtifactId = Guid.NewGuid(),
        Variables = [],
        SecretKeys = [],
        Commit = new string('a', 40),
        Trigger = ReleaseTrigger.Build,
        Actor = "ada",
        State = state,
        Reason = failure?.Title,
        Failure = failure is null ? null : CoreJson.Write(failure),
        CreatedAt = Now,
    };
}
