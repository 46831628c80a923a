using System.Text;
using Portal.Core.Triggers.Inbound;

namespace Portal.Web.Tests.Webhooks;

public sealed class SignatureTests
{
    private const string Official = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    [Theory]
    [InlineData(Official, 0)]
    [InlineData("sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17", 0)]
    [InlineData("sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e18", -1)]
    [InlineData("757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", -1)]
    [InlineData("sha1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", -1)]
    [InlineData("sha256=", -1)]
    [InlineData("sha256=zz7107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", -1)]
    [InlineData("", -1)]
    public void The_official_vector_is_accepted_and_nothing_near_it(string header, int match)
    {
        using var signature = WebhookSignature.Hub([WebhookSignature.Secret("It's a Secret to Everybody")], header);
        signature.Append("Hello, "u8);
        signature.Append("World!"u8);
        Assert.Equal(match, signature.Match());
    }

    [Fact]
    public void The_previous_secret_is_told_from_the_current_one()
    {
        using var signature = WebhookSignature.Hub([WebhookSignature.Secret("new"), WebhookSignature.Secret("It's a Secret to Everybody")], Official);
        signature.Append("Hello, World!"u8);
        Assert.Equal(1, signature.Match());
    }

    [Fact]
    public void An_empty_secret_lets_nobody_in()
    {
        Assert.Throws<ArgumentException>(() => WebhookSignature.Hub([[]], Official));
        Assert.Throws<ArgumentException>(() => WebhookSignature.Hub([], Official));
        Assert.Throws<ArgumentException>(() => new WebhookToken([[]], ""));
    }

    /// <summary>The vector of the specification's own libraries.</summary>
    [Theory]
    [InlineData("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 0)]
    [InlineData("v1a,xxxx v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 0)]
    [InlineData("v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", -1)]
    [InlineData("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", -1)]
    [InlineData("v1,", -1)]
    public void A_standard_signature_covers_id_time_and_body(string header, int match)
    {
        using var signature = WebhookSignature.Standard([WebhookSignature.Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")], "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", header);
        signature.Append("""{"test": 2432232314}"""u8);
        Assert.Equal(match, signature.Match());
    }

    [Theory]
    [InlineData("second", 1)]
    [InlineData("secon", -1)]
    [InlineData("", -1)]
    public void A_token_is_compared_as_a_whole(string token, int match)
    {
        using var proof = new WebhookToken([WebhookSignature.Secret("first"), WebhookSignature.Secret("second")], token);
        Assert.Equal(match, proof.Match());
    }

    [Theory]
    [InlineData("""{"ref":"refs/heads/main","after":"AFTER"}""", "refs/heads/main", true, null)]
    [InlineData("""{"repository":{"id":1,"pushed_at":1700000000,"owner":{"name":"x"}},"ref":"refs/heads/a/b","after":"AFTER","pusher":{"name":"ada"}}""", "refs/heads/a/b", true, "ada")]
    [InlineData("""{"repository":{"id":"1","pushed_at":"2020"},"ref":"refs/heads/main","after":"AFTER","sender":{"login":"bob","id":7}}""", "refs/heads/main", true, "bob")]
    [InlineData("""{"ref":["no"],"after":{"x":1},"pusher":"text","head_commit":null}""", null, false, null)]
    [InlineData("""{"ref":"refs/heads/\ud800","after":17}""", null, false, null)]
    [InlineData("""{}""", null, false, null)]
    public void The_payload_is_read_tolerantly(string json, string? gitRef, bool hasCommit, string? by)
    {
        var after = new string('a', 40);
        var payload = PushPayload.Parse(Encoding.UTF8.GetBytes(json.Replace("AFTER", after, StringComparison.Ordinal)));
        Assert.Equal((gitRef, hasCommit ? after : null, by), (payload.Ref, payload.After, payload.PushedBy));
    }

    [Fact]
    public void An_annotated_tag_means_its_commit()
    {
        var json = $$$"""{"ref":"refs/tags/v1","after":"{{{new string('a', 40)}}}","head_commit":{"id":"{{{new string('b', 40)}}}","message":"one\u0000\ntwo"}}""";
        var payload = PushPayload.Parse(Encoding.UTF8.GetBytes(json));
        Assert.Equal((new string('b', 40), "one"), (payload.After, payload.Message));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"ref\":")]
    [InlineData("{} x")]
    public void Broken_json_is_no_payload(string json) =>
        Assert.ThrowsAny<System.Text.Json.JsonException>(() => PushPayload.Parse(Encoding.UTF8.GetBytes(json)));
}
