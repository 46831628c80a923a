using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Git;
using Portal.Core.Git.Hosted;
using Portal.Core.Triggers;

namespace Portal.Web.Git;

/// <summary>One fetch or push from its first byte to its last word.</summary>
internal sealed class GitTraffic(GitBackend backend, HostedRepositories repositories, PushReceiver receiver, PushFollower follower,
    PortalOptions options, ILogger<GitTraffic> logger)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    /// <summary>How long git may finish a push whose pusher went away.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    /// <summary>git programs at once; the rest waits, then is told to come back.</summary>
    private readonly SemaphoreSlim _places = new(32);

    public async Task ServeAsync(HttpContext http, Actor actor, FoundApp found, string rest, bool push)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            // FeedAsync counts.
            size.MaxRequestBodySize = null;
        }
        if (http.Request.ContentLength > backend.MaxRequestBytes)
        {
            throw new PortalException(Refusal.TooLarge, $"A push may have at most {options.Limits.PushBytes / 1024 / 1024} MB; keep large generated files out of git.");
        }
        await repositories.EnsureAsync(found.App.Id, http.RequestAborted);
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        if (push && rest == "git-receive-pack")
        {
            await ReceiveAsync(http, actor, found, rest);
        }
        else
        {
            await AnswerAsync(http, found, rest, push);
        }
    }

    /// <summary>The list of refs, or a fetch: ends with the request.</summary>
    private async Task AnswerAsync(HttpContext http, FoundApp found, string rest, bool push)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        limit.CancelAfter(Limit);
        using var place = await TakePlaceAsync(limit.Token);
        using var process = backend.Start(http, found.App.Id, rest, push);
        try
        {
            var said = GitCommand.ReadErrorAsync(process, limit.Token);
            var fed = backend.FeedAsync(http.Request, process, limit.Token);
            await using var body = await GitBackend.ReadHeadAsync(process, http.Response, limit.Token);
            await body.CopyToAsync(http.Response.Body, limit.Token);
            await fed;
            await process.WaitForExitAsync(limit.Token);
            Report(process, await said, found);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && http.RequestAborted.IsCancellationRequested)
        {
            // The client went away.
        }
        finally
        {
            GitCommand.Kill(process);
        }
    }

    /// <summary>A push: once git has it, what the client does changes nothing any more.</summary>
    private async Task ReceiveAsync(HttpContext http, Actor actor, FoundApp found, string rest)
    {
        using var limit = new CancellationTokenSource(Limit);
        using var gone = http.RequestAborted.Register(() => limit.CancelAfter(Grace));
        using var note = await HostedPush.BeginAsync(options.Users.Git, limit.Token);
        var hooks = await HostedPush.InstallHookAsync(options.Repositories, limit.Token);
        PacketStream answer;
        bool mayGoOn;
        using (var place = await TakePlaceAsync(limit.Token))
        using (var process = backend.Start(http, found.App.Id, rest, push: true, note, hooks))
        {
            try
            {
                var said = GitCommand.ReadErrorAsync(process, limit.Token);
                var fed = backend.FeedAsync(http.Request, process, http.RequestAborted);
                await using var body = await GitBackend.ReadHeadAsync(process, http.Response, limit.Token);
                answer = new PacketStream(body, http.Response.Body);
                mayGoOn = await answer.CopyAsync(limit.Token);
                if (!await fed)
                {
                    logger.LogInformation("A push to app {App} was larger than {Bytes} bytes and was stopped", found.App.Id, backend.MaxRequestBytes);
                }
                await process.WaitForExitAsync(limit.Token);
                Report(process, await said, found);
            }
            finally
            {
                GitCommand.Kill(process);
            }
        }
        var pushes = await RecordAsync(actor, found, note, answer);
        if (pushes.Count > 0)
        {
            await follower.FollowAsync(found, pushes, answer, http.RequestAborted);
        }
        if (mayGoOn)
        {
            await answer.EndAsync(http.RequestAborted);
        }
    }

    private async Task<IReadOnlyList<Push>> RecordAsync(Actor actor, FoundApp found, HostedPush note, PacketStream answer)
    {
        try
        {
            var updates = await note.ReadAsync(CancellationToken.None);
            if (updates.Count == 0)
            {
                return [];
            }
            await repositories.GiveHeadAsync(found.App.Id, updates, CancellationToken.None);
            return await receiver.RecordAsync(found.App, actor, updates, CancellationToken.None);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            logger.LogError(e, "A push to app {App} is in the repository but was not taken note of; the reconciler will find it", found.App.Id);
            await answer.SayAsync("Portal has your code but could not take note of it just now. It will be found and deployed within a few minutes.\n", CancellationToken.None);
            return [];
        }
    }

    private async Task<IDisposable> TakePlaceAsync(CancellationToken cancellationToken)
    {
        if (!await _places.WaitAsync(TimeSpan.FromSeconds(20), cancellationToken))
        {
            throw new PortalException(Refusal.TooMany, "Too many people fetch and push at this moment; try again in a minute.");
        }
        return new Place(_places);
    }

    private void Report(Process process, string said, FoundApp found)
    {
        if (process.ExitCode != 0)
        {
            logger.LogInformation("git ended with {Code} for app {App}: {Said}", process.ExitCode, found.App.Id, said);
        }
    }

    private sealed class Place(SemaphoreSlim places) : IDisposable
    {
        public void Dispose() => places.Release();
    }
}
