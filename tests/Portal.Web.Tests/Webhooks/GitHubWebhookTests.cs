using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Apps;
using Portal.Core.Data;
using Portal.Core.Jobs;
using Portal.Core.Triggers;
using Portal.Web.Tests.Git;

namespace Portal.Web.Tests.Webhooks;

public sealed class GitHubWebhookTests : IAsyncLifetime
{
    private const string Secret = "a secret";

    private static readonly string Commit = new('c', 40);

    private static readonly string Body = $$$"""{"ref":"refs/heads/main","before":"{{{new string('0', 40)}}}","after":"{{{Commit}}}","head_commit":{"id":"{{{Commit}}}","message":"<script>alert(1)</script>\nmore"},"pusher":{"name":"ada"}}""";

    private readonly HttpClient _http = new();

    private GitHost _host = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await GitHost.StartAsync(SourceKind.Git, decides: false);
        await _host.SignWithAsync(Secret);
    }

    [Fact]
    public async Task A_signed_push_is_stored_once_before_it_is_answered()
    {
        var answer = await SendAsync(Body);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        await using var db = _host.Database.CreateDbContext();
        var push = await db.Set<Push>().SingleAsync(Token);
        Assert.Equal(("refs/heads/main", Commit, "ada", "<script>alert(1)</script>", PushState.Received), (push.Ref, push.After, push.PushedBy, push.Message, push.State));
        Assert.Equal(Body, Encoding.UTF8.GetString(push.Body!));
        Assert.Equal(push.AppId.ToString(), (await db.Set<Job>().SingleAsync(Token)).Key);
    }

    [Fact]
    public async Task The_same_delivery_twice_and_at_the_same_instant_is_one_push_and_one_job()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => SendAsync(Body, delivery: "same")));
        Assert.Equal(1, answers.Count(a => a.StatusCode == HttpStatusCode.Accepted));
        Assert.Equal(19, answers.Count(a => a.StatusCode == HttpStatusCode.OK));
        await using var db = _host.Database.CreateDbContext();
        Assert.Equal(20, (await db.Set<Push>().SingleAsync(Token)).Times);
        Assert.Equal(1, await db.Set<Job>().CountAsync(Token));
    }

    [Fact]
    public async Task A_form_body_is_the_same_push()
    {
        var answer = await SendAsync("x=1&payload=" + Uri.EscapeDataString(Body).Replace("%20", "+", StringComparison.Ordinal), contentType: "application/x-www-form-urlencoded");
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        await using var db = _host.Database.CreateDbContext();
        Assert.Equal(Commit, (await db.Set<Push>().SingleAsync(Token)).After);
    }

    [Fact]
    public async Task A_greeting_verifies_the_connection()
    {
        var answer = await SendAsync("""{"zen":"Keep it logically awesome.","hook_id":1}""", name: "ping");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await using var db = _host.Database.CreateDbContext();
        Assert.NotNull((await db.Set<App>().SingleAsync(Token)).WebhookVerifiedAt);
        Assert.Equal(0, await db.Set<Job>().CountAsync(Token));
    }

    [Fact]
    public async Task An_unknown_event_is_stored_as_ignored()
    {
        Assert.Equal(HttpStatusCode.Accepted, (await SendAsync("""{"action":"invented"}""", name: "brand_new")).StatusCode);
        await using var db = _host.Database.CreateDbContext();
        Assert.Equal(PushState.Decided, (await db.Set<Push>().SingleAsync(Token)).State);
        Assert.Contains("brand_new", (await db.Set<PushDecision>().SingleAsync(Token)).Reason, StringComparison.Ordinal);
        Assert.Equal(0, await db.Set<Job>().CountAsync(Token));
    }

    [Theory]
    [InlineData("sha256=0000000000000000000000000000000000000000000000000000000000000000", 401)]
    [InlineData("sha1=7af8d36cd4e3fcf3c7b3a1c2b2b7e1e1f3c5c2a1", 401)]
    [InlineData("", 401)]
    public async Task A_delivery_that_is_not_signed_well_changes_nothing(string signature, int status)
    {
        Assert.Equal(status, (int)(await SendAsync(Body, signature: signature)).StatusCode);
        await NothingIsStoredAsync();
    }

    [Fact]
    public async Task A_truncated_body_does_not_fit_its_signature()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(Body[..^10], signature: Sign(Body))).StatusCode);
        await NothingIsStoredAsync();
    }

    [Fact]
    public async Task A_connection_without_a_secret_accepts_nothing()
    {
        await _host.Database.ExecuteAsync("update apps set webhook_secret = null", Token);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(Body, signature: Sign(Body, ""))).StatusCode);
        await NothingIsStoredAsync();
    }

    [Fact]
    public async Task The_secret_before_the_last_change_is_accepted_for_a_while()
    {
        var box = _host.Services.GetRequiredService<SecretBox>();
        await using (var db = _host.Database.CreateDbContext())
        {
            var app = await db.Set<App>().SingleAsync(Token);
            (app.PreviousWebhookSecret, app.WebhookSecret) = (app.WebhookSecret, box.Seal(SecretPurposes.WebhookSecret, "new"));
            app.WebhookSecretChangedAt = TimeProvider.System.GetUtcNow();
            await db.SaveChangesAsync(Token);
        }
        Assert.Equal(HttpStatusCode.Accepted, (await SendAsync(Body)).StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, (await SendAsync(Body, signature: Sign(Body, "new"))).StatusCode);
        await _host.Database.ExecuteAsync("update apps set webhook_secret_changed_at = now() - interval '25 hours'", Token);
        await Portal.Testing.Eventually.True(async () => (await SendAsync(Body)).StatusCode == HttpStatusCode.Unauthorized, what: "the old secret ended");
    }

    [Theory]
    [InlineData("text/plain", 415)]
    [InlineData("multipart/form-data; boundary=x", 415)]
    [InlineData(null, 415)]
    public async Task Another_content_type_is_refused_in_words(string? contentType, int status) =>
        Assert.Equal(status, (int)(await SendAsync(Body, contentType: contentType)).StatusCode);

    [Theory]
    [InlineData("{\"ref\":", 400)]
    [InlineData("not json", 400)]
    [InlineData("", 400)]
    public async Task A_signed_body_that_is_no_json_is_refused(string body, int status)
    {
        Assert.Equal(status, (int)(await SendAsync(body)).StatusCode);
        await NothingIsStoredAsync();
    }

    [Fact]
    public async Task A_body_over_26_MB_is_refused_by_its_announced_length()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address()) { Content = new ByteArrayContent(new byte[27 * 1024 * 1024]) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("X-GitHub-Event", "push");
        request.Headers.Add("X-Hub-Signature-256", Sign("x"));
        request.Headers.ExpectContinue = true;
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await _http.SendAsync(request, Token)).StatusCode);
    }

    [Fact]
    public async Task A_payload_of_20_MB_is_taken()
    {
        var body = Body[..^1] + ",\"commits\":[\"" + new string('x', 20_000_000) + "\"]}";
        Assert.Equal(HttpStatusCode.Accepted, (await SendAsync(body)).StatusCode);
    }

    [Fact]
    public async Task An_unknown_connection_is_not_found()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_host.Url, $"/webhooks/github/{Guid.NewGuid()}")) { Content = new StringContent(Body, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-GitHub-Event", "push");
        request.Headers.Add("X-Hub-Signature-256", Sign(Body));
        Assert.Equal(HttpStatusCode.NotFound, (await _http.SendAsync(request, Token)).StatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _host.DisposeAsync();
    }

    private Uri Address() => new(_host.Url, $"/webhooks/github/{_host.App.Id}");

    private async Task<HttpResponseMessage> SendAsync(string body, string name = "push", string? delivery = null, string? signature = null, string? contentType = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address()) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
        request.Headers.Add("X-GitHub-Event", name);
        request.Headers.Add("X-GitHub-Delivery", delivery ?? Guid.NewGuid().ToString());
        request.Headers.Add("X-Hub-Signature-256", signature ?? Sign(body));
        return await _http.SendAsync(request, Token);
    }

    private async Task NothingIsStoredAsync()
    {
        await using var db = _host.Database.CreateDbContext();
        Assert.Equal(0, await db.Set<Push>().CountAsync(Token));
    }

    private static string Sign(string body, string secret = Secret) =>
        "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(body)));
}
