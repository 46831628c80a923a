using System.Text;
using System.Text.Json;
using Portal.Core.Common;
using Portal.Core.Triggers.Inbound;

namespace Portal.Web.Tests.Webhooks;

public sealed class DialectTests
{
    private static readonly string Zeros = new('0', 40);
    private static readonly string A = new('a', 40);
    private static readonly string B = new('b', 40);

    [Theory]
    [InlineData("X-GitHub-Event", "GitHub")]
    [InlineData("X-Gitlab-Event", "GitLab")]
    [InlineData("X-Event-Key", "Bitbucket")]
    public void Who_speaks_is_told_by_the_header_of_the_event(string header, string name) =>
        Assert.Equal(name, WebhookDialect.Of(asked => asked == header ? "push" : "").Name);

    [Fact]
    public void Nobody_is_guessed()
    {
        var refused = Assert.Throws<PortalException>(() => WebhookDialect.Of(_ => ""));
        Assert.Equal("The headers name no event: one of X-GitHub-Event, X-Gitlab-Event, X-Event-Key is missing.", refused.Message);
    }

    [Fact]
    public void GitLab_says_what_moved()
    {
        var push = Assert.Single(Read("X-Gitlab-Event", "Push Hook", $$"""
            {"object_kind":"push","before":"{{A}}","after":"{{B}}","ref":"refs/heads/feature/x","checkout_sha":"{{B}}","user_name":"Ada L.","user_username":"ada",
             "project":{"id":15,"default_branch":"main"},"commits":[{"id":"{{A}}","message":"older"},{"id":"{{B}}","message":"Mend it\n\nbecause"}],"total_commits_count":4}
            """).Pushes);
        Assert.Equal(("refs/heads/feature/x", A, B, "ada", "Mend it"), (push.Ref, push.Before, push.After, push.PushedBy, push.Message));
    }

    [Fact]
    public void GitLab_s_annotated_tag_means_its_commit_and_a_deleted_branch_nothing()
    {
        var tag = Assert.Single(Read("X-Gitlab-Event", "Tag Push Hook", $$"""{"object_kind":"tag_push","before":"{{Zeros}}","after":"{{A}}","ref":"refs/tags/v1","checkout_sha":"{{B}}","message":"First"}""").Pushes);
        Assert.Equal(("refs/tags/v1", B, "First"), (tag.Ref, tag.After, tag.Message));
        var gone = Assert.Single(Read("X-Gitlab-Event", "Push Hook", $$"""{"before":"{{A}}","after":"{{Zeros}}","ref":"refs/heads/old","checkout_sha":null,"commits":[]}""").Pushes);
        Assert.Equal((A, Zeros), (gone.Before, gone.After));
    }

    [Fact]
    public void Bitbucket_Cloud_names_every_moved_ref()
    {
        var pushes = Read("X-Event-Key", "repo:push", $$$"""
            {"actor":{"display_name":"Ada L.","nickname":"ada"},"repository":{"uuid":"{1}"},"push":{"changes":[
              {"old":{"type":"branch","name":"main","target":{"hash":"{{{A}}}"}},"new":{"type":"branch","name":"main","target":{"hash":"{{{B}}}","message":"Change"} }},
              {"old":null,"new":{"type":"tag","name":"v1","target":{"hash":"{{{B}}}"} }},
              {"old":{"type":"branch","name":"gone","target":{"hash":"{{{A}}}"}},"new":null}]}}
            """).Pushes;
        Assert.Equal([("refs/heads/main", A, B), ("refs/tags/v1", Zeros, B), ("refs/heads/gone", A, Zeros)], pushes.Select(p => (p.Ref, p.Before, p.After)));
        Assert.Equal(("ada", "Change"), (pushes[0].PushedBy, pushes[0].Message));
    }

    [Fact]
    public void Bitbucket_Data_Center_too_and_its_test_is_a_greeting()
    {
        var push = Assert.Single(Read("X-Event-Key", "repo:refs_changed", $$$"""
            {"actor":{"name":"ada"},"changes":[{"ref":{"id":"refs/heads/main","displayId":"main","type":"BRANCH"},"fromHash":"{{{A}}}","toHash":"{{{B}}}","type":"UPDATE"}]}
            """).Pushes);
        Assert.Equal(("refs/heads/main", A, B, "ada"), (push.Ref, push.Before, push.After, push.PushedBy));
        Assert.True(Read("X-Event-Key", "diagnostics:ping", """{"test":true}""").IsGreeting);
    }

    [Theory]
    [InlineData("X-Gitlab-Event", "Push Hook")]
    [InlineData("X-Event-Key", "repo:push")]
    [InlineData("X-Event-Key", "repo:refs_changed")]
    public void Payloads_of_any_shape_mean_nothing_rather_than_harm(string header, string name)
    {
        foreach (var body in (string[])["{}", """{"ref":7,"after":[],"commits":"x","push":{"changes":{}},"changes":7}""", """{"changes":[null,1,{"ref":[]}],"push":{"changes":[null,{"new":3}]},"commits":[null]}""",
            """{"ref":"\ud800","user_username":"\ud800"}""", """{"\ud800":1,"push":{"\udc00":2},"changes":[{"\ud800":{}}]}"""])
        {
            Assert.All(Read(header, name, body).Pushes, push => Assert.Null(push.Ref));
        }
        Assert.ThrowsAny<JsonException>(() => Read(header, name, "[]"));
        Assert.ThrowsAny<JsonException>(() => Read(header, name, """{"ref":"""));
    }

    [Fact]
    public void A_burst_of_refs_is_bounded()
    {
        var changes = string.Join(',', Enumerable.Range(0, 500).Select(n => $$"""{"ref":{"id":"refs/heads/b{{n}}"},"toHash":"{{A}}"}"""));
        Assert.Equal(100, Read("X-Event-Key", "repo:refs_changed", $$"""{"changes":[{{changes}}]}""").Pushes.Count);
    }

    private static WebhookMeaning Read(string header, string name, string body) =>
        WebhookDialect.Of(asked => asked == header ? name : "").Read(name, Encoding.UTF8.GetBytes(body));
}
