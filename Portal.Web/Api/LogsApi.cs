using System.Globalization;
using Portal.Core.Apps;
using Portal.Core.Common;
using Portal.Core.Live;
using Portal.Core.Releases;
using Portal.Web.Api.Plumbing;

namespace Portal.Web.Api;

/// <summary>An app's own output as text, one line each: time, instance, what it wrote. Colours are the app's and kept.</summary>
internal static class LogsApi
{
    private const int Lines = 1000;

    public static void MapLogsApi(this IEndpointRouteBuilder api) =>
        api.MapGet("/teams/{team}/apps/{app}/environments/{env}/logs", WriteAsync).WithTags("Logs").WithName("GetLogs")
            .WithSummary("The app's own output as text")
            .WithDescription("The newest 1,000 lines, or everything kept since a time (2026-01-31T12:00:00Z) or for a while (15m, 2h, 1d). With follow=true it stays open.")
            .Produces<string>(StatusCodes.Status200OK, "text/plain");

    private static async Task WriteAsync(string team, string app, string env, HttpContext context, Actor actor, AppReader apps, AppLogReader reader, LiveFeed feed,
        Follows follows, TimeProvider time, bool follow = false, string? since = null, string? process = null, string? instance = null, string? search = null,
        CancellationToken cancellationToken = default)
    {
        var path = new AppPath(team, app);
        var filter = new AppLogFilter { Since = Since(since, time.GetUtcNow()), Process = process, Instance = instance, Text = search };
        var view = (await apps.GetAsync(actor, path, cancellationToken)).Environments.FirstOrDefault(e => e.Environment.Slug == env)
            ?? throw PortalException.NotFound("environment of this name");
        using var place = follow ? follows.Take(actor) : null;
        using var changes = follow ? feed.Subscribe((LiveTopics.AppLog, view.Environment.Id)) : null;

        var first = filter.Since is null
            ? await reader.TailAsync(actor, path, env, filter, Lines, cancellationToken)
            : await reader.AfterAsync(actor, path, env, filter, 0, AppLogReader.MaxLines, cancellationToken);
        context.Response.ContentType = "text/plain; charset=utf-8";
        var last = await CopyAsync(context.Response, first, 0, cancellationToken);
        if (filter.Since is not null)
        {
            last = await DrainAsync(last);
        }
        if (changes is null)
        {
            return;
        }
        await context.Response.Body.FlushAsync(cancellationToken);
        await foreach (var _ in changes.ChangesAsync(cancellationToken))
        {
            last = await DrainAsync(last);
            await context.Response.Body.FlushAsync(cancellationToken);
        }

        async Task<long> DrainAsync(long after)
        {
            while (await reader.AfterAsync(actor, path, env, filter, after, AppLogReader.MaxLines, cancellationToken) is { Count: > 0 } lines)
            {
                after = await CopyAsync(context.Response, lines, after, cancellationToken);
            }
            return after;
        }
    }

    private static async Task<long> CopyAsync(HttpResponse response, IReadOnlyList<AppLogLine> lines, long last, CancellationToken cancellationToken)
    {
        foreach (var line in lines)
        {
            await response.WriteAsync($"{UtcTimeConverter.Format(line.At)} {line.Instance}: {line.Text.TrimEnd('\n', '\r')}\n", cancellationToken);
            last = line.Id;
        }
        return last;
    }

    private static DateTimeOffset? Since(string? since, DateTimeOffset now)
    {
        if (string.IsNullOrEmpty(since))
        {
            return null;
        }
        if (DateTimeOffset.TryParse(since, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) && since.Length >= 10)
        {
            return time;
        }
        if (since.Length is > 1 and < 7 && int.TryParse(since.AsSpan(0, since.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var many))
        {
            TimeSpan? ago = since[^1] switch
            {
                's' => TimeSpan.FromSeconds(many),
                'm' => TimeSpan.FromMinutes(many),
                'h' => TimeSpan.FromHours(many),
                'd' => TimeSpan.FromDays(many),
                _ => null,
            };
            if (ago is { } span)
            {
                return now - span;
            }
        }
        throw PortalException.Invalid("since", "“since” must be a time such as 2026-01-31T12:00:00Z, or a while such as 15m, 2h or 1d.");
    }
}
