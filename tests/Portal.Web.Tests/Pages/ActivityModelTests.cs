using Portal.Core.Common;
using Portal.Core.Triggers;
using Portal.Web.Components.Pages.Activity;
using Xunit;

namespace Portal.Web.Tests.Pages;

public sealed class ActivityModelTests
{
    [Fact]
    public void New_activity_waits_and_what_is_shown_changes_in_place()
    {
        var old = Push(5);
        var before = Model([old]);

        var after = before.With(Model([Push(1), old with { Push = old.Push with { State = PushState.Decided } }]));

        var shown = Assert.IsType<ActivityEntry.OfPush>(Assert.Single(after.Items).First);
        Assert.Equal(PushState.Decided, shown.Push.State);
        Assert.Equal(1, after.Waiting);
        Assert.Equal(2, after.ShowAll().Items.Count);
        Assert.Equal(0, after.ShowAll().Waiting);
    }

    [Fact]
    public void What_fell_off_the_end_of_a_page_stays_on_it_while_it_is_open()
    {
        var (one, two, fresh) = (Push(4), Push(5), Push(1));
        var before = Model([one, two]) with { Next = "cursor" };

        var after = before.With(Model([fresh, one]) with { Next = "another" });

        Assert.Equal([one.Id, two.Id], after.Items.Select(i => i.First.Id));
        Assert.Equal("cursor", after.Next);
        Assert.Equal(1, after.Waiting);
    }

    [Fact]
    public void What_was_waiting_still_waits_after_another_change()
    {
        var (old, second, third) = (Push(5), Push(2), Push(1));
        var after = Model([old]).With(Model([second, old])).With(Model([third, second, old]));

        Assert.Equal(2, after.Waiting);
        Assert.Equal([old.Id], after.Items.Select(i => i.First.Id));
    }

    [Fact]
    public void On_an_empty_page_the_first_entry_appears_at_once()
    {
        var after = Model([]).With(Model([Push(1)]));

        Assert.Single(after.Items);
        Assert.Equal(0, after.Waiting);
    }

    [Fact]
    public void A_pasted_file_of_variables_is_one_line()
    {
        var deeds = Enumerable.Range(0, 6).Select(i => Deed("variable.set", $"shop/api production KEY_{i}")).ToList();

        var item = Assert.Single(Model([.. deeds]).Items);

        Assert.Equal("set KEY_0, KEY_1, KEY_2 and 3 more in production", Say(item));
    }

    [Fact]
    public void Variables_of_two_places_or_people_are_two_lines()
    {
        Assert.Equal(2, Model([Deed("variable.set", "shop/api production A"), Deed("variable.set", "shop/api staging A")]).Items.Count);
        Assert.Equal(2, Model([Deed("variable.set", "shop/api production A"), Deed("variable.set", "shop/api production B", actor: "Bob")]).Items.Count);
        Assert.Equal(2, Model([Deed("variable.set", "shop/api production A"), Deed("variable.remove", "shop/api production B")]).Items.Count);
    }

    [Theory]
    [InlineData("member.add", "shop Bob", "added Bob as developer")]
    [InlineData("member.change", "shop Bob", "made Bob developer, before viewer")]
    [InlineData("member.remove", "shop Bob", "removed Bob from the team")]
    [InlineData("member.remove", "shop Ada", "left the team")]
    [InlineData("invitation.accept", "shop Ada", "joined the team as developer")]
    [InlineData("join.accept", "shop Bob Builder", "let Bob Builder in as developer")]
    [InlineData("environment.change", "shop/api production", "changed the scale, the health path of production")]
    [InlineData("environment.create", "shop/api staging", "made the environment staging")]
    [InlineData("variable.remove", "shop/api production LOG_LEVEL", "removed LOG_LEVEL from production")]
    [InlineData("add-on.create", "shop/api production postgresql", "added PostgreSQL to production")]
    [InlineData("build.cancel", "shop/api build 3", "stopped build 3")]
    [InlineData("token.create", "token ci", "made the token ci")]
    [InlineData("something.new", "shop/api", "something.new shop/api")]
    public void An_act_is_told_in_words(string action, string target, string sentence) => Assert.Equal(sentence, DeedWords.Sentence([Deed(action, target).Deed]));

    private static string Say(ActivityItem item) => DeedWords.Sentence(item.Entries.OfType<ActivityEntry.OfDeed>().Select(e => e.Deed).ToList());

    private static ActivityModel Model(IReadOnlyList<ActivityEntry> entries) => new(Given.Team, entries, null, new Completeness(Given.Now, 0, []), null, []);

    private static ActivityEntry.OfPush Push(int minutesAgo) => new(Given.Push(minutesAgo));

    private static ActivityEntry.OfDeed Deed(string action, string target, string actor = "Ada") => new(new Deed(Guid.NewGuid(), Given.Now, ActorKind.Person, actor, action, "api", target,
        TeamRole.Developer, TeamRole.Viewer, ["scale", "healthPath"]));
}
