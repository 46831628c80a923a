using System.Text.RegularExpressions;
using Portal.Core.Apps;
using Portal.Core.Builds;
using Portal.Core.Common;
using Portal.Core.Live;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Api;

/// <summary>A build's log as a person reads it in a terminal: colours kept, steps as lines of their own.</summary>
internal static partial class BuildLog
{
    public static async Task WriteAsync(string team, string app, int number, HttpContext context, Actor actor, BuildReader reader, LiveFeed feed, Follows follows,
        bool follow = false, CancellationToken cancellationToken = default)
    {
        var path = new AppPath(team, app);
        var view = await reader.GetAsync(actor, path, number, cancellationToken);
        using var place = follow ? follows.Take(actor) : null;
        // Subscribed before the first read: what is written in between is noticed.
        using var changes = follow ? feed.Subscribe((LiveTopics.BuildLog, view.Build.Id), (LiveTopics.Build, view.Build.Id)) : null;
        context.Response.ContentType = "text/plain; charset=utf-8";
        var next = await CopyAsync(context.Response, reader, actor, path, number, 0, cancellationToken);
        if (changes is null || HasEnded(view.Build))
        {
            return;
        }
        await context.Response.Body.FlushAsync(cancellationToken);
        await foreach (var _ in changes.ChangesAsync(cancellationToken))
        {
            // The state first: what the build wrote before it ended is there once the end is.
            view = await reader.GetAsync(actor, path, number, cancellationToken);
            next = await CopyAsync(context.Response, reader, actor, path, number, next, cancellationToken);
            if (HasEnded(view.Build))
            {
                return;
            }
            await context.Response.Body.FlushAsync(cancellationToken);
        }
    }

    private static bool HasEnded(Build build) => build.State is not (BuildState.Queued or BuildState.Running);

    private static async Task<int> CopyAsync(HttpResponse response, BuildReader reader, Actor actor, AppPath path, int number, int from, CancellationToken cancellationToken)
    {
        foreach (var chunk in await reader.LogAsync(actor, path, number, from, cancellationToken))
        {
            await response.WriteAsync(StepMark().Replace(chunk.Text, "==> $1"), cancellationToken);
            from = chunk.Sequence + 1;
        }
        return from;
    }

    [GeneratedRegex("\u001b\\]portal;step;([^\u0007]*)\u0007 *")]
    private static partial Regex StepMark();
}
