using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Core.Apps;
using Portal.Core.Audit;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Triggers;
using Portal.Core.Variables;
using Portal.Testing;

namespace Portal.Web.Tests.Git;

/// <summary>Webhooks of an outside repository that is really there, decided by the worker's own code.</summary>
public sealed class OutsidePushTests : IAsyncLifetime
{
    private const string Secret = "shared with the sender";

    private readonly HttpClient _http = new();
    private OutsideRepository _outside = null!;
    private GitHost _host = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _outside = await OutsideRepository.StartAsync();
        _host = await GitHost.StartAsync(SourceKind.Git, new() { ["Portal:Git:AllowHttp"] = "true", ["Portal:Git:AllowedInternalHosts:0"] = "127.0.0.1" }, sourceUrl: $"{_outside.Url}/open.git");
        await _host.SignWithAsync(Secret);
    }

    [Fact]
    public async Task The_same_delivery_twenty_times_at_the_same_instant_makes_one_build()
    {
        var commit = await PublishAsync("first <script>alert(1)</script>");
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => DeliverAsync("same", commit)));
        Assert.All(answers, a => Assert.True(a.IsSuccessStatusCode));
        await DecidedAsync(1);
        Assert.Equal(HttpStatusCode.OK, (await DeliverAsync("same", commit)).StatusCode);
        await DeliverAsync("another for the same commit", commit);
        await DecidedAsync(2);
        await using var db = _host.Database.CreateDbContext();
        var build = await db.Set<Build>().SingleAsync(Token);
        Assert.Equal((commit, "first <script>alert(1)</script>", 1), (build.Commit, build.Message, build.Number));
    }

    [Fact]
    public async Task An_older_head_that_is_delivered_last_never_overwrites_the_newer()
    {
        var older = await PublishAsync("older");
        var newer = await PublishAsync("newer");
        await DeliverAsync("2", newer);
        await DecidedAsync(1);
        await _host.EndBuildAsync("x\n", BuildState.Succeeded, "");
        await DeliverAsync("1", older);
        await DecidedAsync(2);
        await using var db = _host.Database.CreateDbContext();
        Assert.Equal(newer, (await db.Set<Build>().SingleAsync(Token)).Commit);
        var last = await db.Set<Push>().SingleAsync(p => p.After == older, Token);
        Assert.Contains("superseded, a newer push", (await db.Set<PushDecision>().SingleAsync(d => d.PushId == last.Id, Token)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_older_head_alone_makes_the_newer_be_built()
    {
        var older = await PublishAsync("older");
        var newer = await PublishAsync("newer, whose webhook is lost");
        await DeliverAsync("1", older);
        await Eventually.True(async () =>
        {
            await using var look = _host.Database.CreateDbContext();
            return await look.Set<Build>().AnyAsync(b => b.Commit == newer, Token);
        });
        await using var db = _host.Database.CreateDbContext();
        Assert.Equal(1, await db.Set<Build>().CountAsync(Token));
    }

    [Fact]
    public async Task A_host_that_never_delivers_is_found_out_by_looking()
    {
        await PublishAsync("first");
        var reconciler = ActivatorUtilities.CreateInstance<HeadReconciler>(_host.Services);
        Assert.Equal(1, (await reconciler.ReconcileAsync(_host.App.Id, Token)).Added);
        await _host.EndBuildAsync("x\n");
        var second = await PublishAsync("second");
        Assert.Equal(1, (await reconciler.ReconcileAsync(_host.App.Id, Token)).Added);
        Assert.Equal(0, (await reconciler.ReconcileAsync(_host.App.Id, Token)).Added);
        var build = await _host.EndBuildAsync("x\n");
        Assert.Equal((second, "found in the repository", 2), (build.Commit, build.Actor, build.Number));
        // The webhook comes after all.
        await DeliverAsync("late", second);
        await DecidedAsync(3);
        await using var db = _host.Database.CreateDbContext();
        Assert.Equal(3, await db.Set<Build>().CountAsync(Token) + await db.Set<PushDecision>().CountAsync(d => !d.Deploys, Token));
    }

    [Fact]
    public async Task A_repository_that_went_away_fails_the_push_with_the_reason_and_a_redelivery_tries_again()
    {
        var commit = await PublishAsync("first");
        await _host.Database.ExecuteAsync($"update apps set source_url = '{_outside.Url}/missing.git'", Token);
        await DeliverAsync("1", commit);
        await DecidedAsync(1);
        await using (var db = _host.Database.CreateDbContext())
        {
            Assert.Equal(PushState.Failed, (await db.Set<Push>().SingleAsync(Token)).State);
            Assert.Contains("There is no such repository", (await db.Set<PushDecision>().SingleAsync(Token)).Reason, StringComparison.Ordinal);
        }
        await _host.Database.ExecuteAsync($"update apps set source_url = '{_outside.Url}/open.git'", Token);
        await DeliverAsync("1", commit);
        Assert.Equal(commit, (await _host.EndBuildAsync("x\n")).Commit);
    }

    [Fact]
    public async Task It_is_said_up_to_when_nothing_can_be_missing_and_which_repository_is_behind()
    {
        var reader = _host.Services.GetRequiredService<CompletenessReader>();
        var viewer = TestActors.Viewer(_host.Team.Id);
        await PublishAsync("first");
        var before = DateTimeOffset.UtcNow;
        await ActivatorUtilities.CreateInstance<HeadReconciler>(_host.Services).ReconcileAsync(_host.App.Id, Token);
        await DecidedAsync(1);
        var complete = await reader.ReadAsync(viewer, _host.Team.Slug, Token);
        Assert.InRange(complete.UpTo, before.AddSeconds(-1), DateTimeOffset.UtcNow);
        Assert.Empty(complete.Behind);

        await _host.Database.ExecuteAsync("update head_checks set at = now() - interval '1 hour'", Token);
        var behind = Assert.Single((await reader.ReadAsync(viewer, _host.Team.Slug, Token)).Behind);
        Assert.Equal(_host.App.Slug, behind.App);
        await Assert.ThrowsAsync<PortalException>(() => reader.ReadAsync(TestActors.Viewer(Guid.NewGuid()), _host.Team.Slug, Token));
    }

    [Fact]
    public async Task A_push_whose_obstacle_is_gone_is_decided_again_when_somebody_asks()
    {
        var commit = await PublishAsync("first");
        await _host.Database.ExecuteAsync("update environments set auto_deploy_paused = 'a freeze'", Token);
        await DeliverAsync("1", commit);
        await DecidedAsync(1);
        var (developer, path) = (TestActors.Developer(_host.Team.Id), new AppPath(_host.Team.Slug, _host.App.Slug));
        var reader = _host.Services.GetRequiredService<PushReader>();
        var push = Assert.Single((await reader.ListAsync(developer, path.Team, null, new PageRequest(), Token)).Items);
        Assert.False(Assert.Single(push.Decisions).Deploys);

        await _host.Database.ExecuteAsync("update environments set auto_deploy_paused = null", Token);
        var pushes = _host.Services.GetRequiredService<PushService>();
        await Assert.ThrowsAsync<PortalException>(() => pushes.DecideAgainAsync(TestActors.Viewer(_host.Team.Id), path, push.Id, Token));
        await pushes.DecideAgainAsync(developer, path, push.Id, Token);
        await DecidedAsync(1);
        var detail = await reader.GetAsync(developer, path, push.Id, Token);
        var decision = Assert.Single(detail.Push.Decisions);
        Assert.Equal((true, 1), (decision.Deploys, decision.BuildNumber));

        await pushes.DecideAgainAsync(developer, path, push.Id, Token);
        await DecidedAsync(1);
        await using var db = _host.Database.CreateDbContext();
        Assert.Equal(1, await db.Set<Build>().CountAsync(Token));
        Assert.Equal(2, await db.Set<AuditEntry>().CountAsync(e => e.Action == "push.decide", Token));
    }

    [Fact]
    public async Task A_delivery_is_shown_as_it_came_without_its_proof_and_without_secrets()
    {
        var commit = await PublishAsync("first");
        var variables = _host.Services.GetRequiredService<VariableService>();
        var developer = TestActors.Developer(_host.Team.Id);
        var path = new AppPath(_host.Team.Slug, _host.App.Slug);
        await variables.SetAsync(developer, path, "production", [new VariableInput("KEY", "what the sender", Secret: true)], Token);
        await DeliverAsync("1", commit);
        await DecidedAsync(1);
        var reader = _host.Services.GetRequiredService<PushReader>();
        var push = Assert.Single((await reader.ListAsync(developer, path.Team, null, new PageRequest(), Token)).Items);
        var detail = await reader.GetAsync(developer, path, push.Id, Token);
        Assert.Equal(("1", "GitHub", false), (detail.DeliveryKey, detail.Host, detail.UsedPreviousSecret));
        Assert.Equal("push", detail.Headers["X-GitHub-Event"]);
        Assert.DoesNotContain(detail.Headers, h => h.Key.Contains("Signature", StringComparison.OrdinalIgnoreCase));
        Assert.Contains(commit, detail.Body, StringComparison.Ordinal);
        Assert.Contains($"{SecretMask.Hidden} says", detail.Body, StringComparison.Ordinal);
        await Assert.ThrowsAsync<PortalException>(() => reader.GetAsync(developer, path, Guid.NewGuid(), Token));
        await Assert.ThrowsAsync<PortalException>(() => reader.GetAsync(TestActors.Viewer(Guid.NewGuid()), path, push.Id, Token));
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _host.DisposeAsync();
        await _outside.DisposeAsync();
    }

    private async Task<string> PublishAsync(string message)
    {
        var commit = await _outside.CommitAsync(message, ("a", message));
        await _outside.PublishAsync();
        return commit;
    }

    private Task<HttpResponseMessage> DeliverAsync(string delivery, string commit) => _host.DeliverAsync(_http, Secret, delivery, "trunk", commit, "what the sender says");

    private Task DecidedAsync(int pushes) => Eventually.True(async () =>
    {
        await using var db = _host.Database.CreateDbContext();
        return await db.Set<Push>().CountAsync(p => p.State != PushState.Received, Token) == pushes;
    }, TimeSpan.FromSeconds(60), $"{pushes} pushes were decided");
}
