using System.Data.Common;
using Portal.Core.Common;

namespace Portal.Web.Git;

/// <summary>Git's smart HTTP protocol (gitprotocol-http(5)) at <c>/git/{team}/{app}.git</c>, and Git LFS below it.</summary>
internal static class GitEndpoints
{
    private const string Fetch = "git-upload-pack";
    private const string Push = "git-receive-pack";

    public static IServiceCollection AddGitDoor(this IServiceCollection services) => services
        .AddSingleton<GitDoor>().AddSingleton<GitBackend>().AddSingleton<GitTraffic>().AddSingleton<PushFollower>().AddSingleton<LargeFileDoor>();

    public static void MapGit(this IEndpointRouteBuilder routes) =>
        routes.Map("/git/{team}/{repository}/{**rest}", HandleAsync).AllowAnonymous().DisableAntiforgery().ExcludeFromDescription();

    private static async Task HandleAsync(HttpContext http, string team, string repository, string? rest,
        GitDoor door, GitTraffic traffic, LargeFileDoor largeFiles, ILogger<GitDoor> logger)
    {
        var app = repository.EndsWith(".git", StringComparison.Ordinal) ? repository[..^4] : repository;
        var large = rest?.StartsWith(LargeFileDoor.Prefix, StringComparison.Ordinal) == true;
        try
        {
            await (large ? largeFiles.HandleAsync(http, team, app, rest!) : ServeAsync(http, team, app, rest, door, traffic));
        }
        catch (PortalException e) when (!http.Response.HasStarted)
        {
            if (e.Refusal == Refusal.Unauthenticated)
            {
                http.Response.Headers.WWWAuthenticate = "Basic realm=\"Portal\", charset=\"UTF-8\"";
            }
            await RefuseAsync(http, large, e.Refusal switch
            {
                Refusal.Unauthenticated => StatusCodes.Status401Unauthorized,
                Refusal.NotFound => StatusCodes.Status404NotFound,
                Refusal.TooLarge => StatusCodes.Status413PayloadTooLarge,
                Refusal.TooMany or Refusal.Unavailable => StatusCodes.Status503ServiceUnavailable,
                Refusal.Invalid => StatusCodes.Status422UnprocessableEntity,
                _ => StatusCodes.Status403Forbidden,
            }, e.Message);
        }
        catch (Exception e) when (e is DbException or TimeoutException or InvalidOperationException { InnerException: DbException } && !http.Response.HasStarted)
        {
            // Nobody can be let in, so nothing was read or changed.
            logger.LogError(e, "The database did not answer; {Method} {Path} was refused", http.Request.Method, http.Request.Path);
            http.Response.Headers.RetryAfter = "30";
            await RefuseAsync(http, large, StatusCodes.Status503ServiceUnavailable, "Portal's database does not answer at the moment. Nothing was changed; try again in a minute.");
        }
    }

    private static async Task ServeAsync(HttpContext http, string team, string app, string? rest, GitDoor door, GitTraffic traffic)
    {
        var service = (http.Request.Method, rest) switch
        {
            ("GET", "info/refs") => http.Request.Query["service"].ToString(),
            ("POST", Fetch or Push) when http.Request.ContentType == $"application/x-{rest}-request" => rest,
            _ => null,
        };
        var (actor, found) = await door.OpenAsync(http, team, app, push: service == Push, http.RequestAborted);
        if (service is not (Fetch or Push))
        {
            await SayAsync(http, StatusCodes.Status403Forbidden, "Portal speaks git's smart protocol only; use git 1.6.6 or newer.");
            return;
        }
        await traffic.ServeAsync(http, actor, found, rest!, service == Push);
    }

    private static Task RefuseAsync(HttpContext http, bool large, int status, string sentence) =>
        large ? LargeFileDoor.SayAsync(http, status, sentence) : SayAsync(http, status, sentence);

    /// <summary>git shows a refusal's body to its user when it is plain text.</summary>
    private static Task SayAsync(HttpContext http, int status, string sentence)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(sentence + "\n", http.RequestAborted);
    }
}
