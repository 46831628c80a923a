using System.Net;

namespace Portal.Web.Tests.Api;

public sealed class IdempotencyTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Apps = "/api/v1/teams/shop/apps";

    [Fact]
    public async Task The_same_request_twice_acts_once_and_answers_the_same()
    {
        var client = host.As("developer");
        var body = new { name = "once", source = new { kind = "git", url = "https://example.org/shop/once.git" } };
        var first = (await client.PostAsync(Apps, body, ("Idempotency-Key", "key-once"))).Expect(HttpStatusCode.Created);
        var second = (await client.PostAsync(Apps, body, ("Idempotency-Key", "key-once"))).Expect(HttpStatusCode.Created);
        Assert.Equal(first.Body, second.Body);
        Assert.NotEmpty((string)second.Json["webhook"]!["secret"]!);
        Assert.Equal(first.Message.Headers.Location, second.Message.Headers.Location);
        Assert.Equal(first.ETag, second.ETag);
        Assert.Equal("application/json", second.Message.Content.Headers.ContentType!.MediaType);
        Assert.Contains("true", second.Message.Headers.GetValues("Idempotency-Replayed"));
        Assert.False(first.Message.Headers.Contains("Idempotency-Replayed"));
    }

    [Fact]
    public async Task A_remembered_answer_is_sealed()
    {
        var body = new { name = "sealed", source = new { kind = "git", url = "https://example.org/shop/sealed.git" } };
        var answer = await host.As("developer").PostAsync(Apps, body, ("Idempotency-Key", "key-sealed"));
        var secret = (string)answer.Expect(HttpStatusCode.Created).Json["webhook"]!["secret"]!;
        await using var command = host.Database.Source.CreateCommand(
            "select count(*) from remembered_requests where key = 'key-sealed' and answer is not null and position(convert_to($1, 'UTF8') in answer) = 0");
        command.Parameters.AddWithValue(secret);
        Assert.Equal(1L, await command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Many_at_the_same_instant_make_one()
    {
        var client = host.As("developer");
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => client.PostAsync(Apps, new { name = "race" }, ("Idempotency-Key", "key-race"))));
        Assert.Contains(answers, a => a.Status == HttpStatusCode.Created);
        foreach (var answer in answers.Where(a => a.Status != HttpStatusCode.Created))
        {
            answer.ExpectProblem(HttpStatusCode.Conflict);
            Assert.NotNull(answer.Message.Headers.RetryAfter);
        }
        Assert.Single((await client.GetAnswerAsync($"{Apps}?search=race")).Json["items"]!.AsArray());
    }

    [Fact]
    public async Task A_key_for_another_request_is_refused()
    {
        var client = host.As("developer");
        (await client.PostAsync(Apps, new { name = "first" }, ("Idempotency-Key", "key-other"))).Expect(HttpStatusCode.Created);
        (await client.PostAsync(Apps, new { name = "second" }, ("Idempotency-Key", "key-other"))).ExpectProblem(HttpStatusCode.UnprocessableEntity);
        (await client.GetAnswerAsync($"{Apps}/second")).ExpectProblem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_refused_request_frees_its_key()
    {
        var client = host.As("developer");
        (await client.PostAsync(Apps, new { name = "Bad Name" }, ("Idempotency-Key", "key-free"))).ExpectProblem(HttpStatusCode.BadRequest);
        (await client.PostAsync(Apps, new { name = "good" }, ("Idempotency-Key", "key-free"))).Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Keys_of_two_people_are_two_keys()
    {
        (await host.As("developer").PostAsync(Apps, new { name = "ours-a" }, ("Idempotency-Key", "key-ours"))).Expect(HttpStatusCode.Created);
        (await host.As("maintainer").PostAsync(Apps, new { name = "ours-b" }, ("Idempotency-Key", "key-ours"))).Expect(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData("has space")]
    [InlineData("201 long")]
    public async Task A_key_that_is_no_token_is_named(string key) =>
        (await host.As("developer").PostAsync(Apps, new { name = "never" }, ("Idempotency-Key", key == "201 long" ? new string('k', 201) : key)))
            .ExpectField("Idempotency-Key");
}
