using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Releases;
using Portal.Core.Triggers;
using Portal.Testing;
using Portal.Web.Components.Controls;
using Portal.Web.Components.Pages.AppDetail;
using Portal.Web.Components.Pages.AppList;
using Portal.Web.Components.Pages.Builds;
using Portal.Web.Components.Pages.Deploys;
using Portal.Web.Components.Pages.Logs;
using Xunit;

namespace Portal.Web.Tests.Pages;

public sealed class PageModelTests
{
    private static readonly IReadOnlyDictionary<Guid, AppTraffic> NoTraffic = new Dictionary<Guid, AppTraffic>();

    [Fact]
    public void A_filtered_list_of_apps_knows_that_it_is_one()
    {
        Assert.False(Apps(null, null).IsFiltered);
        Assert.True(Apps("sh", null).IsFiltered);
        Assert.True(Apps(null, AppsModel.Failing).IsFiltered);
    }

    [Fact]
    public void What_needs_somebody_leads_to_where_it_can_be_mended()
    {
        var model = Apps(null, null);

        Assert.Equal("/acme/shop", model.HrefOf(new Attention(AttentionKind.Status, "shop", "production", Severity.Error, "", "")));
        Assert.Equal("/acme/shop?env=staging", model.HrefOf(new Attention(AttentionKind.Status, "shop", "staging", Severity.Error, "", "")));
        Assert.Equal("/acme/activity?kind=pushes&app=shop", model.HrefOf(new Attention(AttentionKind.FailedPush, "shop", null, Severity.Error, "", "")));
    }

    [Fact]
    public void New_counts_of_requests_change_the_lines_and_nothing_else()
    {
        var model = Apps(null, null);
        var counted = new Dictionary<Guid, AppTraffic> { [model.Lines[0].Row.App.Id] = new([new TrafficPoint(Given.Now, 7, 0, null)], Given.Now) };

        Assert.Equal([7, 0], model.With(counted).Lines.Select(l => l.Requests));
    }

    [Fact]
    public void A_viewer_is_not_offered_to_make_apps()
    {
        Assert.False(Apps(null, null, TestActors.Viewer(Given.Team.Id)).MayCreate);
        Assert.True(Apps(null, null, TestActors.Developer(Given.Team.Id)).MayCreate);
    }

    [Fact]
    public void Deploys_are_one_time_line_of_releases_builds_and_refused_pushes()
    {
        var built = Given.Build(4, minutesAgo: 10);
        var failed = Given.Build(5, BuildState.Failed, minutesAgo: 5);
        var refused = Given.Push(3, new DecisionView("production", false, "not deployed: path filter api/** matched 0 of 3 files", null, null));
        var elsewhere = Given.Push(2, new DecisionView("staging", false, "another branch", null, null));

        var rows = DeploysModel.Merge([Given.Release(2, 9, build: built.Id), Given.Release(1, 60)],
            [new BuildView(failed, "production"), new BuildView(built, "production")], [refused, elsewhere], "production", isLastPage: true);

        Assert.Equal([$"p{refused.Id}", "b5", "r2", "r1"], rows.Select(r => r.Key));
        Assert.Equal(TimeSpan.FromSeconds(65), Assert.IsType<DeployRow.OfRelease>(rows[2]).Took);
    }

    [Fact]
    public void What_is_older_than_a_page_of_releases_waits_for_the_next_page()
    {
        var rows = DeploysModel.Merge([Given.Release(9, 1), Given.Release(8, 10)], [new BuildView(Given.Build(1, BuildState.Failed, 500), "production")], [], "production", isLastPage: false);

        Assert.Equal(["r9", "r8"], rows.Select(r => r.Key));
    }

    [Fact]
    public void Only_a_release_that_once_ran_can_be_gone_back_to()
    {
        var live = Given.Release(3, state: ReleaseState.Live);
        var view = Given.View(live: live);
        var model = new DeploysModel(Given.AppView(view), view, Given.AllRights, [], [], null);

        Assert.False(model.MayRollBackTo(live));
        Assert.True(model.MayRollBackTo(Given.Release(2)));
        Assert.False(model.MayRollBackTo(Given.Release(1, wasLive: false)));
        Assert.False((model with { Rights = new AppRights(false, true, true, true) }).MayRollBackTo(Given.Release(2)));
    }

    [Fact]
    public void Two_releases_are_compared_in_order_whatever_the_order_asked_for()
    {
        var older = Given.Release(1, variables: new() { ["A"] = "1", ["B"] = "x" }, secrets: ["OLD"]);
        var newer = Given.Release(2, variables: new() { ["A"] = "2", ["C"] = "y" }, secrets: ["NEW"], commit: "ffffffffff");

        var comparison = ReleaseComparison.Of(newer, older)!;

        Assert.Equal((1, 2), (comparison.Older.Version, comparison.Newer.Version));
        Assert.False(comparison.SameCommit);
        Assert.Equal(["A changed", "B removed", "C added", "NEW secret added", "OLD secret removed"], comparison.Variables.Select(v => $"{v.Key} {v.Change}"));
        Assert.Null(ReleaseComparison.Of(older, older));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("1..")]
    [InlineData("1..99")]
    [InlineData("x..y")]
    [InlineData("1..2..3")]
    public void Nonsense_compares_nothing(string? two)
    {
        var view = Given.View();
        Assert.Null(new DeploysModel(Given.AppView(view), view, Given.AllRights, [], [Given.Release(1), Given.Release(2)], null).Compare(two));
    }

    [Fact]
    public void A_build_log_is_numbered_over_its_pieces_and_folds_by_step()
    {
        var reader = new BuildLogReader();
        var first = reader.Read([Chunk(0, "\u001b]portal;step;fetch\u0007\nFetching\n"), Chunk(1, "done\n\u001b]portal;step;install\u0007\nadded 3\n")]);
        var more = reader.Read([Chunk(1, "seen already\n"), Chunk(2, "added 4\n")]);

        Assert.Equal([(1L, "Fetching", "Fetch"), (2, "done", "Fetch"), (3, "added 3", "Install")], first.Select(l => (l.Number, l.Text, l.Step!)));
        Assert.Equal([(4L, "added 4", "Install")], more.Select(l => (l.Number, l.Text, l.Step!)));
        Assert.Equal(3, reader.Next);
    }

    [Fact]
    public void A_build_is_shown_from_the_queue_to_live()
    {
        var build = Given.Build(1, steps: [new BuildStep("fetch", Given.Now.AddSeconds(1), Given.Now.AddSeconds(3)), new BuildStep("build", Given.Now.AddSeconds(3), null)]);
        var release = Given.Release(7, state: ReleaseState.Failed, build: build.Id, wasLive: false);
        release.RolloutAt = release.CreatedAt.AddSeconds(1);
        release.EndedAt = release.CreatedAt.AddSeconds(9);

        var model = Model(build, release);

        Assert.Equal(["Queued", "Fetch", "Build", "Release", "Live"], model.Waterfall.Select(s => s.Name));
        Assert.Equal(Severity.Error, model.Waterfall[^1].Severity);
        Assert.Equal(build.EndedAt, model.Waterfall[2].To);
        Assert.Equal("Built, but v7 did not start", model.State.Word);
    }

    [Fact]
    public void A_build_that_waits_shows_what_is_to_come()
    {
        var model = Model(Given.Build(1, BuildState.Queued), null);

        Assert.Equal(Severity.Working, model.Waterfall[0].Severity);
        Assert.All(model.Waterfall.Skip(1), step => Assert.Null(step.From));
        Assert.Null(model.EndOfLog);
    }

    [Fact]
    public void A_failed_build_without_a_status_still_says_why()
    {
        var build = Given.Build(1, BuildState.Failed);
        build.Reason = "npm install ended with 1";

        Assert.Equal("npm install ended with 1", Model(build, null).Failure!.Detail);
    }

    [Fact]
    public void The_query_string_of_the_logs_asks_for_what_it_names_and_nonsense_for_nothing_special()
    {
        var filter = LogsModel.Filter("boom", "web-1", "v12", "error", "1h", Given.Now);

        Assert.Equal(("boom", "web-1", 12, true, Given.Now.AddHours(-1)), (filter.Text, filter.Instance, filter.Release, filter.ErrorsOnly, filter.Since!.Value));
        var nonsense = LogsModel.Filter(null, null, "vx", "loud", "soon", Given.Now);
        Assert.Equal((null, null, false, null), (nonsense.Text, nonsense.Release, nonsense.ErrorsOnly, nonsense.Since));
    }

    [Fact]
    public void A_day_marks_where_releases_became_live()
    {
        var day = Enumerable.Range(0, 96).Select(i => new TrafficPoint(Given.Now.AddMinutes((i - 95) * 15), 1, 0, null)).ToList();
        var view = Given.View(live: Given.Release(2, 15, ReleaseState.Live));
        var model = new OverviewModel(Given.AppView(view), view, Given.AllRights, day, [view.Live!, Given.Release(1, 60 * 30)], null);

        var marker = Assert.Single(model.Markers());

        Assert.Equal(2, marker.Version);
        Assert.InRange(marker.At, 0.97, 1);
        Assert.Equal(1, model.LastChange!.Older.Version);
    }

    private static AppsModel Apps(string? search, string? status, Actor? actor = null) => AppsModel.Of(Given.Team, actor ?? TestActors.Developer(Given.Team.Id),
        new Page<AppRow>([Given.Row("api", Status.Of(Severity.Ok, "Running")), Given.Row("mail", Status.Of(Severity.Error, "v2 did not start"))], null),
        NoTraffic, new AttentionList([], 0), search, status);

    private static BuildLogChunk Chunk(int sequence, string text) => new() { BuildId = Guid.Empty, Sequence = sequence, Text = text, At = Given.Now };

    private static BuildModel Model(Build build, Release? release)
    {
        var view = Given.View();
        return new BuildModel(Given.AppView(view), view, Given.AllRights, new BuildView(build, "production"), release, new LogDocument(), new BuildLogReader());
    }
}
