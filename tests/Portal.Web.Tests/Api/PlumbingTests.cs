using System.Net;
using System.Text;

namespace Portal.Web.Tests.Api;

public sealed class PlumbingTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Apps = "/api/v1/teams/shop/apps";

    [Theory]
    [InlineData("GET", Apps)]
    [InlineData("POST", Apps)]
    [InlineData("GET", "/api/v1/audit")]
    [InlineData("DELETE", Apps + "/api")]
    public async Task Without_a_token_nothing_is_told(string method, string address)
    {
        var answer = await host.As(null).CallAsync(new HttpMethod(method), address);
        answer.ExpectProblem(HttpStatusCode.Unauthorized);
        Assert.Contains(answer.Message.Headers.WwwAuthenticate, h => h.Scheme == "Bearer");
    }

    [Theory]
    [InlineData("Bearer ptl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("Bearer x")]
    [InlineData("Bearer")]
    [InlineData("Basic YTpi")]
    public async Task An_unknown_token_is_nobody(string authorization) =>
        (await host.As(null).CallAsync(HttpMethod.Get, Apps, headers: ("Authorization", authorization))).ExpectProblem(HttpStatusCode.Unauthorized);

    [Fact]
    public async Task A_stranger_s_body_is_not_read() =>
        (await host.As(null).CallAsync(HttpMethod.Post, Apps, raw: "{ not json")).ExpectProblem(HttpStatusCode.Unauthorized);

    [Theory]
    [InlineData("/api/v1/nothing")]
    [InlineData("/api/v1/teams/shop/apps/a/b/c/d")]
    [InlineData("/api/v2/teams")]
    public async Task An_unknown_address_is_a_problem_too(string address) =>
        (await host.As("admin").GetAnswerAsync(address)).ExpectProblem(HttpStatusCode.NotFound);

    [Fact]
    public async Task A_wrong_method_says_which_are_right()
    {
        var answer = await host.As("admin").CallAsync(HttpMethod.Put, Apps);
        answer.ExpectProblem(HttpStatusCode.MethodNotAllowed);
        Assert.Equal(["GET", "POST"], answer.Message.Content.Headers.Allow.Order());
    }

    [Fact]
    public async Task Only_json_is_read()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Apps) { Content = new StringContent("name=x", Encoding.UTF8, "application/x-www-form-urlencoded") };
        var message = await host.As("admin").SendAsync(request, TestContext.Current.CancellationToken);
        new Answer(message.StatusCode, await message.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), message).ExpectProblem(HttpStatusCode.UnsupportedMediaType);
    }

    [Theory]
    [InlineData("{\"name\":\"x\",\"colour\":\"red\"}", "colour")]
    [InlineData("{\"name\":\"x\",\"source\":{\"kind\":\"portal\",\"urll\":\"y\"}}", "source.urll")]
    [InlineData("{\"name\":\"x\",\"source\":{\"kind\":\"svn\"}}", "source.kind")]
    [InlineData("{\"name\":\"x\",\"source\":{\"kind\":1}}", "source.kind")]
    [InlineData("{\"name\":7}", "name")]
    [InlineData("{\"name\":null}", "name")]
    [InlineData("{}", "name")]
    [InlineData("{\"name\":\"x\",\"deployOn\":[null]}", "deployOn")]
    [InlineData("{\"name\":\"x\",\"deployOn\":[{\"on\":\"push\",\"paths\":[null]}]}", "deployOn")]
    [InlineData("{\"name\":\"Not A Slug\"}", "name")]
    [InlineData("{\"name\":\"x\",\"name\":\"y\"}", "name")]
    public async Task A_wrong_field_is_named(string body, string field) =>
        (await host.As("developer").CallAsync(HttpMethod.Post, Apps, raw: body)).ExpectField(field);

    [Theory]
    [InlineData("{ \"name\": ")]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("{\"name\":\"x\"} and more")]
    public async Task A_body_that_is_no_object_is_refused_without_a_word_of_the_inside(string body)
    {
        var answer = await host.As("developer").CallAsync(HttpMethod.Post, Apps, raw: body);
        answer.ExpectProblem(HttpStatusCode.BadRequest);
        Assert.DoesNotContain("Portal.", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Malformed_json_names_the_position() =>
        Assert.Contains("line 2", (string)(await host.As("developer").CallAsync(HttpMethod.Post, Apps, raw: "{\n  \"name\": oops }"))
            .ExpectProblem(HttpStatusCode.BadRequest)["detail"]!, StringComparison.Ordinal);

    [Fact]
    public async Task A_body_over_the_limit_is_refused()
    {
        var answer = await host.As("developer").CallAsync(HttpMethod.Post, Apps, raw: $"{{\"name\":\"{new string('x', 1024 * 1024)}\"}}");
        answer.ExpectProblem(HttpStatusCode.RequestEntityTooLarge);
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=201", "limit")]
    [InlineData("limit=-1", "limit")]
    [InlineData("limit=many", "limit")]
    public async Task A_limit_out_of_bounds_is_named(string query, string field) =>
        (await host.As("viewer").GetAnswerAsync($"{Apps}?{query}")).ExpectField(field);

    [Fact]
    public async Task A_foreign_team_is_not_there() =>
        (await host.As("outsider").GetAnswerAsync(Apps)).ExpectProblem(HttpStatusCode.NotFound);

    [Fact]
    public async Task Answers_are_not_cached_and_carry_the_portal_s_headers()
    {
        var answer = await host.As("viewer").GetAnswerAsync(Apps);
        answer.Expect(HttpStatusCode.OK);
        Assert.True(answer.Message.Headers.CacheControl!.NoStore);
        Assert.Contains("nosniff", answer.Message.Headers.GetValues("X-Content-Type-Options"));
    }
}
