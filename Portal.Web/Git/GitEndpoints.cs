using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Portal.Core.Common;
using Portal.Core.Git;
using Portal.Core.Git.Hosted;

namespace Portal.Web.Git;

/// <summary>Git's smart HTTP protocol (gitprotocol-http(5)) at <c>/git/{team}/{app}.git</c>.</summary>
internal static class GitEndpoints
{
    private const string Fetch = "git-upload-pack";
    private const string Push = "git-receive-pack";

    public static IServiceCollection AddGitDoor(this IServiceCollection services) => services
        .AddSingleton<GitDoor>().AddSingleton<GitBackend>().AddSingleton<GitTraffic>().AddSingleton<PushFollower>();

    public static void MapGit(this IEndpointRouteBuilder routes) =>
        routes.Map("/git/{team}/{repository}/{**rest}", HandleAsync).AllowAnonymous().DisableAntiforgery().ExcludeFromDescription();

    private static async Task HandleAsync(HttpContext http, string team, string repository, string? rest,
        GitDoor door, GitTraffic traffic)
    {
        var service = (http.Request.Method, rest) switch
        {
            ("GET", "info/refs") => http.Request.Query["service"].ToString(),
            ("POST", Fetch or Push) when http.Request.ContentType == $"application/x-{rest}-request" => rest,
            _ => null,
        };
        try
        {
            var app = repository.EndsWith(".git", StringComparison.Ordinal) ? repository[..^4] : repository;
            var (actor, found) = await door.OpenAsync(http, team, app, push: service == Push, http.RequestAborted);
            if (service is not (Fetch or Push))
            {
                await SayAsync(http, StatusCodes.Status403Forbidden, "Portal speaks git's smart protocol only; use git 1.6.6 or newer.");
                return;
            }
            await traffic.ServeAsync(http, actor, found, rest!, service == Push);
        }
        catch (PortalException e) when (!http.Response.HasStarted)
        {
            if (e.Refusal == Refusal.Unauthenticated)
            {
                http.Response.Headers.WWWAuthenticate = "Basic realm=\"Portal\", charset=\"UTF-8\"";
            }
            await SayAsync(http, e.Refusal switch
            {
                Refusal.Unauthenticated => StatusCodes.Status401Unauthorized,
                Refusal.NotFound => StatusCodes.Status404NotFound,
                Refusal.TooLarge => StatusCodes.Status413PayloadTooLarge,
                Refusal.TooMany or Refusal.Unavailable => StatusCodes.Status503ServiceUnavailable,
                _ => StatusCodes.Status403Forbidden,
            }, e.Message);
        }
    }

    /// <summary>git shows a refusal's body to its user when it is plain text.</summary>
    private static Task SayAsync(HttpContext http, int status, string sentence)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(sentence + "\n", http.RequestAborted);
    }
}
