using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Apps;
using Portal.Core.Data;
using Portal.Core.Triggers;
using Portal.Web.Tests.Git;

namespace Portal.Web.Tests.Webhooks;

/// <summary>Deliveries in the forms of GitLab and Bitbucket, through the one door.</summary>
public sealed class OtherHostWebhookTests : IAsyncLifetime
{
    private static readonly string Commit = new('c', 40);

    private readonly string _secret = SecretTokens.WebhookSecret();

    private readonly HttpClient _http = new();

    private GitHost _host = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await GitHost.StartAsync(SourceKind.Git, decides: false);
        await _host.SignWithAsync(_secret);
    }

    [Fact]
    public async Task GitLab_may_sign_or_send_the_token_and_its_second_try_is_a_duplicate()
    {
        var body = $$"""{"object_kind":"push","ref":"refs/heads/main","before":"{{new string('a', 40)}}","after":"{{Commit}}","user_username":"ada"}""";
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(body, GitLab("1", body)));
        Assert.Equal(HttpStatusCode.OK, await SendAsync(body, GitLab("1", body)));
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(body, [("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", _secret), ("Idempotency-Key", "2")]));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(body + " ", GitLab("3", body)));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(body, [("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", "guess")]));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(body, [("X-Gitlab-Event", "Push Hook")]));
        await using var db = _host.Database.CreateDbContext();
        Assert.Equal([("1", 2), ("2", 1)], (await db.Set<Push>().OrderBy(p => p.DeliveryKey).ToListAsync(Token)).Select(p => (p.DeliveryKey, p.Times)));
        Assert.NotNull((await db.Set<App>().SingleAsync(Token)).WebhookVerifiedAt);
    }

    [Fact]
    public async Task Every_ref_of_a_Bitbucket_delivery_is_a_push_also_when_it_comes_twice()
    {
        var body = $$"""{"actor":{"name":"ada"},"changes":[{"ref":{"id":"refs/heads/main"},"toHash":"{{Commit}}"},{"ref":{"id":"refs/tags/v1"},"toHash":"{{Commit}}"}]}""";
        (string, string)[] headers = [("X-Event-Key", "repo:refs_changed"), ("X-Request-Id", "r1"), ("X-Hub-Signature", "sha256=" + Convert.ToHexStringLower(Hmac(Encoding.UTF8.GetBytes(_secret), body)))];
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(body, headers));
        Assert.Equal(HttpStatusCode.OK, await SendAsync(body, headers));
        await using var db = _host.Database.CreateDbContext();
        Assert.Equal([("r1", "refs/heads/main", 2), ("r1#1", "refs/tags/v1", 2)],
            (await db.Set<Push>().OrderBy(p => p.DeliveryKey).ToListAsync(Token)).Select(p => (p.DeliveryKey, p.Ref, p.Times)));
    }

    [Fact]
    public async Task A_delivery_of_nobody_known_is_refused_and_leaves_nothing()
    {
        Assert.Equal(HttpStatusCode.BadRequest, await SendAsync("{}", []));
        Assert.Equal(HttpStatusCode.BadRequest, await SendAsync("{}", [("X-Event-Key", new string('x', 65)), ("X-Hub-Signature", "sha256=")]));
        await using var db = _host.Database.CreateDbContext();
        Assert.Equal(0, await db.Set<Push>().CountAsync(Token));
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _host.DisposeAsync();
    }

    private (string, string)[] GitLab(string id, string body)
    {
        var key = Convert.FromBase64String(_secret[SecretTokens.WebhookPrefix.Length..]);
        return [("X-Gitlab-Event", "Push Hook"), ("Idempotency-Key", id), ("webhook-id", id), ("webhook-timestamp", "1700000000"),
            ("webhook-signature", "v1," + Convert.ToBase64String(Hmac(key, $"{id}.1700000000.{body}")))];
    }

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private async Task<HttpStatusCode> SendAsync(string body, (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_host.Url, $"/webhooks/git/{_host.App.Id}")) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }
        using var answer = await _http.SendAsync(request, Token);
        return answer.StatusCode;
    }
}
